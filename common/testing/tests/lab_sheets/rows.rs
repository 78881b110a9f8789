//! "Where the script breaks": every row is a command.

use testing::sheets::{Sheet, Table};

/// How the title of a row begins whose recipe cannot be a screen here: another system is asked for,
/// or what a terminal does with what it is shown.
const NOT_RUN: [&str; 2] = ["On Windows: ", "On a terminal: "];

/// Each row has a recipe, a fold under its number and title, with a screen of the script and one of
/// the program. What the row says of the script's exceptions is seen there.
pub fn check_rows(sheet: &Sheet, program: &str) {
    let is_of_rows = |table: &Table| table.header.iter().take(2).eq(["#", "Provoke it"]);
    let tables = sheet.tables();
    let table = tables.iter().find(|table| is_of_rows(table)).expect("a table of rows");
    let (_, section) = sheet.text.split_once("\n## Where the script breaks\n").unwrap();
    let section = section.split("\n## ").next().unwrap();
    let mut folds = section.split("<details><summary>").skip(1);
    for (at, (number, cells)) in table.rows.iter().enumerate() {
        let title = format!("{}. {}", cells[0], cells[1]);
        if cells[0] != (at + 1).to_string() {
            sheet.fail(*number, "the rows are numbered from 1 on");
        }
        let fold = folds.next().and_then(|fold| fold.split_once("</summary>"));
        let recipe = match fold {
            Some((its_title, recipe)) if its_title == title => recipe,
            _ => sheet.fail(*number, format!("{title}: there is no recipe in its place")),
        };
        let script = format!("{}.py", program.replace('-', "_"));
        let (ours, built) = (format!("-p {program}"), format!("target/debug/{program}"));
        let is_screen = recipe.contains("```console");
        if !is_screen && !NOT_RUN.iter().any(|begin| cells[1].starts_with(begin)) {
            sheet.fail(*number, "its recipe has no screen");
        }
        if is_screen && !(recipe.contains(&script) || recipe.contains("python3 "))
            || is_screen && !(recipe.contains(&ours) || recipe.contains(&built))
        {
            sheet.fail(*number, format!("its recipe runs {script} and {program}"));
        }
        for exception in exceptions(&cells[2]) {
            if !recipe.contains(exception) {
                sheet.fail(*number, format!("its recipe shows no {exception}"));
            }
        }
    }
    if let Some(fold) = folds.next() {
        let title = fold.lines().next().unwrap_or_default();
        sheet.fail(1, format!("a recipe without a row: {title}"));
    }
}

/// The names of Python's exceptions in a text.
fn exceptions(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| {
        ["Error", "Interrupt"].iter().any(|end| word.len() > end.len() && word.ends_with(end))
    })
}
