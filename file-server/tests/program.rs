//! `file-server` as its user sees it: transcript, wire, exit status.

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use testing::{Program, TempDir, connect, read_all, tempdir};

const EXE: &str = env!("CARGO_BIN_EXE_file-server");

/// More than all the buffers between a server and a client that does not read.
const LARGE: u64 = 64 << 20;

/// A server of a directory with the files `a.txt` and, of [`LARGE`] bytes, `large`.
fn server() -> (Program, TempDir) {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("a.txt"), "content").unwrap();
    fs::File::create(directory.path().join("large")).unwrap().set_len(LARGE).unwrap();
    (Program::start(EXE, &["127.0.0.1:0", directory.path().to_str().unwrap()]), directory)
}

/// A connection that has asked for `name`.
fn ask(server: &Program, name: impl AsRef<[u8]>) -> TcpStream {
    let mut client = connect(server.address());
    client.write_all(name.as_ref()).unwrap();
    client
}

/// A connection that is being served `large`: its first bytes have come, the rest waits.
fn ask_large(server: &Program) -> TcpStream {
    let mut client = ask(server, "large");
    client.read_exact(&mut [0; 1000]).unwrap();
    client
}

/// The same, and then the first Ctrl-C.
#[cfg(unix)]
fn ask_large_and_stop(server: &Program) -> TcpStream {
    let client = ask_large(server);
    server.signal("INT");
    server.expect_note("停止接受连接");
    client
}

fn is_reset(result: &std::io::Result<Vec<u8>>) -> bool {
    result.as_ref().is_err_and(|error| error.kind() == ErrorKind::ConnectionReset)
}

#[test]
fn a_file_is_served_and_its_name_shown_twice() {
    let (server, directory) = server();
    assert_eq!(read_all(&ask(&server, "a.txt")).unwrap(), b"content");
    fs::create_dir(directory.path().join("子目录")).unwrap();
    fs::write(directory.path().join("子目录/文件"), "inner").unwrap();
    assert_eq!(read_all(&ask(&server, "./子目录/文件")).unwrap(), b"inner");
    let name = "./\\xe5\\xad\\x90\\xe7\\x9b\\xae\\xe5\\xbd\\x95/\\xe6\\x96\\x87\\xe4\\xbb\\xb6";
    server.expect(&format!("b\"a.txt\"\nb\"a.txt\"\nb\"{name}\"\nb\"{name}\"\n"));
    let (address, path) = (server.address(), directory.path().display());
    let note = format!("正在监听 {address}，目录 {path}\n");
    assert_eq!(server.noted(), note, "and nothing else");
}

/// Bytes that come after the name must not turn the close into a reset.
#[test]
fn a_client_that_goes_on_talking_gets_an_orderly_close() {
    let (server, _directory) = server();
    let mut client = ask_large(&server);
    client.write_all(&b"what else is there?\n".repeat(1000)).unwrap();
    let rest = read_all(&client).unwrap();
    assert_eq!(rest.len() as u64, LARGE - 1000);
    client.write_all(b"thanks\n").unwrap();
}

