//! Whether a translation is as new as what it translates.

use testing::sheets::{Problem, Sheet};

/// How a comment begins that names the state of an English section.
const STATE: &str = "<!-- README.md ";

/// The Chinese sections that name another state of the English one than there is.
pub fn outdated(english: &Sheet, chinese: &Sheet) -> Vec<Problem> {
    let lines: Vec<&str> = chinese.text.lines().collect();
    let sections = english.titles().into_iter().zip(states(english)).zip(chinese.titles());
    sections
        .filter(|((_, state), (number, _))| lines.get(*number) != Some(&state.as_str()))
        .map(|(((place, title), state), (number, _))| {
            let told = format!(
                "README.md:{place}: \"{title}\" has changed since this section was translated. When it \
                 says the same again, BLESS=1 writes {state} behind its title"
            );
            Problem::new(number, told)
        })
        .collect()
}

/// The Chinese text with the blocks and the states of the English one: what needs no translator.
pub fn blessed(english: &Sheet, chinese: &Sheet) -> String {
    let mut lines: Vec<String> = chinese.text.lines().map(String::from).collect();
    let titles = chinese.titles().into_iter().zip(states(english));
    for ((number, _), state) in Vec::from_iter(titles).into_iter().rev() {
        let old = lines.get(number).filter(|line| line.starts_with(STATE));
        let old = number..number + old.iter().count();
        lines.splice(old, [state]);
    }
    let chinese = Sheet { path: chinese.path.clone(), text: lines.join("\n") + "\n" };
    let (blocks, copies) = (english.blocks(), chinese.blocks());
    if blocks.iter().map(|block| block.language).eq(copies.iter().map(|copy| copy.language)) {
        for (block, copy) in blocks.iter().zip(&copies).rev() {
            if block.language != "mermaid" {
                let begin = copy.first - 1;
                let its = block.lines.iter().map(|line| line.to_string());
                lines.splice(begin..begin + copy.lines.len(), its);
            }
        }
    }
    lines.join("\n") + "\n"
}

/// The comment of each section: it names what stands there outside blocks, which are compared line
/// by line, and in diagrams, whose words are translated.
fn states(english: &Sheet) -> Vec<String> {
    let mut sections: Vec<Vec<&str>> = Vec::new();
    let mut block = None;
    for line in english.text.lines() {
        if let Some(language) = line.strip_prefix("```") {
            block = block.is_none().then_some(language);
        } else if block.is_none() && line.starts_with('#') {
            sections.push(vec![line]);
        } else if matches!(block, None | Some("mermaid")) {
            sections.last_mut().into_iter().for_each(|section| section.push(line));
        }
    }
    let texts = sections.iter().map(|section| section.join("\n"));
    texts.map(|text| format!("{STATE}{:08x} -->", fnv1a(text.trim_end()))).collect()
}

/// FNV-1a with 32 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn fnv1a(text: &str) -> u32 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    text.bytes().fold(0x811c_9dc5, mix)
}
