//! The checks of the exercises `framed_server` and `many_clients`. On your own
//! `examples/my_many_clients.rs`:
//! `cargo test -p tcp-echo-server --test exercises -- --ignored many_clients`

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::process::Command;
use std::time::Duration;
use testing::exercise::{Check, Connection, Subject, literal};

testing::exercise! {
    framed_server of "tcp-echo-server" {
        boundaries_survive_any_segmentation => "b\"hello\"",
        a_length_above_1_mib_is_refused => "太长",
        a_cut_inside_a_message_is_told => "中间断开",
    }
    wrong []
}

testing::exercise! {
    many_clients of "tcp-echo-server" {
        all_are_served_at_once => "第 2 个客户端收到回显",
        one_that_stops_reading_holds_up_nobody => "另一个客户端收到回显",
        one_that_is_gone_is_not_missed => "会复位连接的客户端",
    }
    wrong []
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
    let client = check.connect("客户端", server.address());
    client.socket().set_nodelay(true).unwrap();
    let hello = framed(b"hello");
    for byte in &hello {
        client.sends([*byte]);
    }
    client.receives(&hello, "带长度前缀的消息");
    server.shows("b\"hello\"\n");
    check.did("（一条消息无论分成多少个报文段到来，都只显示一行）");
    let several = [
        framed(b"one"),
        framed(b""),
        framed(&[b'x'; 1 << 20]),
        framed(b"two"),
    ];
    client.sends(several[..2].concat());
    client.receives(several[..2].concat(), "一次发出的两条消息");
    server.shows("b\"hello\"\nb\"one\"\nb\"\"\n");
    for message in &several[2..] {
        client.sends(message);
        client.receives(message, "下一条消息");
    }
    client.closes();
    server.shows("b\"two\"\n客户端已关闭\n");
    server.ends(0);
}

fn a_length_above_1_mib_is_refused(check: &Check) {
    let server = start(check);
    let client = check.connect("客户端", server.address());
    client.sends(((1_u32 << 20) + 1).to_be_bytes());
    server.notes("太长");
    client.is_closed("消息过长，程序关闭连接");
    server.ends(1);
}

fn a_cut_inside_a_message_is_told(check: &Check) {
    for part in [&framed(b"hello")[..2], &framed(b"hello")[..8]] {
        let server = start(check);
        let client = check.connect("客户端", server.address());
        client.sends(part);
        client.closes();
        server.notes("中间断开");
        server.ends(1);
    }
}

/// How many files a program may have open here.
fn open_files() -> usize {
    let limit = Command::new("sh").args(["-c", "ulimit -n"]).output();
    let limit = limit.map(|limit| String::from_utf8_lossy(&limit.stdout).trim().parse());
    match limit {
        Ok(Ok(limit)) => limit,
        _ => usize::MAX, // no limit, or a system without one
    }
}

fn all_are_served_at_once(check: &Check) {
    let server = start(check);
    let address = server.address();
    // A thousand, or as many as this machine lets a program open, with some left for other tests.
    let count = open_files().saturating_sub(100).clamp(10, 1000);
    let exchange = |number: usize, client: &Connection| {
        let line = format!("第 {number} 个客户端\n");
        let mut echo = vec![0; line.len()];
        let mut socket = client.socket();
        let sent = socket.write_all(line.as_bytes());
        let came = sent.and_then(|()| socket.read_exact(&mut echo));
        let came = came.map_err(|error| check.trouble(&error));
        let came = came.and_then(|()| match echo == line.as_bytes() {
            true => Ok(()),
            false => Err(format!("收到的回显是：{}", literal(&echo))),
        });
        if came.is_err() {
            check.expect(
                format!("第 {number} 个客户端收到回显：{}", literal(&line)),
                came,
            );
        }
    };
    check.did(format!(
        "充当 {count} 个客户端，依次连接 {address}，各发送一行，收到回显后也不关闭连接"
    ));
    let mut clients = Vec::new();
    for number in 1..=count {
        let client = check.connect_quietly("客户端", address);
        exchange(number, &client);
        clients.push(client);
    }
    check.did(format!("{count} 个客户端都收到了回显，连接都没有关闭"));
    for (at, client) in clients.iter().enumerate().rev() {
        exchange(at + 1, client);
    }
    check.did("从最后一个客户端到第一个，各再发送一行，都收到了回显");
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
    let deaf = check.connect("从不接收的客户端", server.address());
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
    check.did(format!(
        "从不接收的客户端发送了 {sent} 字节，没有读取任何回显"
    ));
    let came = (sent < FAR_TOO_MUCH).then_some(());
    let expected = "客户端不接收回显时，程序不再接收它的数据";
    check.expect(
        expected,
        came.ok_or(format!("程序收下了 {sent} 字节，都占用内存")),
    );
    for _ in 0..2 {
        let other = check.connect("另一个客户端", server.address());
        other.sends("hello");
        other.receives("hello", "回显");
        other.closes();
    }
}

fn one_that_is_gone_is_not_missed(check: &Check) {
    let server = start(check);
    let closing = check.connect("先关闭连接的客户端", server.address());
    closing.sends("hello");
    closing.receives("hello", "回显");
    closing.socket().shutdown(Shutdown::Write).unwrap();
    check.did("先关闭连接的客户端半关闭连接，不再发送");
    closing.receives_the_end("客户端半关闭连接之后，程序正常关闭连接");
    // One that closes with its echo unread resets the connection.
    let resetting = check.connect("会复位连接的客户端", server.address());
    resetting.sends("hello");
    let begun = resetting.socket().peek(&mut [0]);
    check.expect(
        "会复位连接的客户端收到回显",
        begun.map_err(|error| check.trouble(&error)),
    );
    check.did("（回显还没有读取，这时关闭，连接就会复位：RST）");
    resetting.closes();
    let last = check.connect("最后一个客户端", server.address());
    last.sends("还在吗");
    last.receives("还在吗", "回显（此前有一个连接被复位，不应受影响）");
}
