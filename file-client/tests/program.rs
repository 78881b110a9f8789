//! `file-client` as its user sees it: transcript, wire, files, exit status.

#![allow(
    clippy::disallowed_macros,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use testing::{Program, TempDir, accept, listen, read, tempdir};

const EXE: &str = env!("CARGO_BIN_EXE_file-client");
const USAGE: &str = "file-client [REMOTE [NAME]]";

/// A download of `name` into an empty directory, and the server's end of its connection, which has
/// received the name.
#[cfg(unix)]
fn downloading(name: &str) -> (Program, TcpStream, TempDir) {
    let directory = tempdir().unwrap();
    let (client, server) = downloading_to(directory.path(), name);
    (client, server, directory)
}

fn downloading_to(directory: &Path, name: &str) -> (Program, TcpStream) {
    let (listener, address) = listen();
    let client = Program::start_in(directory, EXE, &[&address.to_string(), name]);
    let server = accept(&listener);
    assert_eq!(read(&server, name.len()), name.as_bytes());
    (client, server)
}

/// What a directory holds.
fn names(directory: &TempDir) -> Vec<String> {
    let entries = fs::read_dir(directory.path()).unwrap();
    let mut names: Vec<_> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_missing_is_asked_for_and_the_file_is_stored() {
    let directory = tempdir().unwrap();
    let (listener, address) = listen();
    let mut client = Program::start_in(directory.path(), EXE, &[]);
    for line in ["127.0.0.1", &address.port().to_string(), "道士.txt"] {
        client.type_line(line);
    }
    let mut server = accept(&listener);
    assert_eq!(read(&server, 10), "道士.txt".as_bytes());
    server.write_all(b"first ").unwrap();
    client.expect("收到消息\n");
    server.write_all(b"second").unwrap();
    drop(server);
    let ended = client.end();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(ended.out, "ip地址:端口:文件名:收到消息\n文件传输完毕\n");
    assert_eq!(ended.err, format!("已连接 {address}，下载 道士.txt\n"));
    assert_eq!(names(&directory), ["道士.txt"]);
    assert_eq!(fs::read(directory.path().join("道士.txt")).unwrap(), b"first second");
}

#[test]
fn answers_that_cannot_be_used_are_asked_for_again() {
    let directory = tempdir().unwrap();
    let (listener, address) = listen();
    let mut client = Program::start_in(directory.path(), EXE, &[]);
    let port = address.port().to_string();
    let long = "x".repeat(1025);
    for line in
        ["", "no-such-host.invalid", "127.0.0.1", "abc", "0", "65536", &port, "", "..", &long, "a"]
    {
        client.type_line(line);
    }
    assert_eq!(read(&accept(&listener), 1), b"a");
    let (ip, port, name) = ("ip地址:".repeat(3), "端口:".repeat(4), "文件名:".repeat(4));
    client.expect(&format!("{ip}{port}{name}"));
    for problem in [
        "主机地址不能为空",
        "找不到主机 no-such-host.invalid",
        "端口 abc 不是",
        "端口 0 不能作为目的端口",
        "端口 65536 不是",
        "文件名不能为空",
        "文件名 .. 不能用",
        "超过 1024 字节",
    ] {
        client.expect_note(problem);
    }
}

#[test]
fn only_what_an_argument_leaves_out_is_asked_for() {
    let (listener, address) = listen();
    let port = address.port().to_string();
    let directory = tempdir().unwrap();
    for (argument, lines, prompts) in [
        ("127.0.0.1", [&port, "a"], "端口:文件名:"),
        (port.as_str(), ["127.0.0.1", "a"], "ip地址:文件名:"),
    ] {
        let mut client = Program::start_in(directory.path(), EXE, &[argument]);
        lines.iter().for_each(|line| client.type_line(line));
        drop(accept(&listener));
        assert!(client.end().out.starts_with(prompts));
    }
}

#[test]
fn the_file_lands_under_its_last_component_in_the_current_directory() {
    let outer = tempdir().unwrap();
    let inner = outer.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let (client, mut server) = downloading_to(&inner, "../up/name.txt");
    server.write_all(b"x").unwrap();
    drop(server);
    assert_eq!(client.end().status, Some(0));
    assert_eq!(names(&outer), ["inner"]);
    assert_eq!(fs::read(inner.join("name.txt")).unwrap(), b"x");
}

/// One byte more is refused.
#[test]
fn a_name_of_1024_bytes_is_sent() {
    let directory = tempdir().unwrap();
    let name = format!("{}ab", "d/".repeat(511));
    assert_eq!(name.len(), 1024);
    let (client, mut server) = downloading_to(directory.path(), &name);
    server.write_all(b"x").unwrap();
    drop(server);
    assert_eq!(client.end().status, Some(0));
    assert_eq!(names(&directory), ["ab"]);
}

/// What the user already has stays as it is until the whole new file is there.
#[test]
fn an_existing_file_survives_a_refusal_and_a_reset() {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("a"), "old").unwrap();
    let old_is_there = || {
        assert_eq!(names(&directory), ["a"]);
        assert_eq!(fs::read(directory.path().join("a")).unwrap(), b"old");
    };

    let (client, server) = downloading_to(directory.path(), "a");
    drop(server);
    let ended = client.end();
    assert_eq!((ended.status, ended.out.as_str()), (Some(1), "没有下载文件\n"), "{ended:?}");
    assert!(ended.err.contains("服务器没有发来内容"), "{ended:?}");
    old_is_there();

    let (listener, address) = listen();
    let client = Program::start_in(directory.path(), EXE, &[&address.to_string(), "a"]);
    let mut server = accept(&listener);
    server.write_all(b"half").unwrap();
    client.expect("收到消息\n");
    old_is_there_beside_a_temporary_file(&directory);
    testing::reset(server); // the name is unread, as after the death of file-server
    let ended = client.end();
    assert_eq!((ended.status, ended.out.as_str()), (Some(1), "收到消息\n"), "{ended:?}");
    assert!(
        ended.err.contains("无法继续下载（已收到 4 字节，没有保存）：连接被对方复位："),
        "{ended:?}"
    );
    old_is_there();

    let (client, mut server) = downloading_to(directory.path(), "a");
    server.write_all(b"new").unwrap();
    drop(server);
    assert_eq!(client.end().status, Some(0));
    assert_eq!(fs::read(directory.path().join("a")).unwrap(), b"new");
}

