//! The checks of the exercise `resumable_server`. On your own `examples/my_resumable_server.rs`:
//! `cargo test -p file-server --test exercises -- --ignored`

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use common::retry_interrupted;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;
use testing::exercise::{ANY_PORT, Check, Connection, Subject, literal};
use testing::{DEADLINE, TempDir, is_timeout, relay, sample, tempdir};

mod wrong;

testing::exercise! {
    resumable_server of "file-server" {
        stage_1 {
            a_line_asks_and_a_line_answers "请求一行，回复一行" => "文件大小、版本号和全部内容",
            a_request_may_come_in_pieces "请求可以分几次到达" => "文件大小、版本号和全部内容",
            a_name_may_have_spaces_and_be_long "文件名可以有空格，可以很长" => "文件大小、版本号和全部内容",
            only_what_is_in_the_directory_is_served "只提供目录中的文件" => "文件大小、版本号和全部内容",
            what_is_no_request_is_refused "格式不对的请求，拒绝" => "文件大小、版本号和全部内容",
        }
        stage_2 {
            the_rest_is_served_from_any_offset "从任何偏移量开始都能发送" => "文件大小、版本号和全部内容",
            an_offset_may_be_above_4_gib "偏移量可以超过 4 GiB" => "文件大小、版本号和全部内容",
            several_clients_are_served_at_once "同时服务几个客户端" => "文件大小、版本号和全部内容",
            the_real_client_goes_on "与 resumable 一起：继续下载" => "文件大小、版本号和全部内容",
        }
        stage_3 {
            another_content_is_another_version "内容不同，版本就不同" => "文件大小、版本号和全部内容",
            a_time_put_back_hides_nothing "时间改回去，版本也不同" => "文件大小、版本号和全部内容",
            the_same_file_keeps_its_version "文件不变，版本不变" => "文件大小、版本号和全部内容",
            a_file_that_changes_while_it_is_sent_is_cut_off "发送时文件改变，中断连接" => "文件大小、版本号和全部内容",
            the_real_client_sees_a_change "与 resumable 一起：版本改变" => "文件大小、版本号和全部内容",
        }
    }
}

/// More than all the buffers between a server and a client that does not read.
const LARGE: usize = 24 << 20;

/// The server that is checked, and the directory that it serves.
struct Lab<'a> {
    check: &'a Check,
    server: Subject<'a>,
    directory: TempDir,
}