#[test]
fn every_refusal_is_told_and_sends_nothing() {
    let (server, directory) = server();
    let outside = tempdir().unwrap();
    fs::write(outside.path().join("secret"), "secret").unwrap();
    fs::create_dir(directory.path().join("sub")).unwrap();
    let absolute = outside.path().join("secret");
    let relative = format!("../{}/secret", outside.path().file_name().unwrap().to_str().unwrap());
    let own = directory.path().join("a.txt");
    let long = [b'x'; 1025];
    let mut refused: Vec<(&[u8], &str)> = vec![
        (b"missing", "无法打开 \"missing\"："),
        (b"..", "拒绝：\"..\" 不是目录内的相对路径"),
        (relative.as_bytes(), "不是目录内的相对路径"),
        (b"sub/../a.txt", "拒绝：\"sub/../a.txt\" 不是目录内的相对路径"),
        (absolute.to_str().unwrap().as_bytes(), "不是目录内的相对路径"),
        (own.to_str().unwrap().as_bytes(), "不是目录内的相对路径"),
        (b"sub", "拒绝：\"sub\" 不是普通文件"),
        (b".", "拒绝：\".\" 不是普通文件"),
        (b"a\0b", "\"a\\0b\""),
        (&long, "文件名超过 1024 字节"),
        (b"\n", "没有收到文件名"),
    ];
    #[cfg(unix)]
    {
        use std::os::unix::fs::symlink;
        symlink(&absolute, directory.path().join("link")).unwrap();
        symlink(outside.path(), directory.path().join("linked")).unwrap();
        symlink("/dev/zero", directory.path().join("zero")).unwrap();
        symlink("a.txt", directory.path().join("inside")).unwrap();
        symlink("loop", directory.path().join("loop")).unwrap();
        let fifo = directory.path().join("fifo");
        assert!(std::process::Command::new("mkfifo").arg(fifo).status().unwrap().success());
        refused.extend([
            (&b"link"[..], "拒绝：\"link\" 指向目录之外"),
            (b"linked/secret", "拒绝：\"linked/secret\" 指向目录之外"),
            (b"zero", "拒绝：\"zero\" 指向目录之外"),
            (b"loop", "无法打开 \"loop\"："),
            (b"a.txt/", "无法打开 \"a.txt/\"："),
            (b"fifo", "拒绝：\"fifo\" 不是普通文件"),
        ]);
    }
    #[cfg(windows)]
    refused.extend([
        (&b"NUL"[..], "不是普通文件的名字"),
        (b"a.txt::$DATA", "不是普通文件的名字"),
        (b"..\\x", "不是目录内的相对路径"),
    ]);
    let mut shown = String::new();
    for (name, reason) in refused {
        assert_eq!(read_all(&ask(&server, name)).unwrap(), b"", "{name:?}");
        let name = name.trim_ascii_end().escape_ascii();
        shown += &format!("b\"{name}\"\nb\"{name}\"\n你下载的文件不存在\n");
        server.expect(&shown);
        server.expect_note(reason);
    }
    #[cfg(unix)]
    assert_eq!(read_all(&ask(&server, "inside")).unwrap(), b"content");
    assert_eq!(read_all(&ask(&server, "a.txt\r\n")).unwrap(), b"content");
}

/// On Unix a name is bytes, and Python's server opens it as such.
#[cfg(target_os = "linux")]
#[test]
fn a_name_that_is_not_utf8_is_a_name() {
    use std::os::unix::ffi::OsStrExt;
    let (server, directory) = server();
    let name = b"\xc4\xe3.txt";
    fs::write(directory.path().join(std::ffi::OsStr::from_bytes(name)), "gbk").unwrap();
    assert_eq!(read_all(&ask(&server, name)).unwrap(), b"gbk");
}

#[test]
fn an_empty_file_and_a_client_without_a_name_get_an_orderly_close() {
    let (server, directory) = server();
    fs::write(directory.path().join("empty"), "").unwrap();
    assert_eq!(read_all(&ask(&server, "empty")).unwrap(), b"");
    let client = connect(server.address());
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_all(&client).unwrap(), b"");
    server.expect("b\"empty\"\nb\"empty\"\nb\"\"\nb\"\"\n你下载的文件不存在\n");
}

/// Its content would be sent as nothing.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_claims_to_be_empty_is_refused() {
    let server = Program::start(EXE, &["127.0.0.1:0", "/proc"]);
    assert_eq!(read_all(&ask(&server, "version")).unwrap(), b"");
    server.expect_note("拒绝：\"version\" 声称长度为 0，却有内容");
}

#[test]
fn clients_are_served_side_by_side() {
    let (server, _directory) = server();
    // Not more: on macOS a program may have 256 files open.
    let _silent: Vec<_> = (0..20).map(|_| connect(server.address())).collect();
    let _deaf: Vec<_> = (0..20).map(|_| ask(&server, "large")).collect();
    let clients: Vec<_> = (0..50).map(|_| ask(&server, "a.txt")).collect();
    for client in clients {
        assert_eq!(read_all(&client).unwrap(), b"content");
    }
}

/// Neither a crash nor `kill -9` lets half a file look like a whole one.
#[cfg(unix)]
#[test]
fn a_killed_server_is_a_reset() {
    let (server, _directory) = server();
    let client = ask_large(&server);
    server.signal("KILL");
    let result = read_all(&client);
    assert!(is_reset(&result), "{:?}", result.map(|bytes| bytes.len()));
}

