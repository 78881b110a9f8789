//! The exercise that is asked for, and its checks.

use common::Error;
use testing::exercise::EXERCISES;
pub use testing::exercise::Exercise;

/// A check of an exercise.
pub struct Check {
    /// Its name, behind that of its stage where the exercise has stages.
    path: String,
    /// What it is about, for students.
    pub title: String,
}

/// The exercise of this name.
pub fn find(name: &str) -> Result<&'static Exercise, Error> {
    Exercise::find(name).ok_or_else(|| {
        let names = Vec::from_iter(EXERCISES.iter().map(|exercise| exercise.name)).join("、");
        Error::Refused(format!("没有 {name} 这个练习，练习有：{names}"))
    })
}

impl Check {
    /// The check that a line of the list tells.
    pub fn parse(line: &str) -> Option<Check> {
        let (path, title) = line.split_once("check: ")?.1.split_once(' ')?;
        Some(Check { path: path.into(), title: title.into() })
    }

    pub fn stage(&self) -> Option<&str> {
        self.path.split_once("::").map(|(stage, _)| stage)
    }

    pub fn name(&self) -> &str {
        self.path.split_once("::").map_or(&self.path, |(_, name)| name)
    }

    /// The name of the test that runs this check on the student's file.
    pub fn test(&self, exercise: &Exercise) -> String {
        format!("{}::mine::{}", exercise.name, self.path)
    }
}
