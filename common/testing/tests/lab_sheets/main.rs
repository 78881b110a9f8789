//! Holds the lab sheets (the README.md of every program) and the README of the course to the truth:
//! screens are typed in again, quoted lines looked up, links followed. In other documents, the links.
//!
//! In a sheet, a `console` block is one terminal; the blocks under one heading are one session, run
//! side by side. `$ ` begins a command, `‹…›` is what the user types, and all the rest is what the
//! terminal shows. Ports vary, so they are not compared.
#![cfg(target_os = "linux")] // its commands, its paths and its errors stand in the sheets
#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

mod command;
mod diagrams;
mod ports;
mod prose;
mod scripts;
mod session;
mod sheet;
mod tables;

use sheet::Sheet;

fn check(program: &str) {
    let sheet = Sheet::open(program);
    sheet.check_front_page(program);
    sheet.check_sections();
    sheet.check_links();
    sheet.check_diagrams();
    sheet.check_tables(program);
    sheet.check_finger(program);
    sheet.check_exercises(program);
    sheet.check_screens();
}

#[test]
fn the_sheet_of_udp_client() {
    check("udp-client");
}

#[test]
fn the_sheet_of_udp_server() {
    check("udp-server");
}

#[test]
fn the_sheet_of_udp_chat() {
    check("udp-chat");
}

#[test]
fn the_sheet_of_feiq_sender() {
    check("feiq-sender");
}

#[test]
fn the_sheet_of_tcp_client() {
    check("tcp-client");
}

#[test]
fn the_sheet_of_tcp_echo_server() {
    check("tcp-echo-server");
}

#[test]
fn the_sheet_of_file_client() {
    check("file-client");
}

#[test]
fn the_sheet_of_file_server() {
    check("file-server");
}

#[test]
fn the_readme_of_the_course() {
    let readme = Sheet::open(".");
    readme.check_links();
    readme.check_diagrams();
    readme.check_screens();
}

#[test]
fn the_documents_for_contributors() {
    for document in [".github/CONTRIBUTING.md", "common/testing/BENCHMARKS.md"] {
        Sheet::read(document).check_links();
    }
}
