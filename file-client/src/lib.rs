//! What guards `file-client`, so that its `main.rs` can be the script: how a file is stored so that
//! there is never half a one under its name, what an early end means, and how far a download is.
//! The example `resumable` uses it as well.

pub mod outcome;
pub mod part;
pub mod progress;

pub use part::{Part, save_path};
pub use progress::Progress;
