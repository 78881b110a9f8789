//! `udp-client` as its user sees it: transcript, wire, exit status.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use testing::{LONGEST_DATAGRAM, Program, receive, udp};

const EXE: &str = env!("CARGO_BIN_EXE_udp-client");
const USAGE: &str = "udp-client [REMOTE [LOCAL]]";

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
fn an_empty_line_is_an_empty_datagram() {
    let server = udp();
    let mut client = client(&server);
    client.type_line("");
    assert_eq!(receive(&server).0, b"");
}

#[test]
fn bytes_that_are_no_text_and_long_datagrams_are_shown() {
    let server = udp();
    let mut client = client(&server);
    client.type_line("x");
    let (_, sender) = receive(&server);
    server.send_to(b"ok \xc4\xe3 end", sender).unwrap();
    client.expect("ok \u{fffd}\u{fffd} end\n");
    let long = "长".repeat(LONGEST_DATAGRAM / 3);
    server.send_to(long.as_bytes(), sender).unwrap();
    client.expect(&format!("\n{long}\n"));
}

/// A terminal is shown symbols; a pipe gets what came, as from the script.
#[cfg(unix)]
#[test]
fn control_characters_do_not_reach_a_terminal() {
    let server = udp();
    let remote = server.local_addr().unwrap().to_string();
    let arguments = [&remote[..], "127.0.0.1:0"];
    for (mut client, is_terminal) in
        [(Program::on_terminal(EXE, &arguments), true), (Program::start(EXE, &arguments), false)]
    {
        client.type_line("x");
        let hostile = format!("\u{9b}2J\u{202e}{}", testing::HOSTILE);
        let (_, sender) = receive(&server);
        server.send_to(hostile.as_bytes(), sender).unwrap();
        if is_terminal {
            client.expect("\n\u{fffd}2J\u{fffd}");
            testing::check_hostile_text_is_harmless(&client);
        } else {
            client.expect(&format!("\n{hostile}\n"));
        }
    }
}

#[test]
fn the_longest_datagram_is_sent_and_a_longer_line_is_a_failure() {
    let server = udp();
    let longest = "b".repeat(LONGEST_DATAGRAM);
    let mut first = client(&server);
    first.type_line(&longest);
    assert_eq!(receive(&server).0, longest.as_bytes());

    let mut client = client(&server);
    client.type_line(&(longest + "b"));
    let ended = client.end();
    assert_eq!((ended.status, ended.out.as_str()), (Some(1), ""), "{ended:?}");
    assert!(ended.err.contains("内容有 65508 字节，一个数据报最多 65507 字节"), "{ended:?}");
}

#[test]
fn a_line_that_is_not_utf8_is_refused_and_asked_for_again() {
    let server = udp();
    let mut client = client(&server);
    client.type_bytes(b"\xc4\xe3\nnext\n");
    assert_eq!(receive(&server).0, b"next");
    client.expect_note("第 1 个字节 0xc4 不是有效的 UTF-8");
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

#[test]
fn the_end_of_input_is_a_quiet_end() {
    let mut client = client(&udp());
    client.address();
    client.end_input();
    let ended = client.end();
    assert_eq!((ended.status, ended.out.as_str()), (Some(0), ""));
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
}

#[test]
fn a_refused_line_is_a_failure_whatever_came_later() {
    let mut client = client(&udp());
    client.type_bytes(b"\xff\n");
    client.end_input();
    assert_eq!(client.end().status, Some(1));
}

#[test]
fn a_closed_output_is_a_quiet_end() {
    let server = udp();
    let remote = server.local_addr().unwrap().to_string();
    let mut client = Program::start_unread(EXE, &[&remote, "127.0.0.1:0"]);
    client.type_line("x");
    server.send_to(b"answer", receive(&server).1).unwrap();
    let ended = client.end();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(ended.err.lines().count(), 1, "{ended:?}");
}

#[cfg(unix)]
#[test]
fn signals_end_it_at_the_keyboard_and_at_the_socket() {
    let server = udp();
    testing::check_signals(|| {
        let client = client(&server);
        client.address();
        client
    });
    testing::check_signals(|| {
        let mut client = client(&server);
        client.type_line("x");
        receive(&server);
        client
    });
}

#[test]
fn wrong_arguments_are_refused_by_name() {
    testing::check_command_line(EXE, USAGE, 2);
    testing::check_refused_remotes(EXE, USAGE);
    let problem = "本机套接字 [::1]:0 只能发往 IPv6 地址，127.0.0.1 不是";
    testing::check_refused(EXE, USAGE, &["127.0.0.1:9", "[::1]:0"], problem);
}

#[test]
fn a_port_that_is_taken_is_a_failure() {
    let taken = udp();
    let local = taken.local_addr().unwrap().to_string();
    let ended = Program::start(EXE, &["127.0.0.1:9", &local]).end();
    ended.check_failed(&format!("无法绑定 {local}：地址已被占用，有程序在用或刚用过这个端口："));
}

#[test]
fn a_python_server_understands_it() {
    let source = "
import socket
peer = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
peer.bind(('127.0.0.1', 0))
print(peer.getsockname()[1])
data, sender = peer.recvfrom(1024)
print(data.decode())
for answer in ('甲'.encode(), '乙'.encode(), b''):
    peer.sendto(answer, sender)
";
    let Some(server) = Program::python(source, &[]) else {
        return;
    };
    server.expect("\n");
    let remote = format!("127.0.0.1:{}", server.shown().trim());
    let mut client = Program::start(EXE, &[&remote, "127.0.0.1:0"]);
    client.type_line("问");
    server.expect("问\n");
    let ended = client.end();
    assert_eq!(ended.out, format!("{remote}\n甲\n{remote}\n乙\n服务器已关闭\n"));
}
