//! Downloads one file from `file-server`: sends its name, stores what comes until the server closes.
//!
//! `src/main.rs` is the program, and this is what guards it, so that it can be the script: how a file
//! is stored so that there is never half a one under its name, what an early end means, and how far a
//! download is. The example `resumable` uses it as well.

pub mod outcome;
pub mod part;
pub mod progress;

pub use part::{Part, save_path};
pub use progress::Progress;
