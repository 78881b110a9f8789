//! `cargo lab peer` and `cargo lab bytes`: what they put on the wire, and what they tell.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::io::Write;
use std::net::Shutdown;
use testing::{Program, accept, connect, listen, read, read_all, receive, udp};

const LAB: &str = env!("CARGO_BIN_EXE_lab");

fn peer(mode: &str, address: impl ToString) -> Program {
    Program::start(LAB, &["peer", mode, &address.to_string()])
}

#[test]
fn servers_answer() {
    for (mode, request, answer, told) in [
        ("two-parts", "ab", "onetwo", "收到 2 字节：61 62（“ab”）"),
        ("slow", "ab", "ab", "发送 1 字节：62（“b”）"),
        ("terminal", "ab", "\x1b]0;hello\x07", "␛]0;hello␇"),
        ("closes", "ab", "", "关闭连接（FIN）"),
        ("reset", "ab", "", "复位连接（RST）"),
        ("framed-server", "\0\0\0\x01a\0\0\0\0", "\0\0\0\x01a\0\0\0\0", "一共收到 9 字节"),
        ("cut", "f", "half a file\n", "复位连接（RST）"),
        ("resumable-server", "48888 f\n", "48894 1\n10000\n", "收到 8 字节"),
    ] {
        let server = peer(mode, 0);
        let mut socket = connect(server.address());
        socket.write_all(request.as_bytes()).unwrap();
        assert_eq!(read(&socket, answer.len()), answer.as_bytes(), "{mode}");
        socket.shutdown(Shutdown::Write).unwrap_or_default(); // it may be reset by now
        assert_eq!(read_all(&socket).is_err(), told.contains("RST"), "{mode}");
        server.expect_note(told);
    }
}

#[test]
fn clients_ask() {
    for (mode, told) in [
        ("tcp-send", "一共收到 11 字节"),
        ("half-close", "关闭自己的方向（FIN）"),
        ("send-reset", "复位连接（RST）"),
        ("pauses", "收到 10 字节：30 31 32 33 34 35 36 37 38 39"),
    ] {
        let (listener, address) = listen();
        let program = peer(mode, address);
        let mut socket = accept(&listener);
        read(&socket, 3);
        socket.write_all(b"0123456789x").unwrap();
        assert!(mode != "send-reset" || read_all(&socket).is_err());
        socket.shutdown(Shutdown::Write).unwrap_or_default();
        program.expect_note(told);
    }
}

#[test]
fn datagrams_are_answered() {
    let asks = "1:7:me:pc:288:hello";
    for (mode, sent, answers) in [
        ("udp-reply", vec!["a", "b"], vec!["hello", "hello"]),
        ("udp-late", vec!["a", "b", "c"], vec!["hello"]),
        ("udp-stranger", vec!["a"], vec!["stranger", "hello"]),
        ("feiq-late", vec![asks, asks, "1:7:me:pc:32:no", asks], vec!["1:1:peer:pc:33:7"]),
    ] {
        let (server, socket) = (peer(mode, 0), udp());
        for sent in sent {
            socket.send_to(sent.as_bytes(), server.address()).unwrap();
        }
        for answer in answers {
            let (data, sender) = receive(&socket);
            assert_eq!(String::from_utf8(data).unwrap(), answer, "{mode}");
            assert_eq!(sender == server.address(), answer != "stranger");
        }
    }
}

#[test]
fn the_notation_says_which_bytes() {
    for (arguments, status, written) in [
        (&["bytes", "3"][..], 0, "xxx\n"),
        (&["bytes", "'e4", "bd", "a0'", "line:a b"], 0, "你a b\n"),
        (&["bytes", "2x61 how 0x41 2xtext:b c"], 0, "aahowAb cb c"),
        (&["bytes", "c4e3"], 2, ""),
        (&["peer", "nobody"], 2, ""),
    ] {
        let ended = Program::start(LAB, arguments).end();
        assert_eq!((ended.status, ended.out.as_str()), (Some(status), written));
    }
    let socket = udp();
    let to = socket.local_addr().unwrap().to_string();
    let ended = Program::start(LAB, &["peer", "udp-send", &to, "ff 2xab", "gbk:你"]).end();
    assert_eq!([receive(&socket).0, receive(&socket).0], [&b"\xff\xab\xab"[..], b"\xc4\xe3"]);
    assert!(ended.err.ends_with("发送 2 字节：c4 e3（GBK“你”）\n"), "{ended:?}");
}
