//! The checks of the exercises `framed`, server's side, and `many_clients`. On your own
//! `src/main.rs`: `cargo test -p tcp-echo-server --test exercises -- --ignored framed`, or
//! `… many_clients`

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::time::Duration;
use testing::exercise::{Check, Connection, Subject};

testing::exercise! {
    framed: example "framed_server" of "tcp-echo-server" {
        boundaries_survive_any_segmentation => "b\"hello\"",
        a_length_above_1_mib_is_refused => "太长",
        a_cut_inside_a_message_is_told => "中间断开",
    }
}

testing::exercise! {
    many_clients: example "many_clients" of "tcp-echo-server" {
        all_are_served_at_once => "the echo of client number 2",
        one_that_stops_reading_holds_up_nobody => "the echo, for another client",
        one_that_is_gone_is_not_missed => "connection",
    }
}

/// Port 0 is any free port.
fn start(check: &Check) -> Subject<'_> {
    check.start(&["127.0.0.1:0"])
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = message.len() as u32;
    [&length.to_be_bytes(), message].concat()
}

fn boundaries_survive_any_segmentation(check: &Check) {
    let server = start(check);
    let client = check.connect("the client's connection", server.address());
    client.socket().set_nodelay(true).unwrap();
    let hello = framed(b"hello");
    for byte in &hello {
        client.sends([*byte]);
    }
    client.receives(&hello, "the message, behind its length");
    server.shows("b\"hello\"\n");
    check.did("saw one line for one message, however many segments it came in");
    let several = [
        framed(b"one"),
        framed(b""),
        framed(&[b'x'; 1 << 20]),
        framed(b"two"),
    ];
    client.sends(several[..2].concat());
    client.receives(several[..2].concat(), "both messages, sent at once");
    server.shows("b\"hello\"\nb\"one\"\nb\"\"\n");
    for message in &several[2..] {
        client.sends(message);
        client.receives(message, "a message");
    }
    client.closes();
    server.shows("b\"two\"\n客户端已关闭\n");
    server.ends(0);
}

fn a_length_above_1_mib_is_refused(check: &Check) {
    let server = start(check);
    let client = check.connect("the client's connection", server.address());
    client.sends(((1_u32 << 20) + 1).to_be_bytes());
    server.notes("太长");
    client.is_closed("the end of the connection, since the message is too long");
    server.ends(1);
}

fn a_cut_inside_a_message_is_told(check: &Check) {
    for part in [&framed(b"hello")[..2], &framed(b"hello")[..8]] {
        let server = start(check);
        let client = check.connect("the client's connection", server.address());
        client.sends(part);
        client.closes();
        server.notes("中间断开");
        server.ends(1);
    }
}

fn all_are_served_at_once(check: &Check) {
    let server = start(check);
    let address = server.address();
    // A thousand, or as many as this machine lets a program open, with some left for other tests.
    let count = common::clients::room(1, 1100)
        .saturating_sub(100)
        .clamp(10, 1000);
    let exchange = |number: usize, client: &Connection| {
        let line = format!("client number {number}\n");
        let mut echo = vec![0; line.len()];
        let mut socket = client.socket();
        let sent = socket.write_all(line.as_bytes());
        let came = sent.and_then(|()| socket.read_exact(&mut echo));
        let came = came.map_err(|error| format!("{error}, for client number {number} of {count}"));
        let came = came.and_then(|()| match echo == line.as_bytes() {
            true => Ok(()),
            false => Err(String::from_utf8_lossy(&echo).into_owned()),
        });
        if came.is_err() {
            check.expect(format!("the echo of client number {number}"), came);
        }
    };
    let mut clients = Vec::new();
    for number in 1..=count {
        let client = check.connect_quietly("a client", address);
        exchange(number, &client);
        clients.push(client);
    }
    check.did(format!(
        "connected {count} clients, had a line echoed to each, and closed none"
    ));
    for (at, client) in clients.iter().enumerate().rev() {
        exchange(at + 1, client);
    }
    check.did("had a second line echoed to each, the last one first");
    #[cfg(unix)]
    {
        server.types_ctrl_c();
        server.ends(0);
    }
}

/// More than fits into all the buffers of both kernels together.
const FAR_TOO_MUCH: usize = 128 << 20;

fn one_that_stops_reading_holds_up_nobody(check: &Check) {
    let server = start(check);
    let deaf = check.connect("a client that never reads", server.address());
    let mut socket = deaf.socket();
    socket
        .set_write_timeout(Some(Duration::from_millis(500)))
        .unwrap();
    let mut sent = 0;
    let block = [b'x'; 64 * 1024];
    while sent < FAR_TOO_MUCH {
        match socket.write(&block) {
            Ok(length) => sent += length,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    check.did(format!("sent {sent} bytes and read none of the echo"));
    let came = (sent < FAR_TOO_MUCH).then_some(());
    let expected = "that the server stops receiving from a client which does not read";
    check.expect(
        expected,
        came.ok_or(format!("it has taken {sent} bytes, into its memory")),
    );
    for _ in 0..2 {
        let other = check.connect("another client", server.address());
        other.sends("hello");
        other.receives("hello", "the echo, for another client");
        other.closes();
    }
}

fn one_that_is_gone_is_not_missed(check: &Check) {
    let server = start(check);
    let closing = check.connect("a client that closes", server.address());
    closing.sends("hello");
    closing.receives("hello", "the echo, for the first client");
    closing.socket().shutdown(Shutdown::Write).unwrap();
    closing.receives_the_end("the end of the connection, after the client's");
    // One that closes with its echo unread resets the connection.
    let resetting = check.connect("a client that resets", server.address());
    resetting.sends("hello");
    let begun = resetting.socket().peek(&mut [0]).is_ok();
    check.expect(
        "the echo, for the next connection",
        begun.then_some(()).ok_or("none".into()),
    );
    resetting.closes();
    let last = check.connect("one more client", server.address());
    last.sends("still there?");
    last.receives("still there?", "the echo, after a reset");
}
