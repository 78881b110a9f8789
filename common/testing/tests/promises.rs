//! What every program and every worked solution promises, whatever else it does: its command line,
//! its console, and how it ends.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "this is how a test fails"
)]

use std::fs;
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::thread;
use testing::exercise::{Client, EXERCISES, Exercise, Role};
use testing::{
    Ended, Program, TempDir, accept, build, connect, listen, read, receive, tempdir, udp,
};

/// The programs, described like the solutions. (Their help tells the default addresses.)
const PROGRAMS: [Exercise; 8] = [
    client("udp-client", "udp-client [REMOTE [LOCAL]]", None),
    server("udp-server", "udp-server [LOCAL [REPLY_TO]]"),
    server("udp-chat", "udp-chat [LOCAL]"),
    client("feiq-sender", "feiq-sender [REMOTE]", Some("请输入内容:")),
    client("tcp-client", "tcp-client [REMOTE]", Some("输入:")),
    server("tcp-echo-server", "tcp-echo-server [LISTEN]"),
    client("file-client", "file-client [REMOTE [NAME]]", Some("文件名:")),
    server("file-server", "file-server [LISTEN [DIR]]"),
];

const fn client(name: &'static str, usage: &'static str, prompt: Option<&'static str>) -> Exercise {
    let early_end = matches!(name.as_bytes(), b"file-client") as i32;
    let role = Role::Client(Client { remote: "", port: None, prompt, early_end });
    Exercise { name, package: name, sheet: name, usage, role }
}

const fn server(name: &'static str, usage: &'static str) -> Exercise {
    let finishes = matches!(name.as_bytes(), b"file-server");
    Exercise { name, package: name, sheet: name, usage, role: Role::Server { port: 0, finishes } }
}

/// Checks a promise on all that `select` takes, side by side.
#[track_caller]
fn on_all(select: impl Fn(&Exercise) -> bool, check: impl Fn(&'static Exercise) + Sync) {
    static ALL: &[Exercise] = &PROGRAMS;
    let subjects = ALL.iter().chain(EXERCISES).filter(|subject| select(subject));
    let check = &check;
    let broken: Vec<&str> = thread::scope(|scope| {
        let start = |subject: &'static Exercise| {
            let thread = thread::Builder::new().name(subject.name.into());
            (subject.name, thread.spawn_scoped(scope, move || check(subject)).unwrap())
        };
        let running: Vec<_> = subjects.map(start).collect();
        let joined = running.into_iter().map(|(name, thread)| (name, thread.join()));
        joined.filter_map(|(name, ended)| ended.is_err().then_some(name)).collect()
    });
    assert!(broken.is_empty(), "broken by {broken:?}");
}

fn all(_: &Exercise) -> bool {
    true
}

fn is_server(subject: &Exercise) -> bool {
    matches!(subject.role, Role::Server { .. })
}

fn is_client(subject: &Exercise) -> bool {
    !is_server(subject)
}

/// Whether it reads what a user types.
fn asks(subject: &Exercise) -> bool {
    is_client(subject) || ["udp-server", "udp-chat", "two_way"].contains(&subject.name)
}

/// Whether it shows the text that a peer sends, as text.
#[cfg(unix)]
fn shows(subject: &Exercise) -> bool {
    ["udp-client", "udp-server", "udp-chat", "tcp-client"].contains(&subject.name)
        || ["retry", "two_way", "many_peers", "receiver", "framed"].contains(&subject.name)
}

fn is_tcp(subject: &Exercise) -> bool {
    ["tcp-", "file-"].iter().any(|begin| subject.package.starts_with(begin))
}

/// The status where it has not done anything yet.
fn early_end(subject: &Exercise) -> i32 {
    match &subject.role {
        Role::Client(client) => client.early_end,
        Role::Server { .. } => 0,
    }
}

/// The executable; the first call builds all of them.
fn exe(subject: &Exercise) -> String {
    static BUILT: LazyLock<PathBuf> = LazyLock::new(|| {
        let programs = PROGRAMS.iter().flat_map(|program| ["--package", program.name]);
        let solutions = EXERCISES.iter().flat_map(|solution| ["--example", solution.name]);
        build(&programs.chain(["--bins"]).chain(solutions).collect::<Vec<_>>())
    });
    let directory = if subject.name == subject.package { "" } else { "examples" };
    let file = format!("{}{}", subject.name, std::env::consts::EXE_SUFFIX);
    BUILT.join(directory).join(file).to_str().unwrap().into()
}

