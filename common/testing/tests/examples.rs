//! The worked solutions of the exercises keep to what all programs promise: their command line, and
//! how they end.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, UdpSocket};
#[cfg(unix)]
use testing::{HOSTILE, check_hostile_text_is_harmless};
use testing::{
    Program, accept, check_command_line, check_refused, check_refused_locals,
    check_refused_remotes, example, listen, read, receive, root, tempdir, udp,
};

/// A solution: its package, its name and its usage.
type Solution = (&'static str, &'static str, &'static str);

/// The solutions that wait for others.
const SERVERS: [Solution; 6] = [
    ("udp-server", "many_peers", "many_peers [LOCAL]"),
    ("udp-chat", "two_way", "two_way [LOCAL]"),
    ("feiq-sender", "receiver", "receiver [LOCAL]"),
    ("tcp-echo-server", "framed_server", "framed_server [LISTEN]"),
    ("tcp-echo-server", "many_clients", "many_clients [LISTEN]"),
    ("file-server", "resumable_server", "resumable_server [LISTEN [DIR]]"),
];

/// The solutions that go to others.
const CLIENTS: [Solution; 4] = [
    ("udp-client", "retry", "retry [REMOTE [LOCAL]]"),
    ("feiq-sender", "acknowledged", "acknowledged [REMOTE [LOCAL]]"),
    ("tcp-client", "framed", "framed [REMOTE]"),
    ("file-client", "resumable", "resumable [REMOTE [NAME]]"),
];

fn exe(package: &str, name: &str) -> String {
    example(package, name).to_str().unwrap().into()
}

/// Somebody at the other end, in TCP and in UDP.
type Peers = (TcpListener, UdpSocket);

/// The one of them that `package` speaks with, and both.
fn peers(package: &str) -> (SocketAddr, Peers) {
    let ((listener, tcp), socket) = (listen(), udp());
    let address = match package.starts_with("tcp-") || package.starts_with("file-") {
        true => tcp,
        false => socket.local_addr().unwrap(),
    };
    (address, (listener, socket))
}

#[test]
fn every_solution_is_known_here() {
    let mut found = Vec::new();
    for program in fs::read_dir(root()).unwrap() {
        let examples = program.unwrap().path().join("examples");
        for example in fs::read_dir(examples).into_iter().flatten() {
            found.push(example.unwrap().file_name().into_string().unwrap());
        }
    }
    found.retain(|name| !name.starts_with("my_")); // a student's
    let known = SERVERS.iter().chain(&CLIENTS);
    let mut known: Vec<_> = known.map(|(_, name, _)| format!("{name}.rs")).collect();
    found.sort();
    known.sort();
    assert_eq!(found, known);
}

#[test]
fn the_command_line_is_like_that_of_the_programs() {
    for (package, name, usage) in SERVERS.iter().chain(&CLIENTS) {
        check_command_line(&exe(package, name), usage, usage.matches('[').count());
    }
    for (package, name, usage) in SERVERS {
        check_refused_locals(&exe(package, name), usage);
    }
    for (package, name, usage) in CLIENTS {
        check_refused_remotes(&exe(package, name), usage);
    }
}

#[test]
fn a_taken_port_is_told() {
    for (package, name, _) in SERVERS {
        let (taken, _peers) = peers(package);
        let ended = Program::start(&exe(package, name), &[&taken.to_string()]).end();
        assert_eq!((ended.status, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.err.contains(&format!("{taken}：地址已被占用，")), "{ended:?}");
    }
}

/// A client, and those who listen where it connects or sends to.
fn started(package: &str, name: &str, unread: bool) -> (Program, Peers) {
    let (remote, peers) = peers(package);
    let exe = exe(package, name);
    let remote = remote.to_string();
    let arguments = match name {
        "retry" => vec![&remote[..], "127.0.0.1:0"],
        _ => vec![&remote[..]],
    };
    let program = match unread {
        true => Program::start_unread(&exe, &arguments),
        false => Program::start(&exe, &arguments),
    };
    (program, peers)
}

/// What a client ends with where it has not done anything yet: `resumable` is there to store a file.
fn status_of_an_early_end(name: &str) -> Option<i32> {
    Some(i32::from(name == "resumable"))
}

#[test]
fn the_end_of_input_ends_a_client_quietly() {
    for (package, name, _) in CLIENTS {
        let (mut client, _peers) = started(package, name, false);
        client.end_input();
        let ended = client.end();
        assert_eq!(ended.status, status_of_an_early_end(name), "{name}: {ended:?}");
        assert!(ended.err.lines().count() <= 1, "{name}: {ended:?}");
    }
}

#[test]
fn an_output_without_a_reader_ends_a_client_quietly() {
    for (package, name, _) in CLIENTS {
        if name == "retry" {
            continue; // it has no prompt, so it has nothing to show before there is an answer
        }
        let (client, _peers) = started(package, name, true);
        let ended = client.end();
        assert_eq!(ended.status, status_of_an_early_end(name), "{name}: {ended:?}");
    }
}

/// The place is counted in what was typed, not in what would be sent.
#[test]
fn text_that_gbk_lacks_is_refused_by_its_place_in_the_line() {
    for (package, name) in [("feiq-sender", "acknowledged"), ("tcp-client", "framed")] {
        let (mut client, _peers) = started(package, name, false);
        client.type_line("笑😀");
        client.expect_note("字符 😀（U+1F600）在 GBK 中没有编码");
    }
}

#[test]
fn a_directory_that_is_none_is_refused() {
    let (package, name, usage) = SERVERS[5];
    let arguments = ["127.0.0.1:0", "no such directory"];
    let problem = "无法打开目录 no such directory：没有那个文件或目录：";
    check_refused(&exe(package, name), usage, &arguments, problem);
}

/// What a peer sends does not steer the terminal, nor does it look like somebody else's message.
#[cfg(unix)]
#[test]
fn control_characters_do_not_reach_a_terminal() {
    let peer = udp();
    for (package, name, before) in [
        ("udp-server", "many_peers", ""),
        ("udp-chat", "two_way", ""),
        ("feiq-sender", "receiver", "1:7:teacher:school:32:"),
    ] {
        let server = Program::on_terminal(&exe(package, name), &["127.0.0.1:0"]);
        let message = format!("{before}{HOSTILE}");
        peer.send_to(message.as_bytes(), server.address()).unwrap();
        check_hostile_text_is_harmless(&server);
    }

    let peer = udp();
    let remote = peer.local_addr().unwrap().to_string();
    let mut client = Program::on_terminal(&exe("udp-client", "retry"), &[&remote, "127.0.0.1:0"]);
    client.type_line("x");
    peer.send_to(HOSTILE.as_bytes(), receive(&peer).1).unwrap();
    check_hostile_text_is_harmless(&client);

    let (listener, address) = listen();
    let framed = exe("tcp-client", "framed");
    let mut client = Program::on_terminal(&framed, &[&address.to_string()]);
    let mut server = accept(&listener);
    client.type_line("x");
    let length = HOSTILE.len() as u32;
    server.write_all(&length.to_be_bytes()).unwrap();
    server.write_all(HOSTILE.as_bytes()).unwrap();
    check_hostile_text_is_harmless(&client);
}

/// One stranger, however much he sends, is worth one line.
#[test]
fn retry_tells_of_a_stranger_once() {
    let (server, stranger) = (udp(), udp());
    let remote = server.local_addr().unwrap().to_string();
    let mut client = Program::start(&exe("udp-client", "retry"), &[&remote, "127.0.0.1:0"]);
    client.type_line("x");
    let (_, address) = receive(&server);
    for _ in 0..100 {
        stranger.send_to(b"me, me, me", address).unwrap();
    }
    client.expect_note("忽略 127.0.0.1:");
    server.send_to(b"answer", address).unwrap();
    let ended = client.end();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(ended.err.matches("忽略").count(), 1, "{ended:?}");
}

/// Nothing that the user has is deleted or replaced, whatever it is called, and no size is believed
/// that cannot be.
#[test]
fn resumable_deletes_only_what_it_has_made() {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("f.1-1.part"), "mine").unwrap();
    let (listener, address) = listen();
    let resumable = exe("file-client", "resumable");
    let arguments = [&address.to_string(), "f"];
    let client = Program::start_in(directory.path(), &resumable, &arguments);
    let mut server = accept(&listener);
    assert_eq!(read(&server, 4), b"0 f\n", "it does not take the user's file for a part");
    server.write_all(format!("{} 1\n", u64::MAX).as_bytes()).unwrap();
    let ended = client.end();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.err.contains("无法识别服务器的回复"), "{ended:?}");
    let names = fs::read_dir(&directory).unwrap();
    let names: Vec<_> = names.map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["f.1-1.part"]);
}

