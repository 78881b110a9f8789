//! `file-client` as its user sees it: transcript, wire, files, exit status.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a panic is how a test fails, and a pause makes seconds pass"
)]

use std::fs;
use std::io::Write;
use std::net::TcpStream;
use std::path::Path;
use testing::{Program, TempDir, accept, listen, read, tempdir};

const EXE: &str = env!("CARGO_BIN_EXE_file-client");

/// A download of `name`, and the server's end of its connection, which has received the name.
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
    client.expect("收到消息\n"); // once, however much follows
    server.write_all(b"y").unwrap();
    drop(server);
    let ended = client.end();
    assert_eq!((ended.status, &*ended.out), (Some(0), "收到消息\n文件传输完毕\n"), "{ended:?}");
    assert_eq!(names(&outer), ["inner"]);
    assert_eq!(fs::read(inner.join("name.txt")).unwrap(), b"xy");
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
    assert!(matches!(&names(&directory)[..], [part, _] if part.starts_with(".file-client-")));
    testing::reset(server); // the name is unread, as after the death of file-server
    let ended = client.end();
    assert_eq!((ended.status, ended.out.as_str()), (Some(1), "收到消息\n"), "{ended:?}");
    assert!(
        ended.err.contains("无法继续下载（已收到 4 字节，没有保存）：连接被对方复位："),
        "{ended:?}"
    );
    old_is_there();
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
    let takes_all = (0..1000).all(|_| server.write_all(&[b'x'; 64 * 1024]).is_ok());
    assert!(!takes_all, "it still receives");
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
    let directory = tempdir().unwrap();
    let (client, mut server) = downloading_to(directory.path(), "a");
    server.write_all(b"half").unwrap();
    client.expect("收到消息\n");
    client.signal("INT");
    let ended = client.end();
    assert_eq!(ended.status, Some(130), "{ended:?}");
    assert!(ended.err.ends_with("下载中断，没有保存文件\n"), "{ended:?}");
    assert_eq!(names(&directory), [] as [&str; 0]);
}

/// strace(1), which tampers with system calls, or a note that it is missing; under CI it must be there.
#[cfg(target_os = "linux")]
fn strace(inject: &str) -> Option<std::process::Command> {
    let mut command = std::process::Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "-e", &format!("inject={inject}")]);
    if std::process::Command::new("strace").arg("-V").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "strace is missing");
        eprintln!("strace is missing: skipped");
        return None;
    }
    Some(command)
}

/// The signal comes while the thread that is to handle it starts.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_in_the_first_moment_is_a_failure_as_well() {
    let (_listener, address) = listen();
    let Some(mut command) = strace("clone3,clone:signal=SIGINT:delay_exit=30000") else {
        return;
    };
    command.args([EXE, &address.to_string(), "a"]);
    let ended = Program::spawn(command).end();
    assert_eq!(ended.status, Some(130), "{ended:?}");
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
    let Some(mut command) = strace("fsync:error=EIO") else {
        return;
    };
    command.args([EXE, &address.to_string(), "a"]).current_dir(directory.path());
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

/// A terminal shows the progress in one line, which fits into 30 columns and ends before the last words;
/// and where nothing comes, there is none.
#[cfg(unix)]
#[test]
fn a_terminal_shows_size_rate_and_time() {
    let directory = tempdir().unwrap();
    let download = |blocks| {
        let (listener, address) = listen();
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$1\" a 2>&1", EXE, &address.to_string()]);
        let client = Program::spawn_on_terminal({
            command.current_dir(&directory);
            command
        });
        let mut server = accept(&listener);
        assert_eq!(read(&server, 1), b"a");
        for _ in 0..blocks {
            server.write_all(&[0; 1 << 18]).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(10)); // for the seconds below
        }
        drop(server);
        client.end().out.replace("\r\n", " | ")
    };
    let out = download(100);
    let changes: Vec<&str> = out.split('\r').skip(1).collect();
    let is_narrow = |change: &&str| change.split(" |").next().unwrap().chars().count() < 30;
    assert!(!changes.is_empty() && changes.iter().all(is_narrow), "{out}");
    let last = changes.last().unwrap();
    assert!(last.starts_with("25.0 MiB ") && last.ends_with(" | 文件传输完毕 | "), "{out}");

    let refused = download(0);
    assert!(
        !refused.contains('\r') && refused.contains(" | 没有下载文件 | 服务器没有"),
        "{refused}"
    );
}