fn old_is_there_beside_a_temporary_file(directory: &TempDir) {
    let names = names(directory);
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names[0].starts_with(".file-client-") && names[1] == "a", "{names:?}");
}

#[test]
fn a_target_that_is_no_file_or_is_read_only_is_left_alone() {
    let directory = tempdir().unwrap();
    fs::create_dir(directory.path().join("a")).unwrap();
    let (client, _server) = downloading_to(directory.path(), "a");
    let ended = client.end();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.err.contains("a 已经存在，而且不是普通文件"), "{ended:?}");
    assert_eq!(names(&directory), ["a"]);

    // Nobody knows what a link that leads to itself stands for.
    #[cfg(unix)]
    {
        let path = directory.path().join("c");
        std::os::unix::fs::symlink("c", &path).unwrap();
        let (client, _server) = downloading_to(directory.path(), "c");
        let ended = client.end();
        assert_eq!(ended.status, Some(1), "{ended:?}");
        assert!(ended.err.contains("\n无法查看 c："), "{ended:?}");
        assert_eq!(fs::read_link(path).unwrap(), Path::new("c"));
    }

    let path = directory.path().join("b");
    fs::write(&path, "old").unwrap();
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    let (client, _server) = downloading_to(directory.path(), "b");
    let ended = client.end();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.err.contains("b 已经存在，而且是只读的"), "{ended:?}");
    assert_eq!(fs::read(&path).unwrap(), b"old");
}

#[cfg(unix)]
#[test]
fn a_new_version_keeps_the_permissions_of_the_old_one_but_not_its_powers() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempdir().unwrap();
    let path = directory.path().join("a");
    fs::write(&path, "old").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o4600)).unwrap();
    let (client, mut server) = downloading_to(directory.path(), "a");
    server.write_all(b"new").unwrap();
    drop(server);
    assert_eq!(client.end().status, Some(0));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
}