/// Somebody at the other end.
struct Peer {
    listener: TcpListener,
    udp: UdpSocket,
    /// Where clients find it.
    address: SocketAddr,
    /// Its connection, and where its datagrams go: after they have met.
    connection: Option<TcpStream>,
    to: Option<SocketAddr>,
    /// Where the program runs: some make files.
    directory: TempDir,
}

impl Peer {
    fn of(subject: &Exercise) -> Peer {
        let ((listener, tcp), udp) = (listen(), udp());
        let address = if is_tcp(subject) { tcp } else { udp.local_addr().unwrap() };
        Peer { listener, udp, address, connection: None, to: None, directory: tempdir().unwrap() }
    }

    /// Somebody types a line at a client, and its beginning arrives; or the peer goes to a server.
    fn meet(&mut self, subject: &Exercise, program: &mut Program) {
        if is_client(subject) {
            program.type_line("x");
        } else if subject.name == "udp-chat" {
            program.type_line("2\n2"); // it receives twice
        }
        match (is_client(subject), is_tcp(subject)) {
            (true, true) => {
                let connection = accept(&self.listener);
                read(&connection, 1);
                self.connection = Some(connection);
            }
            (true, false) => self.to = Some(receive(&self.udp).1),
            (false, true) => self.connection = Some(connect(program.address())),
            (false, false) => self.to = Some(program.address()),
        }
    }

    /// Sends a line in the protocol of the program that it has met.
    fn send(&mut self, subject: &Exercise, line: &str) {
        let mut message = Vec::new();
        match subject.name {
            "receiver" => message.extend(b"1:7:teacher:school:32:"),
            "framed" | "framed_server" => message.extend((line.len() as u32).to_be_bytes()),
            _ => {}
        }
        message.extend(line.as_bytes());
        match &mut self.connection {
            Some(connection) => connection.write_all(&message).unwrap(),
            None => drop(self.udp.send_to(&message, self.to.unwrap()).unwrap()),
        }
    }
}

/// A program that has been started with the addresses that it needs, and its peer.
fn start(subject: &Exercise, start: fn(&Path, &str, &[&str]) -> Program) -> (Peer, Program) {
    let peer = Peer::of(subject);
    let (remote, local) = (peer.address.to_string(), "127.0.0.1:0");
    let arguments = match subject.usage {
        _ if is_server(subject) => vec![local],
        usage if usage.contains("LOCAL") => vec![&remote, local],
        _ => vec![remote.as_str()],
    };
    let program = start(peer.directory.path(), &exe(subject), &arguments);
    (peer, program)
}

/// The same, and it waits for its user or its peer.
fn waiting(subject: &Exercise, how: fn(&Path, &str, &[&str]) -> Program) -> (Peer, Program) {
    let (peer, program) = start(subject, how);
    match &subject.role {
        Role::Client(Client { prompt: Some(prompt), .. }) => program.expect(prompt),
        Role::Client(_) => program.expect_note("已绑定"),
        Role::Server { .. } => drop(program.address()),
    }
    (peer, program)
}

/// A wrong argument: one line that says what is wrong with it, the usage, status 2.
fn check_refused(subject: &Exercise, arguments: &[&str], problem: &str) {
    let ended = Program::start(&exe(subject), arguments).end();
    let lines: Vec<&str> = ended.err.lines().collect();
    assert_eq!((ended.status, ended.out.as_str()), (Some(2), ""), "{arguments:?}: {ended:?}");
    assert!(lines[0].starts_with(problem), "{arguments:?}: {ended:?}");
    assert_eq!(lines[1], format!("用法：{}", subject.usage), "{arguments:?}: {ended:?}");
}

#[test]
fn help_is_told() {
    on_all(all, |subject| {
        let help = |option| Program::start(&exe(subject), &[option]).end();
        let (long, short) = (help("--help"), help("-h"));
        assert_eq!((long.status, long.err.as_str()), (Some(0), ""), "{long:?}");
        assert!(long.out.starts_with(&format!("用法：{}\n", subject.usage)), "{long:?}");
        assert!(long.out.contains("\n例如：") && long.out.contains("[IPV6]:PORT"), "{long:?}");
        assert_eq!((short.status, &short.out), (Some(0), &long.out));
    });
}

