//! Serves the files of one directory: every client sends a name and gets that file's bytes.
//!
//! `src/main.rs` is the program, and this is what guards it, so that it can be the script: a directory
//! that nothing leads out of, places for so many clients, and a request that is peeked at first and
//! consumed last. The example `resumable_server` uses it as well.

pub mod client;
pub mod directory;
pub mod places;

pub use directory::Directory;
pub use places::Places;
