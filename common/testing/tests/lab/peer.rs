//! `cargo lab peer` and `cargo lab bytes`: what they put on the wire, and what they tell.

use std::{io::Write, net::Shutdown};
use testing::{Program, accept, connect, listen, read, read_all, receive, udp};

const LAB: &str = env!("CARGO_BIN_EXE_lab");

fn peer(mode: &str, address: impl ToString) -> Program {
    Program::start(LAB, &["peer", mode, &address.to_string()])
}

#[test]
fn servers_answer() {
    for (mode, request, answer, told) in [
        ("half-char", "ab", &b"\xc4\xe3"[..], "发送 1 字节：e3"),
        ("not-gbk", "ab", b"\xff ok", "（“\u{fffd} ok”）"),
        ("terminal", "ab", b"\x1b]0;hello\x07", "␛]0;hello␇"),
        ("slow", "ab", b"ab", "发送 1 字节：62（“b”）"),
        ("by-hand", "", "你".as_bytes(), "发送 3 字节：e4 bd a0（“你”）"),
        ("serve", "f", b"theirs\n", "关闭连接（FIN）"),
        ("dies-early", "f", b"", "复位连接（RST）"),
        ("stalls", "f", &b"half a file\n".repeat(100), "一共收到 1 字节"),
        ("resumable-server", "48888 f\n", b"48894 1\n10000\n", "收到 8 字节"),
    ] {
        let mut server = peer(mode, 0);
        let mut socket = connect(server.address());
        socket.write_all(request.as_bytes()).unwrap();
        server.type_line("你");
        server.end_input();
        assert_eq!(read(&socket, answer.len()), answer, "{mode}");
        socket.shutdown(Shutdown::Write).unwrap_or_default(); // it may be reset by now
        let resets = read_all(&socket).is_err() || mode == "dies-early";
        assert_eq!(resets, told.contains("RST"), "{mode}");
        server.expect_note(told);
    }
}

#[test]
fn clients_ask() {
    for (mode, request, told) in [
        #[cfg(unix)]
        ("connect-reset", "", "复位连接（RST）"),
        ("again", "notes.txt", "收到 11 字节"),
    ] {
        let (listener, address) = listen();
        let program = peer(mode, address);
        let mut socket = accept(&listener);
        assert_eq!(read(&socket, request.len()), request.as_bytes(), "{mode}");
        let written = socket.write_all(b"0123456789x"); // it may be reset by now
        assert!(!told.contains("RST") || written.is_err() || read_all(&socket).is_err(), "{mode}");
        socket.shutdown(Shutdown::Write).unwrap_or_default();
        program.expect_note(told);
    }
}

#[test]
fn datagrams_are_answered() {
    for (mode, sent, answers) in [
        ("udp-reply", vec!["a", "b"], vec!["hello", "hello"]),
        ("udp-stranger", vec!["a"], vec!["stranger", "hello"]),
        ("feiq-receipt", vec!["1:7:me:pc:32:no", "1:7:me:pc:288:hello"], vec!["1:1:peer:pc:33:7"]),
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
}
