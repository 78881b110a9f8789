//! The checks of the exercise `resumable_server`. On your own `examples/my_resumable_server.rs`:
//! `cargo test -p file-server --test exercises -- --ignored`

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs::{self, File};
use std::net::Shutdown;
use std::time::{Duration, SystemTime};
use testing::exercise::{Check, Subject, literal};
use testing::{Program, TempDir, example, tempdir};

testing::exercise! {
    resumable_server of "file-server" {
        the_rest_is_served_from_any_offset => "文件大小、版本号和全部内容",
        an_empty_file_is_a_file => "文件大小 0",
        a_request_may_come_in_pieces => "文件大小、版本号和全部内容",
        a_changed_file_has_another_version => "文件大小、版本号和全部内容",
        only_what_is_in_the_directory_is_served => "文件大小、版本号和全部内容",
        it_understands_the_client => "文件大小、版本号和全部内容",
    }
    wrong []
}

/// A server of a directory with `f.txt`, which says `helloworld`.
fn start(check: &Check) -> (Subject<'_>, TempDir) {
    let directory = tempdir().unwrap();
    write(check, &directory, "f.txt", "helloworld");
    let server = check.start(&["127.0.0.1:0", directory.path().to_str().unwrap()]);
    (server, directory)
}

/// Writes a file that the server serves.
fn write(check: &Check, directory: &TempDir, name: &str, content: &str) {
    fs::write(directory.path().join(name), content).unwrap();
    check.did(match content {
        "" => format!("在目录中写入空文件“{name}”"),
        _ => format!("在目录中写入文件“{name}”，内容是{}", literal(content)),
    });
}

/// Sends a request in these pieces, and returns the answer up to its end.
#[track_caller]
fn answer(check: &Check, server: &Subject, request: &[&str], expected: &str) -> String {
    let client = check.connect("客户端", server.address());
    client.socket().set_nodelay(true).unwrap();
    for piece in request {
        client.sends(piece);
    }
    let answer = client.receives_the_end(expected);
    String::from_utf8_lossy(&answer).into_owned()
}

/// All of `f.txt`; returns its version.
#[track_caller]
fn all(check: &Check, server: &Subject, request: &[&str], size: u64, content: &str) -> String {
    let expected = "应答是文件大小、版本号和全部内容，然后程序正常关闭连接";
    let answer = answer(check, server, request, expected);
    let version = answer.strip_prefix(&format!("{size} "));
    let version = version.and_then(|rest| rest.strip_suffix(&format!("\n{content}")));
    let version = version.filter(|version| version.parse::<u128>().is_ok());
    let wanted = literal(format!("{size} 版本号\n{content}"));
    let expected = format!("应答是文件大小、版本号和全部内容：{wanted}");
    let came = version.map(String::from);
    check.expect(expected, came.ok_or(told(&answer)))
}

/// An answer, in words.
fn told(answer: &str) -> String {
    match answer {
        "" => "没有应答".into(),
        answer => format!("应答是：{}", literal(answer)),
    }
}

/// This answer, and why.
#[track_caller]
fn expect_answer(check: &Check, answer: &str, expected: &str, why: &str) {
    let came = (answer == expected).then_some(());
    check.expect(
        format!("{}（{why}）", told(expected)),
        came.ok_or(told(answer)),
    );
}

fn the_rest_is_served_from_any_offset(check: &Check) {
    let (server, _directory) = start(check);
    let version = all(check, &server, &["0 f.txt\n"], 10, "helloworld");
    for (offset, rest) in [
        (5, "world"),
        (9, "d"),
        (10, ""),
        (11, ""),
        (u64::MAX >> 1, ""),
    ] {
        let request = format!("{offset} f.txt\n");
        let end = "应答之后，程序正常关闭连接";
        let came = answer(check, &server, &[&request], end);
        let why = match rest {
            "" => "偏移量不小于文件大小，因此只有第一行",
            _ => "第一行之后是从偏移量开始的内容",
        };
        expect_answer(check, &came, &format!("10 {version}\n{rest}"), why);
    }
}

fn an_empty_file_is_a_file(check: &Check) {
    let (server, directory) = start(check);
    write(check, &directory, "empty", "");
    let came = answer(check, &server, &["0 empty\n"], "应答之后，程序正常关闭连接");
    let right = came.starts_with("0 ") && came.ends_with('\n');
    let expected = "应答只有一行：文件大小 0、一个空格、版本号和换行";
    let came = right.then_some(()).ok_or(told(&came));
    check.expect(expected, came);
}