#[cfg(unix)]
#[test]
fn a_directory_that_cannot_be_written_is_a_failure() {
    let (listener, address) = listen();
    // In /proc nobody can create files, not even root. Elsewhere there is no such place for root.
    if !Path::new("/proc/self").exists() {
        return;
    }
    let client = Program::start_in(Path::new("/proc"), EXE, &[&address.to_string(), "a"]);
    let _server = accept(&listener);
    let ended = client.end();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.err.contains("创建临时文件 .file-client-"), "{ended:?}");
}

/// On a tmpfs of 64 KiB, in a mount namespace of the client's own, where the test may make one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure_without_leftovers() {
    let directory = tempdir().unwrap();
    let (listener, address) = listen();
    let script = "mount -t tmpfs -o size=64k none . && cd \"$PWD\" && echo old > a && echo mounted \
                  && \"$0\" \"$1\" a; echo \"status $?\"; ls -A; cat a";
    let mut command = std::process::Command::new("unshare");
    command.args(["--mount", "--map-root-user", "sh", "-c", script, EXE, &address.to_string()]);
    command.current_dir(directory.path());
    let probe = std::process::Command::new("unshare")
        .args(["--mount", "--map-root-user", "mount", "-t", "tmpfs", "none"])
        .arg(directory.path())
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        eprintln!("no mount namespace here: skipped");
        return;
    }
    let client = Program::spawn(command);
    let mut server = accept(&listener);
    // The client closes when its disk is full, so this fails at some point.
    while server.write_all(&[b'x'; 64 * 1024]).is_ok() {}
    let ended = client.end();
    assert_eq!(ended.out, "mounted\n收到消息\nstatus 1\na\nold\n", "{ended:?}");
    assert!(
        ended.err.contains("无法写入文件（已收到 0 字节，没有保存）：磁盘空间不足："),
        "{ended:?}"
    );
}

#[cfg(unix)]
#[test]
fn ctrl_c_during_a_download_leaves_nothing_and_tells_130() {
    for signal in ["INT", "TERM"] {
        for begun in [false, true] {
            let (client, mut server, directory) = downloading("a");
            if begun {
                server.write_all(b"half").unwrap();
                client.expect("收到消息\n");
            }
            client.signal(signal);
            let ended = client.end();
            assert_eq!(ended.status, Some(130), "{ended:?}");
            assert!(ended.err.ends_with("下载中断，没有保存文件\n"), "{ended:?}");
            assert_eq!(names(&directory), [] as [&str; 0]);
        }
    }
}

/// The signal comes while the thread that is to handle it starts.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_in_the_first_moment_is_a_failure_as_well() {
    let (_listener, address) = listen();
    let mut command = std::process::Command::new("strace");
    let inject = "inject=clone3,clone:signal=SIGINT:delay_exit=30000";
    command.args(["-f", "-o", "/dev/null", "-e", "trace=clone3,clone", "-e", inject]);
    command.args([EXE, &address.to_string(), "a"]);
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        eprintln!("no strace here: skipped");
        return;
    }
    let ended = Program::spawn(command).end();
    assert_eq!(ended.status, Some(130), "{ended:?}");
}

#[cfg(unix)]
#[test]
fn signals_end_it_at_every_prompt() {
    for (lines, shown) in
        [(&[][..], "ip地址:"), (&["127.0.0.1"], "端口:"), (&["127.0.0.1", "9"], "文件名:")]
    {
        let mut client = Program::start(EXE, &[]);
        lines.iter().for_each(|line| client.type_line(line));
        client.expect(shown);
        client.signal("INT");
        let ended = client.end();
        assert_eq!(ended.status, Some(130), "no file was stored: {ended:?}");
        assert_eq!(ended.err, "下载中断，没有保存文件\n");
    }
}

#[test]
fn an_end_before_there_is_a_file_is_a_failure() {
    for lines in [&[][..], &["127.0.0.1"], &["127.0.0.1", "9"]] {
        let mut client = Program::start(EXE, &[]);
        lines.iter().for_each(|line| client.type_line(line));
        client.end_input();
        let ended = client.end();
        assert_eq!(ended.status, Some(1), "{ended:?}");
        assert_eq!(ended.err, "标准输入已结束\n");
    }
    let ended = Program::start_unread(EXE, &[]).end();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert_eq!(ended.err, "标准输出已关闭\n");
}

