//! Downloads one file from `file-server`: sends its name, stores what comes until the server closes.
//!
//! `src/main.rs` is the program. What makes it safe lives here, so that `main.rs` can stay the script:
//!
//! | module | what it is about |
//! | --- | --- |
//! | `outcome` | what an early end means, Ctrl-C above all |
//! | `target` | what can be asked for, and where it is stored |
//! | `download` | a file never stands half-written under its name |
//! | `progress` | how far a download is |
//!
//! The example `resumable` uses it as well.

mod download;
mod outcome;
mod progress;
mod target;

pub use download::Download;
pub use outcome::{Outcome, Stored};
pub use progress::Progress;
pub use target::{FileName, known_host, replaceable};
