//! `udp-server` as its user sees it: transcript, wire, exit status.

use testing::{LONGEST_DATAGRAM, Program, receive, udp};

const EXE: &str = env!("CARGO_BIN_EXE_udp-server");

fn server() -> Program {
    Program::start(EXE, &["127.0.0.1:0"])
}

#[test]
fn answers_go_to_the_second_argument_where_there_is_one() {
    let (sender, other) = (udp(), udp());
    let reply_to = other.local_addr().unwrap().to_string();
    let mut server = Program::start(EXE, &["127.0.0.1:0", &reply_to]);
    for answer in ["there", ""] {
        sender.send_to(b"x", server.address()).unwrap();
        server.type_line(answer);
        assert_eq!(receive(&other).0, answer.as_bytes());
    }
}

#[test]
fn odd_datagrams_are_shown_and_it_goes_on() {
    let mut server = server();
    let peer = udp();
    let long = "长".repeat(LONGEST_DATAGRAM / 3);
    for (datagram, shown) in [
        (&b"\xff\xfe"[..], "\u{fffd}\u{fffd}\n"),
        (long.as_bytes(), &format!("{long}\n")),
        (b"", "\n"),
        (b"last", "last\n"),
    ] {
        peer.send_to(datagram, server.address()).unwrap();
        server.expect(&format!("{}\n{shown}", peer.local_addr().unwrap()));
        server.type_line("ok");
        assert_eq!(receive(&peer).0, b"ok");
    }
}

/// `nohup` has SIGHUP ignored, and that is what it stays.
#[cfg(target_os = "linux")]
#[test]
fn a_hang_up_does_not_end_it_under_nohup() {
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "trap '' HUP; exec \"$0\" 127.0.0.1:0", EXE]);
    let mut server = Program::spawn(command);
    let peer = udp();
    let address = server.address();
    server.signal("HUP");
    peer.send_to(b"still there?", address).unwrap();
    server.expect("still there?");
    server.type_line("yes");
    assert_eq!(receive(&peer).0, b"yes");
    server.signal("TERM");
    assert_eq!(server.end().status, None, "ended by the signal itself");
}

/// Also where the last line can no longer be written, because nobody reads it.
#[cfg(target_os = "linux")] // elsewhere two datagrams do not fill a pipe
#[test]
fn signals_end_it_while_its_output_is_stuck() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    let mut child = Command::new("sh")
        .args(["-c", "exec \"$0\" \"$1\" 2>&1", EXE, "127.0.0.1:0"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut bound = String::new();
    output.read_line(&mut bound).unwrap(); // and from here on nobody reads
    let address = testing::address_in(&bound).unwrap();
    // More than a pipe holds (64 KiB): the server is stuck in the second.
    let peer = udp();
    for _ in 0..2 {
        peer.send_to(&[b'x'; 60_000], address).unwrap();
    }
    child.stdin.take().unwrap().write_all(b"ok\n").unwrap();
    assert_eq!(receive(&peer).0, b"ok");
    let killed = Command::new("sh").args(["-c", "kill -TERM $0", &child.id().to_string()]).status();
    assert!(killed.unwrap().success());
    let status = testing::within_deadline("SIGTERM", move || {
        let status = child.wait().unwrap();
        drop(output);
        status
    });
    assert_eq!(status.code(), Some(0));
}