/// Half old and half new is neither, though the length may be right.
#[test]
fn a_file_that_changes_while_it_is_served_is_a_reset() {
    let changes: [fn(&mut fs::File); 3] = [
        |file| file.set_len(0).unwrap(),
        |file| file.set_len(2 * LARGE).unwrap(),
        |file| file.write_all(b"new content of the same length").unwrap(),
    ];
    for change in changes {
        let (server, directory) = server();
        let client = ask_large(&server);
        let path = directory.path().join("large");
        change(&mut fs::File::options().write(true).open(path).unwrap());
        let result = read_all(&client);
        assert!(is_reset(&result), "{:?}", result.map(|bytes| bytes.len()));
        server.expect_note("文件在发送时被改动，下载中断");
    }
}

#[test]
fn a_client_that_resets_is_told_and_the_next_one_is_served() {
    let (server, _directory) = server();
    let client = ask(&server, "large");
    testing::reset(client);
    // The systems that descend from BSD tell a writer of a reset in the other word for it.
    let reason = if cfg!(target_vendor = "apple") {
        "对方已关闭连接"
    } else {
        "连接被对方复位"
    };
    server.expect_note(&format!("无法发送：{reason}："));
    assert_eq!(read_all(&ask(&server, "a.txt")).unwrap(), b"content");
}

#[cfg(unix)]
#[test]
fn the_first_ctrl_c_lets_downloads_finish_and_accepts_no_more() {
    let (server, _directory) = server();
    let _silent = connect(server.address());
    let client = ask_large_and_stop(&server);
    let address = server.address();
    for _ in 0..3 {
        let late = connect(address);
        let _ = (&late).write_all(b"a.txt");
        let served = read_all(&late).is_ok_and(|content| !content.is_empty());
        assert!(!served, "a connection after Ctrl-C is closed at once");
    }
    // One note for the client that was silent, none for those that came too late.
    let turned_away = server.noted().matches("服务器正在结束").count();
    assert!(turned_away <= 1, "{}", server.noted());
    assert_eq!(read_all(&client).unwrap().len() as u64, LARGE - 1000);
    drop(client);
    assert_eq!(server.end().status, Some(0));
}

#[cfg(unix)]
#[test]
fn a_download_that_is_cut_off_after_ctrl_c_is_a_failure() {
    let (server, directory) = server();
    let client = ask_large_and_stop(&server);
    fs::write(directory.path().join("large"), "new content").unwrap();
    assert!(is_reset(&read_all(&client)));
    assert_eq!(server.end().status, Some(1));
}

#[cfg(unix)]
#[test]
fn the_second_ctrl_c_ends_at_once_and_what_runs_is_a_reset() {
    let (server, _directory) = server();
    let client = ask_large_and_stop(&server);
    server.signal("INT");
    let ended = server.end();
    assert_eq!(ended.status, Some(1), "a download was cut off: {ended:?}");
    assert!(ended.err.ends_with("立即结束\n"), "{ended:?}");
    assert!(is_reset(&read_all(&client)));
}

/// It may take ten seconds; a server that sends nothing does not wait for them.
#[cfg(unix)]
#[test]
#[ignore = "takes ten seconds; .ci/run runs it"]
fn after_ctrl_c_a_download_that_does_not_end_is_cut_off() {
    let ((mut busy, _directory), (idle, _other)) = (server(), server());
    idle.address();
    let client = ask_large_and_stop(&busy);
    idle.signal("INT");
    assert_eq!(idle.end().status, Some(0));
    assert!(busy.end_before(std::time::Duration::ZERO).is_none());
    let ended = busy.end();
    assert_eq!(ended.status, Some(1), "{ended:?}");
    let last = "1 个下载没有结束，已中断\n";
    assert!(ended.err.ends_with(last), "{ended:?}");
    assert!(is_reset(&read_all(&client)));
}

/// A server that may have so many files open.
#[cfg(unix)]
fn server_with_descriptors(limit: u32, directory: &TempDir) -> Program {
    let mut command = std::process::Command::new("sh");
    let script = format!("ulimit -n {limit}; exec \"$0\" 127.0.0.1:0 \"$1\"");
    command.args(["-c", &script, EXE]).arg(directory.path());
    Program::spawn(command)
}

/// A client that the server has no descriptor for is reset, and served when it comes again.
#[cfg(unix)]
fn is_served_at_last(address: std::net::SocketAddr) {
    loop {
        let mut client = connect(address);
        let _ = client.write_all(b"a.txt");
        match read_all(&client) {
            Ok(content) => break assert_eq!(content, b"content"),
            Err(error) => assert_eq!(error.kind(), ErrorKind::ConnectionReset),
        }
    }
}

