//! Whether a translation is as new as what it translates.

use crate::pairs::Wrong;
use crate::sheet_of;
use testing::sheets::Sheet;

/// The Chinese sections that name another state of the English one than there is.
pub fn outdated(english: &Sheet, chinese: &Sheet) -> Vec<Wrong> {
    let sections = sections(english).into_iter().zip(sections(chinese));
    sections
        .filter_map(|((place, original), (number, section))| {
            let title = original.lines().next().unwrap_or_default();
            let comment = format!("<!-- README.md {:08x} -->", fnv1a(&original));
            let is_current = section.lines().nth(1) == Some(&comment);
            let told = format!(
                "README.md:{place}: \"{title}\" has changed since this section was translated. When it \
                 says the same again, this belongs behind its title: {comment}"
            );
            (!is_current).then_some((number, told))
        })
        .collect()
}

/// Each title, with its number and the text up to the next one.
fn sections(sheet: &Sheet) -> Vec<(usize, String)> {
    let lines: Vec<&str> = sheet.text.lines().collect();
    let titles = sheet.titles();
    let begins = titles.iter().map(|(number, _)| number - 1);
    let ends = begins.clone().skip(1).chain([lines.len()]);
    let sections = begins.zip(ends);
    sections
        .map(|(begin, end)| (begin + 1, lines[begin..end].join("\n").trim_end().to_string()))
        .collect()
}

/// FNV-1a with 32 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fnv1a(text: &str) -> u32 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, mix)
}

const ENGLISH: &str = "# udp-client\n\nText.\n\n## Run it\n\n```console\n# cargo run\n```\n";

const CHINESE: &str = "\
# udp-client
<!-- README.md 00000000 -->

## 动手运行
<!-- README.md 00000000 -->
";

#[test]
fn a_section_that_has_changed_is_named() {
    let english = sheet_of(ENGLISH);
    let told = outdated(&english, &sheet_of(CHINESE));
    let sections: Vec<usize> = told.iter().map(|(number, _)| *number).collect();
    assert_eq!(sections, [1, 4]);
    let mut current = CHINESE.to_string();
    for (_, told) in &told {
        let (_, comment) = told.split_once("title: ").unwrap();
        current = current.replacen("<!-- README.md 00000000 -->", comment, 1);
    }
    let current = sheet_of(&current);
    assert_eq!(outdated(&english, &current), []);
    let changed = ENGLISH.replace("# cargo run", "# cargo build");
    let told = outdated(&sheet_of(&changed), &current);
    assert_eq!(told.len(), 1);
    assert!(told[0].1.starts_with("README.md:5: \"## Run it\" has changed"), "{told:?}");
}

#[test]
fn the_hash_is_the_one_that_is_published() {
    // The test vectors of the Internet draft draft-eastlake-fnv.
    assert_eq!(fnv1a(""), 0x811c_9dc5);
    assert_eq!(fnv1a("a"), 0xe40c_292c);
    assert_eq!(fnv1a("foobar"), 0xbf9c_f968);
}