/// `file-client HOST f | true`
#[cfg(unix)]
#[test]
fn a_closed_output_is_no_reason_not_to_download() {
    let directory = tempdir().unwrap();
    let (listener, address) = listen();
    let mut command = std::process::Command::new("sh");
    let script = "exec 3>&1; { \"$0\" \"$1\" a; echo \"status $?\" >&3; } | true";
    command.args(["-c", script, EXE, &address.to_string()]).current_dir(directory.path());
    let client = Program::spawn(command);
    let mut server = accept(&listener);
    assert_eq!(read(&server, 1), b"a");
    server.write_all(b"content").unwrap();
    drop(server);
    assert_eq!(client.end().out, "status 0\n");
    assert_eq!(fs::read(directory.path().join("a")).unwrap(), b"content");
}

/// What is stored is stored: the last words say so.
#[cfg(unix)]
#[test]
fn ctrl_c_after_the_file_has_its_name_tells_that_it_is_there() {
    let directory = tempdir().unwrap();
    let (listener, address) = listen();
    let mut command = std::process::Command::new(EXE);
    command.args([&address.to_string(), "a"]).current_dir(directory.path());
    let client = Program::spawn_on_terminal(command);
    let mut server = accept(&listener);
    server.write_all(b"content").unwrap();
    client.expect("收到消息");
    client.stop_terminal(); // so it waits at 文件传输完毕
    assert_eq!(read(&server, 1), b"a");
    drop(server);
    let stored = directory.path().join("a");
    testing::within_deadline("the file", move || while !stored.exists() {});
    client.signal("INT");
    let ended = client.end();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert!(ended.err.ends_with("收到中断信号，文件已经保存\n"), "{ended:?}");
    assert_eq!(names(&directory), ["a"]);
}

/// A disk that reports an error at the last moment, as NFS does.
#[cfg(target_os = "linux")]
#[test]
fn an_error_of_the_disk_at_the_last_moment_leaves_the_old_file() {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("a"), "old").unwrap();
    let (listener, address) = listen();
    let mut command = std::process::Command::new("strace");
    let inject = ["-f", "-o", "/dev/null", "-e", "trace=fsync", "-e", "inject=fsync:error=EIO"];
    command.args(inject).args([EXE, &address.to_string(), "a"]).current_dir(directory.path());
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        eprintln!("no strace here: skipped");
        return;
    }
    let client = Program::spawn(command);
    let mut server = accept(&listener);
    assert_eq!(read(&server, 1), b"a");
    server.write_all(b"new").unwrap();
    drop(server);
    let ended = client.end();
    assert_eq!((ended.status, ended.out.as_str()), (Some(1), "收到消息\n"), "{ended:?}");
    assert!(ended.err.contains("无法保存 a："), "{ended:?}");
    assert_eq!(names(&directory), ["a"]);
    assert_eq!(fs::read(directory.path().join("a")).unwrap(), b"old");
}

#[test]
#[ignore = "takes two minutes; .ci/run runs it"]
fn a_server_that_falls_silent_is_given_up() {
    let directory = tempdir().unwrap();
    let (mut client, mut server) = downloading_to(directory.path(), "a");
    server.write_all(b"half").unwrap();
    client.expect("收到消息\n");
    let ended = client.end_before(6 * testing::DEADLINE);
    let ended = ended.expect("it is still waiting after three minutes");
    assert_eq!(ended.status, Some(1), "{ended:?}");
    assert!(ended.err.contains("已收到 4 字节，没有保存）：超时"), "{ended:?}");
    assert_eq!(names(&directory), [] as [&str; 0]);
}

#[test]
fn wrong_arguments_are_refused_by_name() {
    testing::check_command_line(EXE, USAGE, 2);
    testing::check_refused_remotes(EXE, USAGE);
    testing::check_refused(EXE, USAGE, &["127.0.0.1:9", ""], "文件名不能为空");
    testing::check_refused(EXE, USAGE, &["127.0.0.1:9", "a/.."], "文件名 a/.. 不能用");
}

