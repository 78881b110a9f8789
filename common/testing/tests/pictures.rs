//! The pictures that `draw.py` draws from the captures are the ones beside the sheets.

#![allow(clippy::unwrap_used, reason = "this is how a test fails")]

use std::fs;
use testing::{python, root, tempdir};

#[test]
fn a_picture_shows_what_its_capture_has() {
    let Some(mut python) = python() else { return };
    let drawn = tempdir().unwrap();
    let script = root().join("common/testing/scripts/draw.py");
    assert!(python.arg(script).arg(drawn.path()).status().unwrap().success());

    let mut pictures = 0;
    for program in fs::read_dir(&drawn).unwrap() {
        for picture in fs::read_dir(program.unwrap().path()).unwrap() {
            let path = picture.unwrap().path();
            let name = path.strip_prefix(&drawn).unwrap();
            assert!(
                fs::read(&path).unwrap() == fs::read(root().join(name)).unwrap_or_default(),
                "{} is outdated: python3 common/testing/scripts/draw.py draws it again",
                name.display()
            );
            pictures += 1;
        }
    }
    assert_eq!(pictures, 6);
}
