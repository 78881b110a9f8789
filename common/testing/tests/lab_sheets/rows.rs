//! "Where the script breaks": every row is a command.

use testing::sheets::{Problem, Sheet};

/// How the title of a row begins whose recipe cannot be a screen here: another system is asked for,
/// or what a terminal does with what it is shown.
const NOT_RUN: [&str; 2] = ["On Windows: ", "On a terminal: "];

/// Each row has a recipe, a fold under its number and title, with a screen of the script and one of
/// the program. What the row says of the script's exceptions is seen there.
pub fn check_rows(sheet: &Sheet, program: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let tables = sheet.tables();
    let table = tables.iter().find(|table| table.header.iter().take(2).eq(["#", "Provoke it"]));
    let Some(table) = table else {
        return vec![Problem::new(1, "there is no table of rows")];
    };
    let section = sheet.text_of("Where the script breaks");
    let mut folds = section.split("<details><summary>").skip(1);
    for (number, cells) in &table.rows {
        let mut tell = |problem: &str| problems.push(Problem::new(*number, problem));
        let title = format!("{}. {}", cells[0].trim_start_matches("★ "), cells[1]);
        let recipe = folds.next().and_then(|fold| fold.strip_prefix(&format!("{title}</summary>")));
        let Some(recipe) = recipe else {
            tell(&format!("\"{title}\" has no recipe in its place"));
            return problems; // all others are out of step as well
        };
        let script = format!("{}.py", program.replace('-', "_"));
        let runs_one = |names: &[&str]| names.iter().any(|name| recipe.contains(name));
        if !recipe.contains("```console") {
            if !NOT_RUN.iter().any(|begin| cells[1].starts_with(begin)) {
                tell("its recipe has no screen");
            }
        } else if !runs_one(&[&script, "python3 "])
            || !runs_one(&[&format!("-p {program}"), &format!("target/debug/{program}")])
        {
            tell(&format!("its recipe runs {script} and {program}"));
        }
        for exception in exceptions(&cells[2]).filter(|exception| !recipe.contains(exception)) {
            tell(&format!("its recipe shows no {exception}"));
        }
    }
    if let Some(fold) = folds.next() {
        let title = fold.lines().next().unwrap_or_default();
        problems.push(Problem::new(1, format!("a recipe without a row: {title}")));
    }
    problems
}

/// The names of Python's exceptions in a text.
fn exceptions(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter(|word| {
        ["Error", "Interrupt"].iter().any(|end| word.len() > end.len() && word.ends_with(end))
    })
}