#[test]
fn nobody_listening_is_a_failure() {
    let (listener, address) = listen();
    drop(listener);
    let ended = Program::start(EXE, &[&address.to_string(), "a"]).end();
    ended.check_failed(&format!("无法连接 {address}：连接被拒绝，通常是该端口没有程序在监听："));
}

/// A terminal shows the progress in one line, which changes ten times a second at most, fits into 30
/// columns and ends before the last words; and where nothing comes, there is none.
#[cfg(unix)] // Python has no pseudo-terminals elsewhere
#[test]
fn a_terminal_shows_size_rate_and_time() {
    let source = "
import os, pty, socket, subprocess, sys, tempfile, threading, time
def download(blocks):
    server = socket.create_server(('127.0.0.1', 0))
    master, slave = pty.openpty()
    begun = time.monotonic()
    client = subprocess.Popen(
        [sys.argv[1], '127.0.0.1:%d' % server.getsockname()[1], 'a'],
        stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, cwd=tempfile.mkdtemp())
    os.close(slave)
    screen = bytearray()
    def look():
        try:
            while data := os.read(master, 1024):
                screen.extend(data)
        except OSError:
            pass
    looking = threading.Thread(target=look)
    looking.start()
    peer, _ = server.accept()
    peer.recv(1024)
    for _ in range(blocks):
        peer.sendall(bytes(1 << 18))
        time.sleep(0.01)
    peer.close()
    status = client.wait()
    seconds = time.monotonic() - begun
    looking.join()
    first, *changes = screen.decode().replace('\\r\\n', ' | ').split('\\r')
    widest = max([len(change.split(' |')[0]) + 1 for change in changes], default=0)
    print(status, seconds, len(changes), widest, (changes or [first])[-1])
download(100)
download(0)
";
    let Some(screen) = Program::python(source, &[EXE]) else {
        return;
    };
    let out = screen.end().out;
    let (whole, refused) = out.split_once('\n').unwrap();
    let words: Vec<&str> = whole.split_whitespace().collect();
    let [status, all, changes, widest, size, "MiB", rate, "MiB/s", seconds, "秒", "|", last, "|"] =
        words[..]
    else {
        panic!("{out}");
    };
    assert_eq!((status, size, last), ("0", "25.0", "文件传输完毕"), "{out}");
    let number = |word: &str| word.parse::<f64>().unwrap();
    // The last change comes with the end, whenever that is.
    assert!(number(changes) <= number(all) * 10.0 + 1.0, "{out}");
    assert!(number(seconds) >= 1.0, "{out}"); // the pauses alone
    assert!(number(widest) < 30.0, "{out}");
    // Both are rounded, by a half at most.
    let rounding = number(rate) * 0.5 + number(seconds) * 0.05 + 0.1;
    assert!((number(rate) * number(seconds) - 25.0).abs() <= rounding, "{out}");
    assert!(refused.starts_with("1 ") && refused.contains(" 0 0 已连接"), "{out}");
    assert!(refused.contains(" | 没有下载文件 | 服务器没有发来内容"), "{out}");
}

#[test]
fn a_python_server_understands_it() {
    let source = "
import socket
server = socket.create_server(('127.0.0.1', 0))
print(server.getsockname()[1])
for answer in (b'content' * 1000, b''):
    client, _ = server.accept()
    print(client.recv(1024).decode())
    client.sendall(answer)
    client.close()
";
    let Some(server) = Program::python(source, &[]) else {
        return;
    };
    server.expect("\n");
    let remote = format!("127.0.0.1:{}", server.shown().trim());
    let directory = tempdir().unwrap();
    let client = Program::start_in(directory.path(), EXE, &[&remote, "文件"]);
    assert_eq!(client.end().out, "收到消息\n文件传输完毕\n");
    assert_eq!(fs::read(directory.path().join("文件")).unwrap(), b"content".repeat(1000));
    let client = Program::start_in(directory.path(), EXE, &[&remote, "none"]);
    assert_eq!(client.end().out, "没有下载文件\n");
    assert_eq!(names(&directory), ["文件"]);
}
