//! `cargo lab peer` and `cargo lab bytes`: each mode puts on the wire what it promises.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::io::Write;
use std::net::Shutdown;
use testing::{Program, accept, connect, listen, read, read_all, receive, udp};

const LAB: &str = env!("CARGO_BIN_EXE_lab");

fn peer(mode: &str, address: impl ToString, data: &[&str]) -> Program {
    Program::start(LAB, &[&["peer", mode, &address.to_string()], data].concat())
}

#[test]
fn servers_answer_what_comes() {
    for (mode, data, request, answer) in [
        ("two-parts", &[][..], "ab", "onetwo"),
        ("reply", &["c3 a9 c3 a8"], "ab", "éè"),
        ("terminal", &[], "ab", "\x1b]0;hello\x07"),
        ("slow", &[], "ab", "ab"),
        ("closes", &[], "ab", ""),
        ("framed-server", &[], "\0\0\0\x01a\0\0\0\0", "\0\0\0\x01a\0\0\0\0"),
        ("framed-server", &[], "\x7f\0\0\0a", ""),
        ("serve", &[], "f", "theirs\n"),
        ("stalls", &["9xline:a"], "f", "a\na\na\na\na\na\na\na\na\n"),
        ("resumable-server", &[], "48888 f\n", "48894 1\n10000\n"),
        ("resumable-server", &[], "f\n", ""),
    ] {
        let server = peer(mode, 0, data);
        let mut socket = connect(server.address());
        socket.write_all(request.as_bytes()).unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        let came = read_all(&socket).unwrap_or_default(); // a refusal may be a reset
        assert_eq!(String::from_utf8(came).unwrap(), answer, "{mode}");
    }
}

#[test]
fn servers_reset_and_cut() {
    for (mode, before) in [("reset", ""), ("cut", "half a file\n")] {
        let server = peer(mode, 0, &[]);
        let mut socket = connect(server.address());
        socket.write_all(b"f").unwrap();
        assert_eq!(read(&socket, before.len()), before.as_bytes());
        assert!(read_all(&socket).is_err(), "{mode}");
    }
    let server = peer("by-hand", 0, &[]);
    let socket = connect(server.address());
    server.expect_note("原样发出");
    let mut server = server;
    server.type_line("你");
    assert_eq!(read(&socket, 3), "你".as_bytes());
    server.expect_note("发送 3 字节：e4 bd a0（“你”）");
}

#[test]
fn datagrams_are_answered() {
    let asks = "1:7:me:pc:288:hello";
    for (mode, sent, answers) in [
        ("udp-reply", vec!["a", "b"], vec!["hello", "hello"]),
        ("udp-empty", vec!["a"], vec![""]),
        ("udp-late", vec!["a", "b", "c"], vec!["hello"]),
        ("udp-stranger", vec!["a"], vec!["stranger", "hello"]),
        ("feiq-receipt", vec!["1:7:me:pc:32:hello", asks], vec!["1:1:peer:pc:33:7"]),
        ("feiq-late", vec![asks; 3], vec!["1:1:peer:pc:33:7"]),
    ] {
        let server = peer(mode, 0, &[]);
        let socket = udp();
        for text in sent {
            socket.send_to(text.as_bytes(), server.address()).unwrap();
        }
        for answer in answers {
            let (data, sender) = receive(&socket);
            assert_eq!(String::from_utf8(data).unwrap(), answer, "{mode}");
            assert_eq!(sender == server.address(), answer != "stranger");
        }
    }
}

#[test]
fn datagrams_are_sent() {
    let socket = udp();
    let program = peer("udp-send", socket.local_addr().unwrap(), &["ff 2xab", "text:"]);
    assert_eq!(receive(&socket).0, b"\xff\xab\xab");
    assert_eq!(receive(&socket).0, b"");
    program.end().check_quiet(3);
    let program = peer("udp-ask", socket.local_addr().unwrap(), &["gbk:你"]);
    let (data, sender) = receive(&socket);
    socket.send_to(&data, sender).unwrap();
    let ended = program.end();
    assert!(ended.err.ends_with("2 字节：c4 e3（GBK“你”）\n"), "{ended:?}");
}

#[test]
fn clients_send_and_tell_what_comes() {
    for (mode, request, answer, told) in [
        ("tcp-send", "hello", "hi", "这期间收到 2 字节"),
        ("half-close", "hello", "hi", "这期间收到 2 字节"),
        ("send-reset", "hello", "hi", "复位连接（RST）"),
        ("resumable-client", "0 numbers\n", "2 1\nhi", "这期间收到 6 字节"),
        ("framed-client", "\0\0\0\0", "\0\0\0\x02hi", "收到 2 字节：68 69（“hi”）"),
        ("pauses", "big", "0123456789x", "收到 10 字节"),
        ("again", "notes.txt", "hi", "收到 2 字节：68 69（“hi”）"),
    ] {
        let (listener, address) = listen();
        let mut program = peer(mode, address, &[]);
        let mut socket = accept(&listener);
        assert_eq!(String::from_utf8(read(&socket, request.len())).unwrap(), request);
        socket.write_all(answer.as_bytes()).unwrap();
        if mode == "send-reset" {
            assert!(read_all(&socket).is_err());
        }
        if mode == "pauses" {
            program.expect_note("按 Enter");
            program.type_line("");
        }
        drop(socket);
        program.expect_note(told);
    }
}

#[test]
fn the_list_has_every_mode_and_bytes_are_written() {
    let list = Program::start(LAB, &["peer"]).end();
    assert_eq!((list.status, list.err.as_str()), (Some(0), ""));
    assert!(list.out.contains("framed-server"), "{list:?}");
    for (data, written) in [
        (vec!["3"], "xxx\n"),
        (vec!["'e4", "bd", "a0'", "line:a b"], "你a b\n"),
        (vec!["2x61 how 0x41 2xtext:b c"], "aahowAb cb c"),
    ] {
        assert_eq!(Program::start(LAB, &[&["bytes"], &data[..]].concat()).end().out, written);
    }
    for wrong in
        [&["bytes"][..], &["bytes", "c4e3"], &["peer", "x"], &["peer", "udp-send", "9", "abc"]]
    {
        assert_eq!(Program::start(LAB, wrong).end().status, Some(2), "{wrong:?}");
    }
}