fn a_request_may_come_in_pieces(check: &Check) {
    let (server, directory) = start(check);
    all(check, &server, &["0 ", "f.", "txt", "\n"], 10, "helloworld");
    all(check, &server, &["0 f.txt\r\n"], 10, "helloworld");
    // What follows the line is passed over, however much it is, and the end stays orderly.
    let more = "more ".repeat(50_000);
    all(check, &server, &["0 f.txt\n", &more], 10, "helloworld");
    write(check, &directory, "a b.txt", "space");
    all(check, &server, &["0 a", " b.txt\n"], 5, "space");
}

fn a_changed_file_has_another_version(check: &Check) {
    let (server, directory) = start(check);
    let one = all(check, &server, &["0 f.txt\n"], 10, "helloworld");
    write(check, &directory, "f.txt", "HELLOWORLD");
    // Some file systems tell the time in steps of two seconds.
    let later = SystemTime::now() + Duration::from_secs(10);
    let file = File::options()
        .write(true)
        .open(directory.path().join("f.txt"))
        .unwrap();
    file.set_modified(later).unwrap();
    let other = all(check, &server, &["0 f.txt\n"], 10, "HELLOWORLD");
    let told = format!("版本号仍是 {other}");
    let expected = "内容变了，版本号也应当改变";
    check.expect(expected, (one != other).then_some(()).ok_or(told));
}

fn only_what_is_in_the_directory_is_served(check: &Check) {
    let (server, directory) = start(check);
    all(check, &server, &["0 f.txt\n"], 10, "helloworld");
    fs::create_dir(directory.path().join("sub")).unwrap();
    let outside = tempdir().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    check.did("在目录中创建子目录“sub”，在目录之外写入文件“secret”");
    let up = format!(
        "0 ../{}/secret\n",
        outside.path().file_name().unwrap().to_str().unwrap()
    );
    let absolute = format!("0 {}\n", secret.display());
    for (wrong, why) in [
        (&up[..], "文件在目录之外"),
        (&absolute, "文件在目录之外"),
        ("0 sub\n", "这是子目录，不是文件"),
        ("0 nothing\n", "文件不存在"),
        ("0 \n", "请求中没有文件名"),
        ("0\n", "请求中没有文件名"),
        ("f.txt\n", "请求中没有偏移量"),
        ("-1 f.txt\n", "偏移量小于 0"),
        ("x f.txt\n", "偏移量不是数字"),
        ("99999999999999999999 f.txt\n", "偏移量太大"),
        ("\n", "请求是空行"),
    ] {
        let end = "程序拒绝这个请求，正常关闭连接";
        let came = answer(check, &server, &[wrong], end);
        expect_answer(check, &came, "", why);
    }
    server.shows("你下载的文件不存在\n");
    let cut = check.connect("请求只发送了一半的客户端", server.address());
    cut.sends("0 f.txt");
    cut.socket().shutdown(Shutdown::Write).unwrap();
    check.did("请求只发送了一半的客户端半关闭连接，不再发送");
    let came = cut.receives_the_end("程序拒绝不完整的请求，正常关闭连接");
    let came = String::from_utf8_lossy(&came);
    expect_answer(check, &came, "", "请求没有换行，不完整");
    // And it goes on.
    all(check, &server, &["0 f.txt\n"], 10, "helloworld");
}

/// Together with the other solution.
fn it_understands_the_client(check: &Check) {
    let (server, directory) = start(check);
    all(check, &server, &["0 f.txt\n"], 10, "helloworld");
    let target = tempdir().unwrap();
    let client = example("file-client", "resumable");
    let address = server.address().to_string();
    for (name, content) in [
        ("f.txt", "helloworld"),
        ("large", &"large ".repeat(1_000_000)[..]),
    ] {
        write(check, &directory, name, content);
        let client = client.to_str().unwrap();
        let ended = Program::start_in(target.path(), client, &[&address, name]).end();
        check.did(format!("用客户端的参考解答下载 {name}"));
        let came = fs::read_to_string(target.path().join(name)).unwrap_or_default();
        let right = ended.status == Some(0) && came == content;
        let status = match ended.status {
            Some(status) => format!("退出状态码为 {status}"),
            None => "被信号终止".into(),
        };
        let (count, most) = (came.len(), content.len());
        let (out, err) = (literal(ended.out), literal(ended.err));
        let told = format!(
            "客户端{status}，得到 {count} 字节（应为 {most} 字节），标准输出：{out}，标准错误：{err}"
        );
        check.expect(
            format!("客户端得到完整的 {name}，退出状态码为 0"),
            right.then_some(()).ok_or(told),
        );
    }
}
