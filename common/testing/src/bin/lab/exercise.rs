//! The exercises, and where their files are.

use common::Error;
use std::path::PathBuf;
use testing::exercise::EXERCISES;
use testing::exercise::solutions::path_of_mine;
use testing::root;

/// An exercise, and the program that it begins with.
pub struct Exercise {
    pub name: &'static str,
    pub package: &'static str,
    /// The program whose sheet tells it.
    pub sheet: &'static str,
}

/// A check of an exercise.
pub struct Check {
    /// Its name, behind that of its stage where the exercise has stages.
    path: String,
    /// What it is about, for students.
    pub title: String,
}

impl Exercise {
    /// All exercises, in the order of the course.
    pub fn all() -> impl Iterator<Item = Exercise> {
        let all = EXERCISES.iter();
        all.map(|&testing::exercise::Exercise { name, package, sheet, .. }| Exercise {
            name,
            package,
            sheet,
        })
    }

    /// The exercise of this name.
    pub fn find(name: &str) -> Result<Exercise, Error> {
        let name = name.strip_prefix("my_").unwrap_or(name);
        Exercise::all().find(|exercise| exercise.name == name).ok_or_else(|| {
            let names =
                EXERCISES.iter().map(|exercise| exercise.name).collect::<Vec<_>>().join("、");
            Error::Refused(format!("没有 {name} 这个练习，练习有：{names}"))
        })
    }

    /// The student's file.
    pub fn path(&self) -> PathBuf {
        path_of_mine(self.package, self.name)
    }

    /// The same, as it is told: from the directory of the workspace.
    pub fn told_path(&self) -> String {
        format!("{}/examples/my_{}.rs", self.package, self.name)
    }

    /// Where the worked solution is, as it is told; `None`: it was not handed out.
    pub fn solution(&self) -> Option<String> {
        let path = format!("{}/examples/{}.rs", self.package, self.name);
        root().join(&path).exists().then_some(path)
    }

    /// The program that the exercise begins with.
    pub fn original(&self) -> PathBuf {
        root().join(self.package).join("src/main.rs")
    }
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
