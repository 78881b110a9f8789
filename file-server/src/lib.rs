//! Serves the files of one directory: every client sends a name and gets that file's bytes.
//!
//! `src/main.rs` is the program, and this is what guards it, so that it can be the script. Each module
//! has one idea, and uses only those below it:
//!
//! | module | what it gives |
//! | --- | --- |
//! | [`server`] | clients, accepted one by one while there are places |
//! | [`client`] | a request that is peeked at first and consumed last, and time limits |
//! | [`shutdown`] | an end that lets running downloads finish |
//! | [`places`] | room for a limited number of clients |
//! | [`directory`] | files that are opened first and judged then |
//!
//! The example `resumable_server` uses it as well.

pub mod client;
pub mod directory;
pub mod places;
pub mod server;
pub mod shutdown;

pub use client::Client;
pub use directory::{Directory, OpenFile};
pub use server::Server;