#[test]
fn wrong_arguments_are_refused_by_name() {
    on_all(all, |subject| {
        check_refused(subject, &["--nonsense"], "不支持选项 --nonsense");
        // Behind `--` everything is an argument, and these are no addresses.
        for argument in ["--help", "-h", "--"] {
            check_refused(subject, &["--", argument], &format!("找不到主机 {argument}："));
        }
        // One line, whatever the argument holds.
        check_refused(subject, &["--a\n\x1b[2J"], "不支持选项 --a␊␛[2J");
        let most = subject.usage.matches('[').count();
        let problem = format!("参数太多（最多 {most} 个），多余的是 127.0.0.1:9");
        check_refused(subject, &vec!["127.0.0.1:9"; most + 1], &problem);

        check_refused(subject, &["a:65536"], "端口 65536 不是");
        if is_client(subject) {
            check_refused(subject, &["127.0.0.1:0"], "端口 0 不能作为目的端口");
        }
    });
}

#[test]
fn second_arguments_that_cannot_be_are_refused_by_name() {
    for (name, first, second, problem) in [
        ("udp-client", "127.0.0.1:9", "[::1]:0", "本机套接字 [::1]:0 只能发往 IPv6 地址"),
        ("udp-server", "127.0.0.1:0", "[::1]:1", "本机套接字 127.0.0.1:0 只能发往 IPv4 地址"),
        ("udp-server", "0", "127.0.0.1:0", "端口 0 不能作为目的端口"),
        ("file-client", "127.0.0.1:9", "", "文件名不能为空"),
        ("file-client", "127.0.0.1:9", "a/..", "文件名 a/.. 不能用"),
        ("file-server", "0", "none", "无法打开目录 none：文件或目录不存在："),
        ("file-server", "0", "Cargo.toml", "无法打开目录 Cargo.toml："),
    ] {
        let subject = PROGRAMS.iter().find(|program| program.name == name).unwrap();
        check_refused(subject, &[first, second], problem);
    }
}

#[test]
fn a_taken_port_is_told() {
    let binds = |subject: &Exercise| is_server(subject) || subject.usage.contains("LOCAL");
    on_all(binds, |subject| {
        let peer = Peer::of(subject);
        let taken = peer.address.to_string();
        let arguments =
            if is_server(subject) { vec![&*taken] } else { vec!["127.0.0.1:9", &taken] };
        let ended = Program::start(&exe(subject), &arguments).end();
        let problem = format!("{taken}：地址已被占用，有程序在用或刚用过这个端口：");
        assert_eq!((ended.status, ended.out.as_str()), (Some(1), ""), "{ended:?}");
        assert!(ended.err.starts_with("无法") && ended.err.contains(&problem), "{ended:?}");
    });
}

#[test]
fn nobody_listening_is_told() {
    on_all(
        |subject| is_client(subject) && is_tcp(subject),
        |subject| {
            // The port of a client: taken, so that no other test gets it, and nobody listens there.
            let (_listener, server) = listen();
            let held = connect(server);
            let address = held.local_addr().unwrap();
            let mut program = Program::start(&exe(subject), &[&address.to_string()]);
            program.type_line("x"); // file-client asks for a name first
            let ended = program.end();
            let problem = format!("无法连接 {address}：连接被拒绝，通常是该端口没有程序在监听：");
            assert_eq!(ended.status, Some(1), "{ended:?}");
            assert!(ended.err.starts_with(&problem), "{ended:?}");
        },
    );
}

/// It has ended before it did anything, which it tells only where that is a failure or it waits for
/// downloads first.
#[track_caller]
fn check_early_end(subject: &Exercise, ended: &Ended) {
    assert_eq!(ended.status, Some(early_end(subject)), "{ended:?}");
    assert!(!ended.err.contains("无法"), "{ended:?}");
    let tells = subject.package.starts_with("file-");
    assert_eq!(ended.err.contains("标准输"), tells, "{ended:?}");
}

#[test]
fn the_end_of_input_is_a_quiet_end() {
    on_all(asks, |subject| {
        let (mut peer, mut program) = waiting(subject, Program::start_in);
        program.end_input();
        if subject.name == "udp-server" {
            peer.meet(subject, &mut program); // then it asks for an answer
            peer.send(subject, "x");
        }
        check_early_end(subject, &program.end());
    });
}

#[test]
fn an_output_without_a_reader_is_a_quiet_end() {
    on_all(
        |subject| subject.name != "many_clients", // which shows nothing
        |subject| {
            let (mut peer, mut program) =
                start(subject, |_, exe, arguments| Program::start_unread(exe, arguments));
            let shows_at_once = match &subject.role {
                Role::Client(client) => client.prompt.is_some(),
                Role::Server { .. } => ["udp-chat", "two_way"].contains(&subject.name),
            };
            if !shows_at_once {
                peer.meet(subject, &mut program);
                peer.send(subject, "x\n");
            }
            check_early_end(subject, &program.end());
        },
    );
}

