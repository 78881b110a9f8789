//! `udp-client` as its user sees it: transcript, wire, exit status.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use testing::{LONGEST_DATAGRAM, Program, receive, udp};

const EXE: &str = env!("CARGO_BIN_EXE_udp-client");

/// A client that sends to `server`, on a port of the system's choice.
fn client(server: &std::net::UdpSocket) -> Program {
    let remote = server.local_addr().unwrap().to_string();
    Program::start(EXE, &[&remote, "127.0.0.1:0"])
}

#[test]
fn the_line_goes_out_and_every_answer_is_shown_until_an_empty_one() {
    let server = udp();
    let mut client = client(&server);
    client.type_line("你好, server");
    let (data, sender) = receive(&server);
    assert_eq!(data, "你好, server".as_bytes());
    assert_eq!(sender, client.address());

    // From the server, and from somebody else: the script takes what comes.
    let stranger = udp();
    server.send_to("回复".as_bytes(), sender).unwrap();
    client.expect("回复");
    stranger.send_to(b"from a stranger", sender).unwrap();
    client.expect("stranger");
    server.send_to(b"", sender).unwrap();

    let ended = client.end();
    let (server, stranger) = (server.local_addr().unwrap(), stranger.local_addr().unwrap());
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(ended.out, format!("{server}\n回复\n{stranger}\nfrom a stranger\n服务器已关闭\n"));
}

#[test]
fn the_empty_and_the_longest_datagram_are_sent_and_a_longer_line_is_a_failure() {
    let server = udp();
    let longest = "b".repeat(LONGEST_DATAGRAM);
    for line in ["", &longest] {
        let mut client = client(&server);
        client.type_line(line);
        assert_eq!(receive(&server).0, line.as_bytes());
    }

    let mut client = client(&server);
    client.type_line(&(longest + "b"));
    let ended = client.end();
    assert_eq!((ended.status, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.err.contains("内容有 65508 字节，一个数据报最多 65507 字节"), "{ended:?}");
}

#[test]
fn ipv6_takes_no_more_than_writing_it() {
    let server = std::net::UdpSocket::bind("[::1]:0").unwrap();
    server.set_read_timeout(Some(testing::DEADLINE)).unwrap();
    let remote = server.local_addr().unwrap().to_string();
    let mut client = Program::start(EXE, &[&remote, "[::1]:0"]);
    client.type_line("六");
    assert_eq!(receive(&server).0, "六".as_bytes());
}
