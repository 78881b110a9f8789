//! The exercises, and where their files are.

use common::Error;
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;
use testing::exercise::EXERCISES;
use testing::exercise::solutions::path_of_mine;
use testing::root;

/// An exercise, and the program that it begins with.
pub struct Exercise {
    pub name: &'static str,
    pub package: &'static str,
}

/// A check of an exercise.
pub struct Check {
    /// Which stage it belongs to; exercises with one stage only do not name it.
    pub stage: Option<String>,
    pub name: String,
}

impl Exercise {
    /// All exercises, in the order of the course.
    pub fn all() -> impl Iterator<Item = Exercise> {
        let all = EXERCISES.iter();
        all.map(|exercise| Exercise { name: exercise.name, package: exercise.package })
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

    /// When the student's file was saved last.
    pub fn saved(&self) -> Option<SystemTime> {
        fs::metadata(self.path()).and_then(|file| file.modified()).ok()
    }

    /// Its checks, in the order in which the tests of the package name them: what stands between
    /// `retry of "udp-client" {` and `wrong [`. Nothing needs to be built for that.
    pub fn checks(&self) -> Vec<Check> {
        let tests = root().join(self.package).join("tests/exercises.rs");
        let tests = fs::read_to_string(tests).unwrap_or_default();
        let heading = format!("{} of \"{}\" {{", self.name, self.package);
        let mut lines = tests.lines().map(str::trim).skip_while(|line| *line != heading);
        lines.next();
        let mut stage = None;
        let mut checks = Vec::new();
        for line in lines.take_while(|line| !line.starts_with("wrong [")) {
            if let Some(name) = line.strip_suffix(" {") {
                stage = Some(name.to_string());
            } else if let Some((name, _)) = line.split_once(" => ") {
                let (stage, name) = (stage.clone(), name.to_string());
                checks.push(Check { stage, name });
            }
        }
        checks
    }
}

impl Check {
    /// The name of the test that runs this check on the student's file.
    pub fn test(&self, exercise: &Exercise) -> String {
        let stage = self.stage.iter().map(|stage| format!("{stage}::"));
        let stage: String = stage.collect();
        format!("{}::mine::{stage}{}", exercise.name, self.name)
    }
}