/// Two downloads of one file into one directory, whichever is faster.
#[test]
fn two_resumable_downloads_at_once_both_succeed() {
    let (served, directory) = (tempdir().unwrap(), tempdir().unwrap());
    let content = "content ".repeat(100_000);
    fs::write(served.path().join("f"), &content).unwrap();
    let served = served.path().to_str().unwrap().to_string();
    let server = exe("file-server", "resumable_server");
    let server = Program::start(&server, &["127.0.0.1:0", &served]);
    let resumable = exe("file-client", "resumable");
    let arguments = [&server.address().to_string(), "f"];
    for _ in 0..20 {
        let start = || Program::start_in(directory.path(), &resumable, &arguments);
        let clients = [start(), start()];
        for client in clients {
            let ended = client.end();
            assert_eq!(ended.status, Some(0), "{ended:?}");
        }
        let target = directory.path().join("f");
        assert_eq!(fs::read_to_string(&target).unwrap(), content);
        fs::remove_file(target).unwrap();
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 0, "no leftovers");
    }
}

#[cfg(unix)]
mod signals {
    use super::{CLIENTS, SERVERS, exe, started};
    use testing::{Program, check_signals, listen, receive, udp};

    #[test]
    fn ctrl_c_ends_a_server() {
        for (package, name, _) in SERVERS {
            if name == "resumable_server" {
                continue; // it waits for downloads first, see below
            }
            check_signals(|| {
                let server = Program::start(&exe(package, name), &["127.0.0.1:0"]);
                server.address();
                server
            });
        }
    }

