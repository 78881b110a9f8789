//! `tcp-client` as its user sees it: transcript, wire, exit status.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use testing::{Program, accept, listen, read};

const EXE: &str = env!("CARGO_BIN_EXE_tcp-client");

/// A client and the server's end of its connection.
fn connected() -> (Program, TcpStream) {
    let (listener, address) = listen();
    let client = Program::start(EXE, &[&address.to_string()]);
    let server = accept(&listener);
    (client, server)
}

#[test]
fn lines_go_out_in_gbk_and_answers_are_shown_until_the_close() {
    let (mut client, mut server) = connected();
    client.type_line("你好");
    assert_eq!(read(&server, 4), b"\xc4\xe3\xba\xc3");
    server.write_all(b"\xba\xc3").unwrap();
    client.expect("收到数据好\n");
    client.type_line("x");
    assert_eq!(read(&server, 1), b"x");
    server.shutdown(Shutdown::Both).unwrap();
    let ended = client.end();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(ended.out, "输入:收到数据好\n输入:对方关闭了链接\n");
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
}

/// One line sent, one `read`: the answer has to be there, or its rest comes later.
#[test]
fn an_answer_of_60_000_bytes_is_one_line() {
    let (mut client, mut server) = connected();
    server.write_all(&[0xb3, 0xa4].repeat(30_000)).unwrap();
    client.type_line("x");
    client.expect(&format!("收到数据{}\n输入:", "长".repeat(30_000)));
}

#[test]
fn a_character_split_at_any_byte_comes_out_whole() {
    for split in 1..6 {
        let (mut client, mut server) = connected();
        let (before, after) = b"\xc4\xe3\xba\xc3\xb0\xa1".split_at(split);
        server.write_all(before).unwrap();
        client.type_line("x");
        let (shown, rest) = "你好啊".split_at(split / 2 * "你".len());
        client.expect(&format!("收到数据{shown}\n输入:"));
        server.write_all(after).unwrap();
        client.type_line("y");
        client.expect(&format!("收到数据{shown}\n输入:收到数据{rest}\n输入:"));
    }
}

#[test]
fn a_long_line_arrives_whole() {
    const LONG: usize = 12 << 20; // more than fits into the buffers of both ends
    let (mut client, mut server) = connected();
    client.type_line(&"x".repeat(LONG));
    assert_eq!(read(&server, LONG), b"x".repeat(LONG));
    server.write_all(b"ok").unwrap();
    client.expect("收到数据ok\n输入:");
}

/// Where both ends only send, nobody receives, and both would wait for ever.
#[test]
#[ignore = "takes a quarter of a minute; .ci/run runs it"]
fn a_peer_that_takes_nothing_is_an_error() {
    let (mut client, _server) = connected();
    client.type_line(&"x".repeat(12 << 20));
    let ended = client.end();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.err.contains("\n无法发送：超时"), "{ended:?}");
}
