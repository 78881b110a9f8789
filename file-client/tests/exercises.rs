//! The checks of the exercise `resumable`, client's side. On your own `examples/my_resumable.rs`:
//! `cargo test -p file-client --test exercises -- --ignored`

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::fs;
use std::net::TcpListener;
use testing::exercise::{Check, Connection, Subject, literal};
use testing::{TempDir, tempdir};

testing::exercise! {
    resumable of "file-client" {
        a_cut_download_goes_on_where_it_stopped => "从偏移量 0 开始的请求",
        a_killed_download_goes_on_as_well => "从偏移量 0 开始的请求",
        a_changed_file_is_fetched_anew => "从偏移量 0 开始的请求",
        an_empty_file_is_a_file => "从偏移量 0 开始的请求",
        a_refusal_leaves_everything_as_it_was => "从偏移量 0 开始的请求",
        nonsense_is_no_file => "从偏移量 0 开始的请求",
    }
    wrong []
}

/// The server that the check plays, and the directory that the client runs in.
struct Lab<'a> {
    check: &'a Check,
    listener: TcpListener,
    directory: TempDir,
}

impl<'a> Lab<'a> {
    fn new(check: &'a Check) -> Lab<'a> {
        Lab {
            check,
            listener: check.listen("服务器"),
            directory: tempdir().unwrap(),
        }
    }

    /// The user has another `f.txt` already.
    fn put_old_file(&self) {
        fs::write(self.directory.path().join("f.txt"), "old").unwrap();
        self.check.did("目录中事先放入旧的 f.txt，内容是“old”");
    }

    /// Starts the client, and receives its request for `f.txt` from this offset on.
    #[track_caller]
    fn asked(&self, offset: u64) -> (Subject<'a>, Connection<'a>) {
        let address = self.listener.local_addr().unwrap().to_string();
        let client = self
            .check
            .start_in(self.directory.path(), &[&address, "f.txt"]);
        let server = self.asked_again(offset);
        (client, server)
    }

    /// A client that is running connects once more, with a request from this offset on.
    #[track_caller]
    fn asked_again(&self, offset: u64) -> Connection<'a> {
        let server = self.check.accept("服务器", &self.listener);
        let expected = format!("从偏移量 {offset} 开始的请求，以换行结尾");
        server.receives(format!("{offset} f.txt\n"), &expected);
        server
    }

    /// The old file is left alone, and there are so many other files.
    #[track_caller]
    fn has_old_file(&self, others: usize) {
        self.has(Some("old"), others, "旧文件应当保持原样");
    }

    /// All that the directory has is `f.txt`, with this content.
    #[track_caller]
    fn has_only(&self, content: &str) {
        self.has(Some(content), 0, "下载完毕，不应留下临时文件");
    }

    /// `f.txt`, if there is one, and the number of other files.
    #[track_caller]
    fn has(&self, content: Option<&str>, others: usize, why: &str) {
        let path = self.directory.path().join("f.txt");
        let found = fs::read_to_string(&path).ok();
        let count = fs::read_dir(&self.directory).unwrap().count();
        let found_others = count - usize::from(found.is_some());
        let right = found.as_deref() == content && found_others == others;
        let came = told(found.as_deref(), found_others);
        self.check.expect(
            format!("{}（{why}）", told(content, others)),
            right.then_some(()).ok_or(came),
        );
    }
}

/// What there is in a directory.
fn told(content: Option<&str>, others: usize) -> String {
    let content = match content {
        Some("") => "目录中 f.txt 是空文件".into(),
        Some(content) => format!("目录中 f.txt 的内容是{}", literal(content)),
        None => "目录中没有 f.txt".into(),
    };
    match others {
        0 => format!("{content}，没有其他文件"),
        _ => format!("{content}，另有 {others} 个文件"),
    }
}

fn a_cut_download_goes_on_where_it_stopped(check: &Check) {
    let lab = Lab::new(check);
    lab.put_old_file();
    let (client, server) = lab.asked(0);
    server.sends("10 77\nhell");
    server.closes();
    client.ends(1);
    lab.has_old_file(1);

    let (client, server) = lab.asked(4);
    server.sends("10 77\no");
    server.closes();
    client.ends(1);
    lab.has_old_file(1);

    let (client, server) = lab.asked(5);
    server.sends("10 77\nworld");
    server.closes();
    client.shows("文件传输完毕\n");
    client.ends(0);
    lab.has_only("helloworld");
}

fn a_killed_download_goes_on_as_well(check: &Check) {
    let lab = Lab::new(check);
    let (client, server) = lab.asked(0);
    server.sends("10 77\nhello");
    client.shows("收到消息\n");
    client.is_killed();

    // How much of it had reached the disk by then is not certain.
    let address = lab.listener.local_addr().unwrap().to_string();
    let client = check.start_in(lab.directory.path(), &[&address, "f.txt"]);
    let server = check.accept("服务器", &lab.listener);
    let digit = server.receives_one_of(b"012345", "一个 0 到 5 之间的偏移量");
    server.receives(" f.txt\n", "请求的其余部分");
    let rest = &"helloworld"[usize::from(digit - b'0')..];
    server.sends(format!("10 77\n{rest}"));
    client.ends(0);
    lab.has_only("helloworld");
}

fn a_changed_file_is_fetched_anew(check: &Check) {
    let lab = Lab::new(check);
    let (client, server) = lab.asked(0);
    server.sends("10 77\nhello");
    server.closes();
    client.ends(1);

    let (client, server) = lab.asked(5);
    server.sends("10 78\nWORLD");
    check.did("（版本号变了，旧版本的 5 字节作废，应当重新下载）");
    let again = lab.asked_again(0);
    again.sends("10 78\nHELLOWORLD");
    again.closes();
    client.shows("文件传输完毕\n");
    client.ends(0);
    server.closes();
    lab.has_only("HELLOWORLD");
}

fn an_empty_file_is_a_file(check: &Check) {
    let lab = Lab::new(check);
    let (client, server) = lab.asked(0);
    server.sends("0 77\n");
    server.closes();
    client.shows("文件传输完毕\n");
    client.ends(0);
    lab.has(Some(""), 0, "服务器说文件大小为 0，空文件也是文件");
}

fn a_refusal_leaves_everything_as_it_was(check: &Check) {
    let lab = Lab::new(check);
    lab.put_old_file();
    let (client, server) = lab.asked(0);
    server.closes();
    client.shows("没有下载文件\n");
    client.ends(1);
    lab.has_old_file(0);
}

fn nonsense_is_no_file(check: &Check) {
    let lab = Lab::new(check);
    for nonsense in ["<html>\n", "10\n", "-1 77\n", "10 77", &"1".repeat(10_000)] {
        let (client, server) = lab.asked(0);
        server.sends(nonsense);
        server.closes();
        client.ends(1);
        lab.has(None, 0, "应答不合规定，不应当留下文件");
    }
}