#[test]
fn a_line_that_is_not_utf8_is_refused_and_asked_for_again() {
    on_all(is_client, |subject| {
        let (mut peer, mut program) = waiting(subject, Program::start_in);
        program.type_bytes(b"\xc4\xe3\n");
        peer.meet(subject, &mut program);
        program.expect_note("第 1 个字节 0xc4 不是有效的 UTF-8");
    });
}

#[test]
fn a_refused_line_is_a_failure_whatever_came_later() {
    on_all(asks, |subject| {
        let (mut peer, mut program) = waiting(subject, Program::start_in);
        if subject.name == "udp-server" {
            peer.meet(subject, &mut program);
            peer.send(subject, "x");
            peer.send(subject, "y");
        }
        program.type_bytes(b"\xff\n");
        program.end_input();
        let ended = program.end();
        assert_eq!(ended.status, Some(1), "{ended:?}");
        assert!(ended.err.contains("第 1 个字节 0xff 不是有效的 UTF-8"), "{ended:?}");
    });
}

/// What a peer might send to somebody who sits at a terminal: a new title, an empty screen, something
/// for the clipboard, a way back to the beginning of the line, and a line that looks like another
/// message. (In ASCII, so that it is the same in GBK.)
#[cfg(unix)]
const HOSTILE: &str = "\x1b]0;title\x07\x1b[2J\x1b]52;c;eA==\x07\x08\r\x7f\tdone\nforged";

/// What a peer sends does not steer the terminal, nor does it look like somebody else's message. A
/// pipe gets what came, as from the scripts.
#[cfg(unix)]
#[test]
fn control_characters_do_not_reach_a_terminal() {
    on_all(shows, |subject| {
        let (mut peer, mut program) =
            waiting(subject, |_, exe, arguments| Program::on_terminal(exe, arguments));
        peer.meet(subject, &mut program);
        peer.send(subject, HOSTILE);
        program.expect("␛]0;title␇␛[2J␛]52;c;eA==␇␈␍␡\tdone\r\n    forged\r\n");
        let shown = program.shown().replace("\r\n", "\n");
        let obeyed = shown.find(|c: char| c.is_control() && c != '\n' && c != '\t');
        assert_eq!(obeyed, None, "{shown:?}");

        let (mut peer, mut program) = waiting(subject, Program::start_in);
        peer.meet(subject, &mut program);
        peer.send(subject, HOSTILE);
        program.expect(HOSTILE);
    });
}

/// Ctrl-C, SIGTERM and SIGHUP, at the place where it waits first, and after it has met its peer.
#[test]
fn signals_end_it() {
    const SIGNALS: &[&str] = if cfg!(unix) { &["INT", "TERM", "HUP"] } else { &["INT"] };
    on_all(all, |subject| {
        let finishes = matches!(subject.role, Role::Server { finishes: true, .. });
        let (status, last) = match subject.name {
            "file-client" | "resumable" => (130, "下载中断，没有保存文件\n"),
            _ if finishes => (0, "停止接受连接"),
            _ => (0, "收到中断信号，程序结束\n"),
        };
        for (signal, meets) in SIGNALS.iter().flat_map(|signal| [(*signal, false), (signal, true)])
        {
            if meets && finishes {
                continue; // it may wait for its client; its own tests see to that
            }
            let (mut peer, mut program) = waiting(subject, Program::start_in);
            if meets {
                peer.meet(subject, &mut program);
            }
            if meets && is_server(subject) {
                peer.send(subject, "x");
                match &peer.connection {
                    Some(echo) => drop(read(echo, 1)),
                    None => program.expect("x"),
                }
            }
            if signal == "INT" {
                if !program.interrupt() {
                    return;
                }
            } else {
                #[cfg(unix)]
                program.signal(signal);
            }
            let ended = program.end();
            assert_eq!(ended.status, Some(status), "{signal}, {meets}: {ended:?}");
            let is_last = |line: &str| format!("{line}\n").starts_with(last);
            assert!(ended.err.lines().next_back().is_some_and(is_last), "{signal}: {ended:?}");
        }
    });
}

/// Nothing that the user has is deleted or replaced, whatever it is called, and no size is believed
/// that cannot be.
#[test]
fn resumable_deletes_only_what_it_has_made() {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("f.1-1.part"), "mine").unwrap();
    let (listener, address) = listen();
    let resumable = exe(Exercise::find("resumable").unwrap());
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