    #[test]
    fn ctrl_c_stops_a_server_of_files() {
        let server = Program::start(&exe("file-server", "resumable_server"), &["127.0.0.1:0"]);
        server.address();
        server.signal("INT");
        let ended = server.end();
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert!(ended.err.contains("\n停止接受连接"), "{ended:?}");
    }

    #[test]
    fn ctrl_c_ends_a_client() {
        for (package, name, _) in CLIENTS {
            if name == "resumable" {
                continue; // it stores no file then, see below
            }
            check_signals(|| {
                let (client, _peers) = started(package, name, false);
                match name {
                    "retry" => client.expect_note("已绑定"),
                    _ => client.expect(":"), // its prompt
                }
                client
            });
        }
    }

    /// Ctrl-Z and `fg`: Linux interrupts what waits with a time limit.
    #[test]
    fn a_stop_and_a_continuation_do_not_end_the_waiting() {
        let receiver = udp();
        let address = receiver.local_addr().unwrap().to_string();
        let mut sender = Program::start(&exe("feiq-sender", "acknowledged"), &[&address]);
        sender.type_line("你好");
        let (_, sender_address) = receive(&receiver);
        for _ in 0..10 {
            sender.signal("STOP");
            sender.signal("CONT");
        }
        let receipt = b"1:1:a:b:33:324244";
        receiver.send_to(receipt, sender_address).unwrap();
        sender.expect("对方已收到");
        assert!(!sender.noted().contains("失败"), "{}", sender.noted());
    }

    #[test]
    fn ctrl_c_in_the_middle_of_a_download_is_a_failure() {
        let (_listener, address) = listen();
        let client = exe("file-client", "resumable");
        let client = Program::start(&client, &[&address.to_string(), "f.txt"]);
        client.expect_note("已连接");
        client.signal("INT");
        let ended = client.end();
        assert_eq!(ended.status, Some(130), "{ended:?}");
        let last = "下载中断，没有保存文件\n";
        assert!(ended.err.ends_with(last), "{ended:?}");
    }
}