#[cfg(unix)]
#[test]
fn few_file_descriptors_are_survived() {
    let (_, directory) = server();
    let server = server_with_descriptors(20, &directory);
    let address = server.address();
    let silent: Vec<_> = (0..30).map(|_| connect(address)).collect();
    server.expect_note("无法接受连接，稍后再试：");
    server.expect_note("3 秒内没有发来文件名（名额已满），断开连接");
    testing::within_deadline("60 downloads", move || {
        (0..60).for_each(|_| is_served_at_last(address));
    });
    let noted = server.noted();
    assert_eq!(noted.matches("无法接受连接").count(), 1, "told once: {noted}");
    drop(silent);
}

/// There are descriptors for a deaf client and its file, and for one who gets no file as long as the
/// deaf one stays.
#[cfg(target_os = "linux")] // which tells how many are open
#[test]
fn a_deaf_client_makes_room_for_the_next_one() {
    let (idle, directory) = server();
    let server = server_with_descriptors(free_descriptor(&idle) + 3, &directory);
    let address = server.address();
    let deaf = ask_large(&server);
    testing::within_deadline("a download", move || is_served_at_last(address));
    server.expect_note("5 秒内没有接收完 64 KiB（名额已满），断开连接");
    assert!(is_reset(&read_all(&deaf)));
}

/// The descriptor that a server's first client will have.
#[cfg(target_os = "linux")]
fn free_descriptor(server: &Program) -> u32 {
    server.address();
    let open = |fd: &u32| fs::symlink_metadata(format!("/proc/{}/fd/{fd}", server.id())).is_ok();
    (0..).find(|fd| !open(fd)).unwrap()
}

/// Whoever can write in the directory exchanges a file for a link to the outside, and back, as fast
/// as possible. What the server opens is what it has judged.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_is_exchanged_for_a_link_gives_nothing_away() {
    use std::os::unix::fs::symlink;
    use std::sync::atomic::{AtomicBool, Ordering};
    let (server, directory) = server();
    let outside = tempdir().unwrap();
    fs::write(outside.path().join("a.txt"), "secret").unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("folder")).unwrap();
    fs::write(path("folder/a.txt"), "content").unwrap();
    symlink(outside.path().join("a.txt"), path("link")).unwrap();
    symlink(outside.path(), path("linked")).unwrap();
    let pipe = std::process::Command::new("mkfifo").arg(path("pipe")).status();
    assert!(pipe.unwrap().success());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                testing::exchange(&path("a.txt"), &path("link"));
                testing::exchange(&path("folder"), &path("linked"));
                testing::exchange(&path("a.txt"), &path("pipe"));
            }
        });
        // A file that changes its name while it is sent ends in a reset.
        let is_harmless = |content: &std::io::Result<Vec<u8>>| match content {
            Ok(content) => content.is_empty() || content == b"content",
            Err(_) => is_reset(content),
        };
        let names = (0..1000).flat_map(|_| ["a.txt", "folder/a.txt"]);
        let mut answers = names.map(|name| read_all(&ask(&server, name)));
        let harm = answers.find(|content| !is_harmless(content));
        done.store(true, Ordering::Relaxed);
        assert!(harm.is_none(), "{harm:?}");
    });
    // And nobody waits in a pipe.
    server.signal("TERM");
    assert_eq!(server.end().status, Some(0));
}

/// A minute and a half, which is what the time limits take.
#[test]
#[ignore = "takes a minute and a half; .ci/run runs it"]
fn a_client_that_says_nothing_or_reads_nothing_is_dropped() {
    let (server, _directory) = server();
    let silent = connect(server.address());
    let mut deaf = ask_large(&server);
    silent.set_read_timeout(Some(2 * testing::DEADLINE)).unwrap();
    assert_eq!(read_all(&silent).unwrap(), b"");
    server.expect_note("30 秒内没有发来文件名");
    server.expect_note_within(4 * testing::DEADLINE, "90 秒内没有接收数据，断开连接");
    let end = deaf.read_to_end(&mut Vec::new());
    assert!(end.is_err_and(|error| error.kind() == ErrorKind::ConnectionReset));
    assert_eq!(read_all(&ask(&server, "a.txt")).unwrap(), b"content");
}
