//! The worked solutions of the exercises keep to what all programs promise: their command line, and
//! how they end.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, UdpSocket};
use testing::exercise::{Client, EXERCISES, Exercise, Role};
#[cfg(unix)]
use testing::{HOSTILE, check_hostile_text_is_harmless};
use testing::{
    Program, accept, check_command_line, check_refused_locals, check_refused_remotes, example,
    listen, read, receive, root, tempdir, udp,
};

/// The solutions that wait for others, and those that go to others.
fn servers() -> impl Iterator<Item = &'static Exercise> {
    EXERCISES.iter().filter(|exercise| matches!(exercise.role, Role::Server { .. }))
}

fn clients() -> impl Iterator<Item = (&'static Exercise, &'static Client)> {
    EXERCISES.iter().filter_map(|exercise| match &exercise.role {
        Role::Client(client) => Some((exercise, client)),
        Role::Server { .. } => None,
    })
}

fn exe(solution: &Exercise) -> String {
    example(solution.package, solution.name).to_str().unwrap().into()
}

/// The executable of the solution with this name.
fn exe_of(name: &str) -> String {
    exe(Exercise::find(name).unwrap())
}

/// Somebody at the other end, in TCP and in UDP.
type Peers = (TcpListener, UdpSocket);

/// The one of them that a solution speaks with, and both.
fn peers(solution: &Exercise) -> (SocketAddr, Peers) {
    let ((listener, tcp), socket) = (listen(), udp());
    let is_tcp = ["tcp-", "file-"].iter().any(|begin| solution.package.starts_with(begin));
    let address = if is_tcp { tcp } else { socket.local_addr().unwrap() };
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
    let known = EXERCISES.iter().map(|exercise| format!("{}.rs", exercise.name));
    let mut known: Vec<_> = known.collect();
    found.sort();
    known.sort();
    assert_eq!(found, known);
}

#[test]
fn the_command_line_is_like_that_of_the_programs() {
    for solution in EXERCISES {
        let (exe, usage) = (exe(solution), solution.usage);
        check_command_line(&exe, usage, usage.matches('[').count());
        match solution.role {
            Role::Server { .. } => check_refused_locals(&exe, usage),
            Role::Client { .. } => check_refused_remotes(&exe, usage),
        }
    }
}

#[test]
fn a_taken_port_is_told() {
    for server in servers() {
        let (taken, _peers) = peers(server);
        let ended = Program::start(&exe(server), &[&taken.to_string()]).end();
        assert_eq!((ended.status, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.err.contains(&format!("{taken}：地址已被占用，")), "{ended:?}");
    }
}

/// A client, and those who listen where it connects or sends to.
fn started(
    (solution, client): (&Exercise, &Client),
    start: fn(&str, &[&str]) -> Program,
) -> (Program, Peers) {
    let (remote, peers) = peers(solution);
    let remote = remote.to_string();
    // One with a port of its own gets a free one.
    let local = client.port.map(|_| "127.0.0.1:0");
    let arguments: Vec<&str> = [&*remote].into_iter().chain(local).collect();
    (start(&exe(solution), &arguments), peers)
}

#[test]
fn the_end_of_input_ends_a_client_quietly() {
    for client in clients() {
        let (mut program, _peers) = started(client, Program::start);
        program.end_input();
        let ended = program.end();
        assert_eq!(ended.status, Some(client.1.early_end), "{}: {ended:?}", client.0.name);
        assert!(ended.err.lines().count() <= 1, "{ended:?}");
    }
}

#[test]
fn an_output_without_a_reader_ends_a_client_quietly() {
    // One without a prompt has nothing to show before there is an answer.
    for client in clients().filter(|(_, client)| client.prompt.is_some()) {
        let (program, _peers) = started(client, Program::start_unread);
        let ended = program.end();
        assert_eq!(ended.status, Some(client.1.early_end), "{}: {ended:?}", client.0.name);
    }
}

/// What a peer sends does not steer the terminal, nor does it look like somebody else's message.
#[cfg(unix)]
#[test]
fn control_characters_do_not_reach_a_terminal() {
    let peer = udp();
    for (name, before) in
        [("many_peers", ""), ("two_way", ""), ("receiver", "1:7:teacher:school:32:")]
    {
        let server = Program::on_terminal(&exe_of(name), &["127.0.0.1:0"]);
        let message = format!("{before}{HOSTILE}");
        peer.send_to(message.as_bytes(), server.address()).unwrap();
        check_hostile_text_is_harmless(&server);
    }

    let peer = udp();
    let remote = peer.local_addr().unwrap().to_string();
    let mut client = Program::on_terminal(&exe_of("retry"), &[&remote, "127.0.0.1:0"]);
    client.type_line("x");
    peer.send_to(HOSTILE.as_bytes(), receive(&peer).1).unwrap();
    check_hostile_text_is_harmless(&client);

    let (listener, address) = listen();
    let mut client = Program::on_terminal(&exe_of("framed"), &[&address.to_string()]);
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
    let mut client = Program::start(&exe_of("retry"), &[&remote, "127.0.0.1:0"]);
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
    let resumable = exe_of("resumable");
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
    let server = exe_of("resumable_server");
    let server = Program::start(&server, &["127.0.0.1:0", &served]);
    let resumable = exe_of("resumable");
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
    use super::{clients, exe, exe_of, servers, started};
    use testing::exercise::Role;
    use testing::{Program, check_signals, receive, udp};

    #[test]
    fn ctrl_c_ends_a_server() {
        for server in servers() {
            if matches!(server.role, Role::Server { finishes: true, .. }) {
                continue; // see below
            }
            check_signals(|| {
                let server = Program::start(&exe(server), &["127.0.0.1:0"]);
                server.address();
                server
            });
        }
    }

    #[test]
    fn ctrl_c_stops_a_server_of_files() {
        let server = Program::start(&exe_of("resumable_server"), &["127.0.0.1:0"]);
        server.address();
        server.signal("INT");
        let ended = server.end();
        assert_eq!(ended.status, Some(0), "{ended:?}");
        assert!(ended.err.contains("\n停止接受连接"), "{ended:?}");
    }

    #[test]
    fn ctrl_c_ends_a_client() {
        for client in clients().filter(|(_, client)| client.early_end == 0) {
            check_signals(|| {
                let (program, _peers) = started(client, Program::start);
                match client.1.prompt {
                    Some(prompt) => program.expect(prompt),
                    None => program.expect_note("已绑定"),
                }
                program
            });
        }
    }

    /// Ctrl-Z and `fg`: Linux interrupts what waits with a time limit.
    #[test]
    fn a_stop_and_a_continuation_do_not_end_the_waiting() {
        let receiver = udp();
        let address = receiver.local_addr().unwrap().to_string();
        let mut sender = Program::start(&exe_of("acknowledged"), &[&address]);
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
}
