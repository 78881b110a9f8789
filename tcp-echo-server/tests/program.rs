//! `tcp-echo-server` as its user sees it: transcript, wire, exit status.

use std::io::Write;
use std::net::Shutdown;
use std::time::Duration;
use testing::{Program, connect, read_all};

const EXE: &str = env!("CARGO_BIN_EXE_tcp-echo-server");

fn server() -> Program {
    Program::start(EXE, &["127.0.0.1:0"])
}

#[test]
fn what_was_sent_before_a_half_close_is_echoed_after_it() {
    let server = server();
    let mut client = connect(server.address());
    client.write_all(b"last words").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&client).unwrap(), b"last words");
    assert_eq!(server.end().status, Some(0));
}

/// The client sends until nothing more fits anywhere, and only then begins to read.
#[test]
fn a_client_that_reads_late_gets_everything() {
    let server = server();
    let mut client = connect(server.address());
    client.set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let block = [b'z'; 64 * 1024];
    let mut sent = 0;
    while let Ok(length) = client.write(&block) {
        sent += length;
    }
    client.shutdown(Shutdown::Write).unwrap();
    let echo = read_all(&client).unwrap();
    assert_eq!(echo.len(), sent);
    assert!(echo.iter().all(|byte| *byte == b'z'));
    let ended = server.end();
    assert_eq!(ended.out.matches('z').count(), sent);
    assert!(ended.out.lines().all(|line| line.len() <= 1024 + 3), "1,024 bytes a line");
}