impl<'a> Lab<'a> {
    /// A server of a directory with `f.txt`, which says `helloworld`, and is served.
    #[track_caller]
    fn new(check: &'a Check) -> Lab<'a> {
        let directory = tempdir().unwrap();
        let server = check.start(&[ANY_PORT, directory.path().to_str().unwrap()]);
        let lab = Lab { check, server, directory };
        lab.write("f.txt", "helloworld");
        lab.version_of("f.txt", b"helloworld");
        lab
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Writes a file that the server serves.
    fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let content = content.as_ref();
        fs::write(self.path(name), content).unwrap();
        self.check.did(format!("在目录中写入文件“{name}”，内容是{}", literal(content)));
    }

    #[track_caller]
    fn connect(&self, name: &'static str) -> Connection<'a> {
        self.check.connect(name, self.server.address())
    }

    /// Sends a request, and returns the answer up to its end.
    #[track_caller]
    fn answer(&self, request: impl AsRef<[u8]>, expected: &str) -> Vec<u8> {
        let client = self.connect("客户端");
        client.sends(request);
        client.receives_the_end(expected)
    }

    /// The request is answered with all of a file that has this content. Returns its version.
    #[track_caller]
    fn whole(&self, request: impl AsRef<[u8]>, content: &[u8]) -> u128 {
        let answer = self.answer(request, "回复之后，程序正常关闭连接");
        self.is_whole(&answer, content)
    }

    #[track_caller]
    fn version_of(&self, name: &str, content: &[u8]) -> u128 {
        self.whole(format!("0 {name}\n"), content)
    }

    /// The answer has all of a file that has this content. Returns its version.
    #[track_caller]
    fn is_whole(&self, answer: &[u8], content: &[u8]) -> u128 {
        let size = content.len();
        let whole = [format!("{size} 版本号\n").as_bytes(), content].concat();
        let expected = format!("回复是文件大小、版本号和全部内容：{}", literal(whole));
        let version = version_in(answer, size as u64, content);
        self.check.expect(expected, version.ok_or(told(answer)))
    }

    /// The request is answered with size and version, and with this part of the content.
    #[track_caller]
    fn part(&self, request: &str, line: &str, content: &[u8], why: &str) {
        let answer = self.answer(request, "回复之后，程序正常关闭连接");
        let right = [line.as_bytes(), content].concat();
        self.is(&answer, &right, why);
    }

    /// The request is refused.
    #[track_caller]
    fn refuses(&self, request: impl AsRef<[u8]>, why: &str) {
        let answer = self.answer(request, "程序拒绝这个请求，正常关闭连接");
        self.is(&answer, b"", why);
    }

    #[track_caller]
    fn is(&self, answer: &[u8], right: &[u8], why: &str) {
        let same = answer.iter().zip(right).take_while(|(a, b)| a == b).count();
        let came = || format!("{}，前 {same} 字节与期望相同", told(answer));
        self.check.expect_that(format!("{}（{why}）", told(right)), answer == right, came);
    }
}

/// The version in an answer, if it is right.
fn version_in(answer: &[u8], size: u64, content: &[u8]) -> Option<u128> {
    let (line, rest) = answer.split_at(answer.iter().position(|byte| *byte == b'\n')?);
    let version = std::str::from_utf8(line).ok()?.strip_prefix(&format!("{size} "))?;
    let digits = version.bytes().all(|byte| byte.is_ascii_digit());
    (digits && rest[1..] == *content).then(|| version.parse().ok())?
}

/// An answer, in words.
fn told(answer: &[u8]) -> String {
    match answer {
        b"" => "没有回复".into(),
        answer => format!("回复是：{}", literal(answer)),
    }
}

fn a_line_asks_and_a_line_answers(check: &Check) {
    let lab = Lab::new(check);
    let content = sample(3_000_000);
    lab.write("large.txt", &content);
    lab.version_of("large.txt", &content);
    fs::create_dir(lab.path("sub")).unwrap();
    lab.write("sub/inner.txt", "inner");
    lab.version_of("sub/inner.txt", b"inner");
    lab.write("empty", "");
    lab.version_of("empty", b"");
}

fn a_request_may_come_in_pieces(check: &Check) {
    let lab = Lab::new(check);
    for pieces in [&["0 ", "f.", "txt", "\n"][..], &["0", " f.txt", "\r", "\n"]] {
        let client = lab.connect("客户端");
        client.sends_in_pieces(pieces);
        client.half_closes();
        let answer = client.receives_the_end("回复之后，程序正常关闭连接");
        lab.is_whole(&answer, b"helloworld");
    }
    // What follows the line is passed over, however much it is, and the end stays orderly.
    lab.whole("0 f.txt\n5 f.txt\n", b"helloworld");
    lab.whole(format!("0 f.txt\n{}", "more ".repeat(50_000)), b"helloworld");
}

fn a_name_may_have_spaces_and_be_long(check: &Check) {
    let lab = Lab::new(check);
    // Windows has no names that end in a space.
    let name = if cfg!(windows) { " A  b.txt" } else { " A  b.txt " };
    lab.write(name, "spaces");
    lab.version_of(name, b"spaces");
    // 1,024 bytes: four directories with names of 240 bytes.
    let directories = format!("{}/", "目".repeat(80)).repeat(4);
    if let Err(error) = fs::create_dir_all(lab.path(&directories)) {
        check.skips("1024 字节的文件名", error);
        return;
    }
    let name = directories + &"道".repeat(20);
    lab.write(&name, "long");
    lab.version_of(&name, b"long");
    lab.whole(format!("0 {name}\r\n"), b"long");
}

fn only_what_is_in_the_directory_is_served(check: &Check) {
    let lab = Lab::new(check);
    fs::create_dir(lab.path("sub")).unwrap();
    let outside = tempdir().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    check.did("在目录中创建子目录“sub”，在目录之外写入文件“secret”");
    let outside = outside.path().file_name().unwrap().to_str().unwrap();
    let up = format!("0 ../{outside}/secret\n");
    let absolute = format!("0 {}\n", secret.display());
    #[cfg(unix)] // elsewhere there is no such file
    {
        std::os::unix::fs::symlink(&secret, lab.path("link")).unwrap();
        check.did("在目录中创建符号链接“link”，指向目录之外的“secret”");
    }
    let refused = [
        ("0 nothing\n", "文件不存在"),
        ("0 sub\n", "这是子目录，不是文件"),
        (&up, "文件在目录之外"),
        (&absolute, "文件在目录之外"),
        ("0 link\n", "符号链接指向目录之外"),
    ];
    for (request, why) in refused {
        lab.refuses(request, why);
    }
    lab.server.shows_times("你下载的文件不存在\n", refused.len());
    lab.version_of("f.txt", b"helloworld");
}

fn what_is_no_request_is_refused(check: &Check) {
    let lab = Lab::new(check);
    let refused = [
        (&b"f.txt\n"[..], "请求中没有偏移量"),
        (b"0\n", "请求中没有文件名"),
        (b"0 \n", "请求中没有文件名"),
        (b"\n", "请求是空行"),
        (b"-1 f.txt\n", "偏移量小于 0"),
        (b"x f.txt\n", "偏移量不是数"),
        (b"99999999999999999999 f.txt\n", "偏移量太大"),
        (b"0 \xff\xfe.txt\n", "文件名不是 UTF-8"),
    ];
    for (request, why) in refused {
        lab.refuses(request, why);
    }
    let client = lab.connect("请求只发送了一半的客户端");
    client.sends("0 f.txt");
    client.half_closes();
    let answer = client.receives_the_end("程序拒绝不完整的请求，正常关闭连接");
    lab.is(&answer, b"", "请求没有换行，不完整");

    let client = lab.connect("一直不发送换行的客户端");
    client.sends([b'1'; 4000]);
    check.did("（连接不关闭）");
    client.is_closed_without_a_word("程序不再等待换行，关闭连接（请求最多 2000 字节）");

    lab.server.shows_times("你下载的文件不存在\n", refused.len() + 2);
    drop(lab.connect("不发送数据就关闭连接的客户端"));
    lab.version_of("f.txt", b"helloworld");
}

fn the_rest_is_served_from_any_offset(check: &Check) {
    let lab = Lab::new(check);
    let version = lab.version_of("f.txt", b"helloworld");
    let line = format!("10 {version}\n");
    for offset in [1, 5, 9] {
        let why = "第一行之后是从偏移量开始的内容";
        let rest = &b"helloworld"[offset..];
        lab.part(&format!("{offset} f.txt\n"), &line, rest, why);
    }
    let why = "偏移量不小于文件大小，因此只有第一行";
    for offset in [10, 11, u64::MAX >> 1] {
        lab.part(&format!("{offset} f.txt\n"), &line, b"", why);
    }
    let answer = lab.answer(format!("{} f.txt\n", u64::MAX), "程序正常关闭连接");
    if !answer.is_empty() {
        lab.is(&answer, line.as_bytes(), why); // or it was refused
    }
    let content = sample(3_000_000);
    lab.write("large.txt", &content);
    let version = lab.version_of("large.txt", &content);
    let line = format!("3000000 {version}\n");
    for offset in [1, 131_073, 1_500_000, 2_999_999] {
        let why = "第一行之后是从偏移量开始的内容";
        let rest = &content[offset..];
        lab.part(&format!("{offset} large.txt\n"), &line, rest, why);
    }
    lab.server.has_not_panicked();
}

fn an_offset_may_be_above_4_gib(check: &Check) {
    let lab = Lab::new(check);
    // 1 TiB and 10 bytes: counted in 32 bits, it would be 10. Only a file with holes can be so large.
    let size: u64 = (1 << 40) + 10;
    let file = File::create(lab.path("large")).unwrap();
    if let Err(error) = file.set_len(size) {
        check.skips("1 TiB 的稀疏文件", error);
        return;
    }
    check.did(format!("在目录中写入文件“large”，{size} 字节，全是 0（稀疏文件）"));
    let answer = lab.answer(format!("{} large\n", size - 5), "回复之后，程序正常关闭连接");
    let version = version_in(&answer, size, &[0; 5]);
    let expected = format!("回复是文件大小 {size}、版本号和最后 5 字节");
    let came = version.map(drop).ok_or(told(&answer));
    check.expect(expected, came);
}

fn several_clients_are_served_at_once(check: &Check) {
    let lab = Lab::new(check);
    let content = sample(LARGE);
    lab.write("large.txt", &content);
    let _silent = lab.connect("不发送数据的客户端");
    let halfway = lab.connect("请求只发送了一半的客户端");
    halfway.sends("0 f.");
    let slow = lab.connect("暂不接收的客户端");
    slow.sends("0 large.txt\n");
    slow.half_closes();
    let begun = retry_interrupted(|| slow.socket().peek(&mut [0]));
    let begun = begun.map_err(|error| check.trouble(&error));
    check.expect("回复的开头已到达，暂不接收的客户端不取走", begun);
    let other = lab.connect("另一个客户端");
    other.sends("9000000 large.txt\n");
    let answer = other.receives_the_end("回复之后，程序正常关闭连接");
    let is_right = answer.ends_with(&content[9_000_000..]);
    check.expect_that("另一个客户端收到从偏移量开始的全部内容", is_right, || told(&answer));
    let resetting = lab.connect("收到开头就复位连接的客户端");
    resetting.sends("0 large.txt\n");
    resetting.resets(1);
    let answer = slow.receives_the_end("暂不接收的客户端开始接收，收到回复之后，程序正常关闭连接");
    lab.is_whole(&answer, &content);
    halfway.sends("txt\n");
    let answer = halfway.receives_the_end("回复之后，程序正常关闭连接");
    lab.is_whole(&answer, b"helloworld");
}

/// The worked solution of the client downloads `f.txt` through a relay into a directory, and ends with
/// this status. `None`: it was not handed out.
#[track_caller]
fn downloads(check: &Check, relay: SocketAddr, directory: &TempDir, status: i32) -> Option<()> {
    let arguments = [&relay.to_string(), "f.txt"];
    check.start_solution("resumable", directory.path(), &arguments)?.ends(status);
    Some(())
}

/// The worked solution of the client goes on where its connection has broken, and `meanwhile` something
/// may happen.
fn real_client_gets(lab: &Lab, content: &[u8], meanwhile: impl FnOnce()) {
    let (check, directory) = (lab.check, tempdir().unwrap());
    let relay = relay(lab.server.address(), &[10_000]);
    check.did(format!("中继 {relay} 把请求转给程序，第一次只转回回复的 10000 字节就断开"));
    if downloads(check, relay, &directory, 1).is_none() {
        return;
    }
    meanwhile();
    downloads(check, relay, &directory, 0);
    let came = fs::read(directory.path().join("f.txt")).unwrap_or_default();
    let expected = format!("客户端收到完整的 f.txt：{}", literal(content));
    check.expect_that(expected, came == content, || format!("收到{}", literal(&came)));
}

fn the_real_client_goes_on(check: &Check) {
    let lab = Lab::new(check);
    let content = sample(200_000);
    lab.write("f.txt", &content);
    real_client_gets(&lab, &content, || {});
}

/// Waits until the clock of the file system has moved on: what is written from now on has another
/// time than what was written before.
fn clock_moves_on() {
    let probe = tempdir().unwrap();
    let path = probe.path().join("probe");
    let time = || {
        fs::write(&path, "probe").unwrap();
        fs::metadata(&path).unwrap().modified().unwrap()
    };
    let (first, begun) = (time(), Instant::now());
    while time() == first {
        assert!(begun.elapsed() < DEADLINE, "the clock stands still");
    }
}

/// The versions of one file are all different.
#[track_caller]
fn are_different(check: &Check, versions: &[u128]) {
    let [.., before, now] = versions else { return };
    let came = || format!("版本号又是 {now}");
    check.expect_that("文件变了，版本号与上一次的不同", before != now, came);
}

fn another_content_is_another_version(check: &Check) {
    let lab = Lab::new(check);
    let mut versions = vec![lab.version_of("f.txt", b"helloworld")];
    // As long as before, shorter, longer, and back again, all of it within a second.
    for content in ["HELLOWORLD", "hello", "hello, world", "HELLOWORLD", "helloworld", "HelloWorld"]
    {
        clock_moves_on();
        lab.write("f.txt", content);
        versions.push(lab.version_of("f.txt", content.as_bytes()));
        are_different(check, &versions);
    }
}

fn a_time_put_back_hides_nothing(check: &Check) {
    let lab = Lab::new(check);
    let mut versions = vec![lab.version_of("f.txt", b"helloworld")];
    // Only Unix has a time that no program can set.
    if cfg!(unix) {
        let modified = fs::metadata(lab.path("f.txt")).unwrap().modified().unwrap();
        let put_back = |name| {
            let file = File::options().write(true).open(lab.path(name)).unwrap();
            file.set_modified(modified).unwrap();
            check.did(format!("把“{name}”的修改时间改回原来“f.txt”的修改时间"));
        };
        clock_moves_on();
        lab.write("f.txt", "HELLOWORLD");
        put_back("f.txt");
        versions.push(lab.version_of("f.txt", b"HELLOWORLD"));
        are_different(check, &versions);

        clock_moves_on();
        lab.write("new.txt", "HelloWorld");
        put_back("new.txt");
        fs::rename(lab.path("new.txt"), lab.path("f.txt")).unwrap();
        check.did("把“new.txt”改名为“f.txt”，取代原来的文件");
        versions.push(lab.version_of("f.txt", b"HelloWorld"));
        are_different(check, &versions);
    }
}

fn the_same_file_keeps_its_version(check: &Check) {
    let lab = Lab::new(check);
    let version = lab.version_of("f.txt", b"helloworld");
    clock_moves_on();
    lab.write("other.txt", "another file");
    lab.version_of("other.txt", b"another file");
    let why = "文件没有改变，版本号也不变";
    let line = format!("10 {version}\n");
    lab.part("0 f.txt\n", &line, b"helloworld", why);
    lab.part("5 f.txt\n", &line, b"world", why);
    let Lab { server, directory, .. } = lab;
    server.is_killed();
    let server = check.start(&[ANY_PORT, directory.path().to_str().unwrap()]);
    let lab = Lab { check, server, directory };
    lab.part("5 f.txt\n", &line, b"world", "文件没有改变，程序重新启动后版本号也不变");
}

fn a_file_that_changes_while_it_is_sent_is_cut_off(check: &Check) {
    let lab = Lab::new(check);
    let content = sample(LARGE);
    lab.write("large.txt", &content);
    let client = lab.connect("客户端");
    client.sends("0 large.txt\n");
    let line = client.receives_line("一行回复", |line| Some(line.to_string()));
    clock_moves_on();
    let mut file = File::options().write(true).open(lab.path("large.txt")).unwrap();
    file.seek(SeekFrom::Start(LARGE as u64 - 10)).unwrap();
    file.write_all(b"HELLOWORLD").unwrap();
    check.did("客户端收到第一行时，“large.txt”的最后 10 字节改为“HELLOWORLD”");
    let mut rest = Vec::new();
    let end = client.socket().take(LARGE as u64).read_to_end(&mut rest);
    let came = match end {
        _ if rest.ends_with(b"HELLOWORLD") => {
            Err(format!("收到第一行 {line:?} 和 {LARGE} 字节，最后 10 字节是新的"))
        }
        Err(error) if is_timeout(&error) => Err(check.trouble(&error)),
        _ => Ok(()),
    };
    check.expect("收到的不会一部分是旧内容，一部分是新内容：程序提前断开连接", came);
}

fn the_real_client_sees_a_change(check: &Check) {
    let lab = Lab::new(check);
    lab.write("f.txt", sample(50_000));
    let content = &sample(100_000)[50_000..];
    real_client_gets(&lab, content, || {
        clock_moves_on();
        lab.write("f.txt", content);
    });
}
