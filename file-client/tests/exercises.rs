//! The checks of the exercise `resumable`, client's side. On your own `examples/my_resumable.rs`:
//! `cargo test -p file-client --test exercises -- --ignored`

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::thread;
use testing::exercise::{ANY_PORT, Check, Connection, Subject, literal};
use testing::{TempDir, listen, relay, sample, tempdir};

mod wrong;

testing::exercise! {
    resumable of "file-client" {
        stage_1 {
            a_line_asks_and_a_line_answers "请求一行，回复一行" => "从偏移量 0 开始的请求",
            the_answer_may_come_in_pieces "回复可以分几次到达" => "从偏移量 0 开始的请求",
            the_size_tells_where_the_end_is "由文件大小确定结尾" => "从偏移量 0 开始的请求",
            an_empty_file_is_a_file "空文件也要保存" => "从偏移量 0 开始的请求",
            a_refusal_leaves_everything_as_it_was "被拒绝时，目录不变" => "从偏移量 0 开始的请求",
            nonsense_is_no_file "回复的格式不对，不保存" => "从偏移量 0 开始的请求",
        }
        stage_2 {
            a_cut_download_goes_on_where_it_stopped "中断后从中断处继续" => "从偏移量 0 开始的请求",
            a_reset_download_goes_on_as_well "复位后也能继续" => "之间的请求，以换行结尾",
            a_killed_download_goes_on_as_well "被强行终止后也能继续" => "之间的请求，以换行结尾",
            ctrl_c_keeps_what_has_come "按 Ctrl-C 保留已收到的部分" => "之间的请求，以换行结尾",
            a_size_may_be_above_4_gib "文件可以超过 4 GiB" => "从偏移量 0 开始的请求",
            a_long_name_is_a_name "很长的文件名也能用" => "从偏移量 0 开始的请求",
            each_name_has_its_own_part "每个名字有自己的临时文件" => "从偏移量 0 开始的请求",
            a_failure_at_the_end_is_not_for_ever "最后改名失败，下次能完成" => "从偏移量 0 开始的请求",
            a_full_disk_is_an_error "磁盘已满，报告错误" => "从偏移量 0 开始的请求",
            two_at_once_do_no_harm "两个程序同时下载，结果仍完整" => "从偏移量 0 开始的请求",
            it_goes_on_with_the_real_server "与 resumable_server 一起：继续下载" => "状态码为 1",
        }
        stage_3 {
            another_version_is_fetched_anew "版本改变，重新下载" => "从偏移量 0 开始的请求",
            the_next_run_knows_the_new_version "下次运行认识新版本" => "从偏移量 0 开始的请求",
            a_changed_file_may_be_gone "文件改变以后又被删除" => "从偏移量 0 开始的请求",
            two_at_once_never_mix_versions "两个程序同时下载，不混合两个版本" => "从偏移量 0 开始的请求",
            it_sees_a_change_at_the_real_server "与 resumable_server 一起：版本改变" => "状态码为 1",
        }
    }
}

/// How much is sent before a download is cut off, where what has come by then cannot be known, and
/// how much of it has come at least: the buffers between the two programs do not hold the difference.
const MUCH: usize = 32 << 20;
const LEAST: u64 = 8 << 20;

/// How much of what has come may be lost when the program is killed.
const MAY_BE_LOST: u64 = 1 << 20;

/// Files that the user has beside the target. All of them say the same.
const OF_THE_USER: [&str; 3] = ["f.txt.part", "f.txt.tmp", ".profile"];
const USERS: &str = "用户的文件";

/// The server that the check plays, and the directory that the client runs in.
struct Lab<'a> {
    check: &'a Check,
    listener: TcpListener,
    directory: TempDir,
    /// What is asked for.
    name: String,
}

impl<'a> Lab<'a> {
    fn new(check: &'a Check) -> Lab<'a> {
        let directory = tempdir().unwrap();
        for name in OF_THE_USER {
            fs::write(directory.path().join(name), USERS).unwrap();
        }
        let names = OF_THE_USER.join("、");
        check.did(format!("目录中事先放入用户自己的文件 {names}"));
        Lab { check, listener: check.listen("服务器"), directory, name: "f.txt".into() }
    }

    /// The user has another file of this name already.
    fn put_old_file(&self) {
        fs::write(self.target(), "old").unwrap();
        let name = &self.name;
        let story = format!("目录中事先放入旧的 {name}，内容是“old”");
        self.check.did(story);
    }

    /// Asks for another name from now on.
    fn named(self, name: impl Into<String>) -> Lab<'a> {
        let name = name.into();
        Lab { name, ..self }
    }

    /// Where the file is stored: under the last component of its name.
    fn target(&self) -> PathBuf {
        let name = Path::new(&self.name).file_name().unwrap();
        self.directory.path().join(name)
    }

    fn start(&self) -> Subject<'a> {
        self.start_with(self.listener.local_addr().unwrap())
    }

    /// The same for one of two.
    fn start_as(&self, name: &'static str) -> Subject<'a> {
        let server = self.listener.local_addr().unwrap().to_string();
        self.check.start_in(self.directory.path(), Some(name), &[&server, &self.name])
    }

    /// Starts the client, which is to connect to this server.
    fn start_with(&self, server: SocketAddr) -> Subject<'a> {
        self.check.start_in(self.directory.path(), None, &[&server.to_string(), &self.name])
    }

    /// Starts the client, and receives its request from this offset on.
    #[track_caller]
    fn asked(&self, offset: u64) -> (Subject<'a>, Connection<'a>) {
        let client = self.start();
        (client, self.asked_again(offset))
    }

    /// The same, and answers it and closes the connection.
    #[track_caller]
    fn answered(&self, offset: u64, answer: impl AsRef<[u8]>) -> Subject<'a> {
        let (client, server) = self.asked(offset);
        server.sends(answer);
        server.closes();
        client
    }

    /// A client that is running connects, once more maybe, with a request from this offset on.
    #[track_caller]
    fn asked_again(&self, offset: u64) -> Connection<'a> {
        let request = format!("{offset} {}\n", self.name);
        let told = literal(&request);
        let expected = format!("从偏移量 {offset} 开始的请求，以换行结尾：{told}");
        self.asked_for(&expected, offset..=offset).0
    }

    /// The same, with one of these offsets.
    #[track_caller]
    fn asked_for(&self, expected: &str, offsets: RangeInclusive<u64>) -> (Connection<'a>, u64) {
        let server = self.check.accept("服务器", &self.listener);
        let offset = server.receives_line(expected, |line| {
            let offset = line.strip_suffix(&format!(" {}\n", self.name))?;
            let number = offset.parse().ok()?;
            (offsets.contains(&number) && number.to_string() == offset).then_some(number)
        });
        (server, offset)
    }

    /// The next run asks for what is missing, from one of these offsets on, and stores the whole file.
    #[track_caller]
    fn goes_on(&self, offsets: RangeInclusive<u64>, line: &str, whole: &[u8]) {
        let client = self.start();
        let (least, most) = (offsets.start(), offsets.end());
        let expected = format!("偏移量在 {least} 到 {most} 之间的请求，以换行结尾");
        let (server, offset) = self.asked_for(&expected, offsets);
        server.sends([line.as_bytes(), &whole[offset as usize..]].concat());
        server.closes();
        client.ends(0);
        self.has_only(whole);
    }

    /// The client ends with status 1, and says neither that it was refused nor that it is through.
    #[track_caller]
    fn fails(&self, client: Subject) {
        let ended = client.ends(1);
        let mut texts = ["没有下载文件", "文件传输完毕"].into_iter();
        let found = texts.find(|text| ended.out.contains(text));
        let expected = "标准输出中没有“没有下载文件”（服务器并没有拒绝），也没有“文件传输完毕”";
        let came = || format!("出现了“{}”", found.unwrap_or_default());
        self.check.expect_that(expected, found.is_none(), came);
    }

    /// The file is there, with this content, and nothing else is left.
    #[track_caller]
    fn has_only(&self, content: impl AsRef<[u8]>) {
        let why = "下载完毕，程序自己的文件都应当删除";
        self.has(Some(content.as_ref()), false, why);
    }

    /// The file is as it was before, and what has come may lie beside it.
    #[track_caller]
    fn is_unfinished(&self, content: Option<&str>) {
        let why = "下载没有完成，新文件不能出现，旧文件应当保持原样";
        self.has(content.map(str::as_bytes), true, why);
    }

    #[track_caller]
    fn has(&self, content: Option<&[u8]>, unfinished: bool, why: &str) {
        let target = self.target();
        let name = target.file_name().unwrap().to_string_lossy().into_owned();
        let users = OF_THE_USER.map(|name| (name.to_string(), USERS.into()));
        let mut right: BTreeMap<String, Vec<u8>> = BTreeMap::from(users);
        right.extend(content.map(|content| (name, content.into())));
        let mut found = BTreeMap::new();
        for entry in fs::read_dir(&self.directory).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            if right.contains_key(&name) || !unfinished || !name.starts_with('.') {
                found.insert(name, fs::read(entry.path()).unwrap_or_default());
            }
        }
        let told = |files: &BTreeMap<String, Vec<u8>>| {
            let told = |(name, content)| format!("{name} 的内容是{}", literal(content));
            Vec::from_iter(files.iter().map(told)).join("，")
        };
        let others = if unfinished { "（程序自己的文件都以“.”开头）" } else { "" };
        let expected = format!("{why}，即目录中只有{others}：{}", told(&right));
        self.check.expect_that(expected, found == right, || told(&found));
    }
}

fn a_line_asks_and_a_line_answers(check: &Check) {
    let lab = Lab::new(check);
    lab.put_old_file();
    let client = lab.answered(0, "10 1700000000123456789\nhelloworld");
    client.shows("收到消息\n");
    client.shows("文件传输完毕\n");
    client.ends(0);
    lab.has_only("helloworld");
}

fn the_answer_may_come_in_pieces(check: &Check) {
    let lab = Lab::new(check).named("目录/a b.txt"); // stored as `a b.txt`
    let (client, server) = lab.asked(0);
    let version = u128::MAX.to_string();
    server.sends_in_pieces(&["1", "0", " ", &version, "\n", "he", "llow", "orl", "d"]);
    server.closes();
    client.shows("文件传输完毕\n");
    client.has_shown("收到消息\n", 1);
    client.ends(0);
    lab.has_only("helloworld");
}

fn the_size_tells_where_the_end_is(check: &Check) {
    let lab = Lab::new(check);
    let (client, server) = lab.asked(0);
    server.sends("5 77\nhello");
    check.did("服务器不关闭连接");
    client.shows("文件传输完毕\n");
    client.ends(0);
    lab.has_only("hello");
    drop(server);

    lab.answered(0, "5 78\nHELLO, and more than announced").ends(0);
    lab.has_only("HELLO");
}

fn an_empty_file_is_a_file(check: &Check) {
    let lab = Lab::new(check);
    lab.put_old_file();
    let client = lab.answered(0, "0 77\n");
    client.shows("文件传输完毕\n");
    client.ends(0);
    lab.has_only("");
}

fn a_refusal_leaves_everything_as_it_was(check: &Check) {
    let lab = Lab::new(check);
    lab.put_old_file();
    let (client, server) = lab.asked(0);
    server.closes();
    client.shows("没有下载文件\n");
    client.ends(1);
    lab.has(Some(b"old"), false, "服务器拒绝，目录应当保持原样");
}

fn nonsense_is_no_file(check: &Check) {
    let lab = Lab::new(check);
    let endless = "1".repeat(10_000);
    for (nonsense, why) in [
        (&b"<html>\n"[..], "不是两个数"),
        (b"\n", "空行"),
        (b"10\n", "没有版本号"),
        (b"-1 77\n", "文件大小小于 0"),
        (b"ten 77\n", "文件大小不是数"),
        (b"18446744073709551617 77\n", "文件大小太大"),
        (b"10 -77\n", "版本号小于 0"),
        (b"10 v77\n", "版本号不是数"),
        (b"10 ../77\n", "版本号不是数"),
        (b"10 \xff\xfe\n", "不是 UTF-8"),
        (endless.as_bytes(), "超过 100 字节还没有换行"),
    ] {
        let (client, server) = lab.asked(0);
        server.sends(nonsense);
        check.did(format!("（回复不合规定：{why}）服务器不关闭连接"));
        lab.fails(client);
        lab.has(None, false, "回复不合规定，不应当留下文件");
    }
    let client = lab.answered(0, "10 77");
    check.did("（回复不合规定：没有换行）");
    lab.fails(client);
    lab.has(None, false, "回复不合规定，不应当留下文件");
}

fn a_cut_download_goes_on_where_it_stopped(check: &Check) {
    let lab = Lab::new(check);
    lab.put_old_file();
    // Cut before the first byte, too.
    for (offset, piece) in [(0, ""), (0, "hell"), (4, "o")] {
        lab.fails(lab.answered(offset, format!("10 77\n{piece}")));
        lab.is_unfinished(Some("old"));
    }
    let (client, server) = lab.asked(5);
    server.sends("10 77\nworld, and more than announced");
    client.shows("文件传输完毕\n");
    client.ends(0);
    server.closes();
    lab.has_only("helloworld");

    check.did("（下载已经完成，再下载一次应当从头开始）");
    lab.answered(0, "3 78\nnew").ends(0);
    lab.has_only("new");
}

/// Much of a download has come, and then `cut` ends it. What is missing is asked for.
#[track_caller]
fn much_is_kept(lab: &Lab, cut: impl FnOnce(Subject, Connection)) {
    let much = sample(MUCH + 100_000);
    let size = much.len();
    let client = lab.start();
    let server = lab.check.accept("服务器", &lab.listener);
    // The request stays unread: then closing the connection is a reset.
    let line = format!("{size} 77\n");
    server.sends([line.as_bytes(), &much[..MUCH]].concat());
    cut(client, server);
    lab.is_unfinished(None);
    lab.check.did(format!("（程序至少已经收到 {LEAST} 字节，其中最多可以丢失 1 MiB）"));
    lab.goes_on(LEAST - MAY_BE_LOST..=MUCH as u64, &line, &much);
}

fn a_reset_download_goes_on_as_well(check: &Check) {
    let lab = Lab::new(check);
    much_is_kept(&lab, |client, server| {
        check.did("服务器复位连接（RST）");
        drop(server);
        lab.fails(client);
    });
}

fn a_killed_download_goes_on_as_well(check: &Check) {
    let lab = Lab::new(check);
    much_is_kept(&lab, |client, _server| client.is_killed());
}

fn ctrl_c_keeps_what_has_come(check: &Check) {
    let lab = Lab::new(check);
    much_is_kept(&lab, |client, _server| client.ends_by_ctrl_c(130));
}

fn a_size_may_be_above_4_gib(check: &Check) {
    let lab = Lab::new(check);
    // 1 TiB and 10 bytes: counted in 32 bits, it would be 10. Not all of it is sent.
    let version = u128::MAX;
    for (offset, piece) in [(0, "helloworld"), (10, ", and"), (15, " so on")] {
        lab.fails(lab.answered(offset, format!("1099511627786 {version}\n{piece}")));
        lab.is_unfinished(None);
    }
}

fn a_long_name_is_a_name(check: &Check) {
    let mut lab = Lab::new(check);
    // 240 bytes, and they differ in the last ones only.
    let names = ["道", "士"].map(|last| "道".repeat(79) + last);
    if let Err(error) = fs::write(lab.directory.path().join(&names[0]), "") {
        check.skips("240 字节的文件名", error);
        return;
    }
    fs::remove_file(lab.directory.path().join(&names[0])).unwrap();
    let version = u128::MAX;
    for name in &names {
        lab = lab.named(name);
        lab.answered(0, format!("10 {version}\nhello")).ends(1);
        lab.is_unfinished(None);
    }
    lab.answered(5, format!("10 {version}\nworld")).ends(0);
    lab.has(Some(b"helloworld"), true, "另一个文件还没有下载完");
}

fn each_name_has_its_own_part(check: &Check) {
    let mut lab = Lab::new(check);
    // The server may give all of them the same size and the same version.
    let files =
        [("f.txt", "hel", "loworld"), ("a/f.txt", "HELL", "OWORLD"), ("b/f.txt", "1", "234567890")];
    let files =
        files.into_iter().chain([("a_f.txt", "ab", "cdefghij"), ("a f.txt", "", "ABCDEFGHIJ")]);
    for (name, begun, _) in files.clone() {
        lab = lab.named(name);
        lab.answered(0, format!("10 77\n{begun}")).ends(1);
    }
    for (name, begun, rest) in files {
        lab = lab.named(name);
        lab.answered(begun.len() as u64, format!("10 77\n{rest}")).ends(0);
        lab.has(Some([begun, rest].concat().as_bytes()), true, "各个文件各有各的内容");
        fs::remove_file(lab.target()).unwrap();
        check.did(format!("检查移走 {name}"));
    }
}

/// A file cannot get its name. Once it can, the next run stores it.
fn a_failure_at_the_end_is_not_for_ever(check: &Check) {
    let lab = Lab::new(check);
    let (client, server) = lab.asked(0);
    server.sends("10 77\nhello");
    client.shows("收到消息\n");
    fs::create_dir(lab.target()).unwrap();
    check.did("检查创建名为 f.txt 的子目录，下载的文件因此不能改名");
    server.sends("world");
    server.closes();
    lab.fails(client);
    fs::remove_dir(lab.target()).unwrap();
    check.did("检查删除这个子目录");
    lab.goes_on(0..=10, "10 77\n", b"helloworld");
}

fn a_full_disk_is_an_error(check: &Check) {
    let lab = Lab::new(check);
    let whole = sample(60_000);
    if cfg!(unix) {
        let address = lab.listener.local_addr().unwrap().to_string();
        let directory = lab.directory.path();
        let client = check.start_limited_in(directory, "-f 8", &[&address, "f.txt"]);
        let server = lab.asked_again(0);
        server.sends([b"60000 77\n", &whole[..]].concat());
        check.did("（文件最多 4096 字节，再写就出错，如同磁盘已满）");
        server.closes();
        lab.fails(client);
        lab.is_unfinished(None);
    }
    lab.goes_on(0..=4096, "60000 77\n", &whole);
}

fn two_at_once_do_no_harm(check: &Check) {
    let mut lab = Lab::new(check);
    let first = lab.start_as("第一个程序");
    let of_first = lab.asked_again(0);
    let second = lab.start_as("第二个程序");
    let of_second = lab.asked_again(0);
    // To the first one so much that some of it is on the disk when the second one begins.
    let whole = sample(MUCH + 100_000);
    let line = format!("{} 77\n", whole.len());
    of_first.sends([line.as_bytes(), &whole[..MUCH]].concat());
    of_second.sends([line.as_bytes(), &whole[..1]].concat());
    second.shows("收到消息\n");
    of_first.sends(&whole[MUCH..]);
    of_first.closes();
    first.ends(0);
    lab.has(Some(&whole), true, "第一个程序已经下载完毕");
    lab.listener = listen().0;
    check.did("服务器停止监听");
    of_second.sends(&whole[1..]);
    of_second.closes();
    second.ends_within(check.patience(), &[0, 1]);
    lab.has(Some(&whole), true, "两个程序都已经结束");
}

/// Answers every request from now on, on a thread of its own, with what is missing of this content.
fn serves(listener: &TcpListener, line: &'static str, content: &'static str) {
    let listener = listener.try_clone().unwrap();
    thread::spawn(move || {
        for mut client in listener.incoming().flatten() {
            let mut request = String::new();
            let _ = BufReader::new(&client).read_line(&mut request);
            let offset = request.split(' ').next().and_then(|offset| offset.parse().ok());
            let rest = content.get(offset.unwrap_or(0)..).unwrap_or_default();
            let _ = client.write_all([line, rest].concat().as_bytes());
        }
    });
}

fn two_at_once_never_mix_versions(check: &Check) {
    let (old, new) = ("hello, old world, so old", "HELLO, NEW WORLD");
    for is_first_through in [true, false] {
        let lab = Lab::new(check);
        lab.answered(0, "24 77\nhello").ends(1);
        let first = lab.start_as("第一个程序");
        let of_first = lab.asked_again(5);
        let second = lab.start_as("第二个程序");
        lab.asked_again(5).sends("16 78\n");
        check.did("（第二个程序得知新的版本号，应当从头下载）");
        let of_second = lab.asked_again(0);
        of_second.sends("16 78\nHELLO");
        second.shows("收到消息\n");
        serves(&lab.listener, "16 78\n", new);
        check.did("此后的连接都得到版本 78，从所要的偏移量开始");
        let old_rest = format!("24 77\n{}", &old[5..]);
        let mut both = [(first, of_first, &*old_rest), (second, of_second, &new[5..])];
        if !is_first_through {
            both.reverse();
        }
        for (client, server, rest) in both {
            server.sends(rest);
            server.closes();
            let ended = client.ends_within(check.patience(), &[0, 1]);
            let came = fs::read_to_string(lab.target()).unwrap_or_default();
            let is_whole = came == old || came == new;
            let expected = "f.txt 全是旧版本，或者全是新版本，不会残缺，也不会一半一半";
            let is_right = is_whole || came.is_empty() && ended.status == Some(1);
            check.expect_that(expected, is_right, || format!("f.txt 是{}", literal(&came)));
        }
    }
}

/// Downloads from the worked solution of the server, whose connection breaks the first time, and whose
/// file then changes maybe.
fn real_server_gives(check: &Check, before: &[u8], after: &[u8]) {
    let (lab, served) = (Lab::new(check), tempdir().unwrap());
    let path = served.path().join("f.txt");
    fs::write(&path, before).unwrap();
    let server = check.start_solution("resumable_server", served.path(), &[ANY_PORT]);
    let Some(server) = server else { return }; // it was not handed out
    let address = relay(server.address(), &[10_000]);
    check.did(format!("中继 {address} 把请求转给它，第一次只转回回复的 10000 字节就断开"));
    lab.start_with(address).ends(1);
    lab.is_unfinished(None);
    if before != after {
        fs::write(path, after).unwrap();
        check.did("参考解答的服务器上，这个文件换成了另一个");
    }
    lab.start_with(address).ends(0);
    lab.has_only(after);
}

fn it_goes_on_with_the_real_server(check: &Check) {
    let content = sample(50_000);
    real_server_gives(check, &content, &content);
}

fn it_sees_a_change_at_the_real_server(check: &Check) {
    let content = sample(110_000);
    real_server_gives(check, &content[..50_000], &content[50_000..]);
}

fn another_version_is_fetched_anew(check: &Check) {
    let (nanoseconds, most) = (1_700_000_000_123_456_789, u128::MAX);
    for (old, new, rest, whole) in [
        // As long as before, shorter than what has come, longer.
        (77, 78, "WORLD", "HELLOWORLD"),
        (77, 78, "", "new"),
        (77, 78, "WORLD, and more", "HELLOWORLD, and more"),
        // They differ in the last digit only, or in what 64 bits do not hold.
        (nanoseconds, nanoseconds + 1, "WORLD", "HELLOWORLD"),
        (most, most - 1, "WORLD", "HELLOWORLD"),
        (77, 77 + (1 << 64), "WORLD", "HELLOWORLD"),
    ] {
        let lab = Lab::new(check);
        lab.put_old_file();
        lab.answered(0, format!("10 {old}\nhello")).ends(1);

        let (client, server) = lab.asked(5);
        let size = whole.len();
        server.sends(format!("{size} {new}\n{rest}"));
        check.did("（版本号变了，已有的 5 字节作废，应当重新建立连接，从头下载）");
        let again = lab.asked_again(0);
        lab.is_unfinished(Some("old"));
        again.sends(format!("{size} {new}\n{whole}"));
        again.closes();
        client.shows("文件传输完毕\n");
        client.ends(0);
        server.closes();
        lab.has_only(whole);
    }
}

fn the_next_run_knows_the_new_version(check: &Check) {
    let lab = Lab::new(check);
    lab.answered(0, "10 77\nhello").ends(1);

    let client = lab.answered(5, "10 78\nWORLD");
    let again = lab.asked_again(0);
    again.sends("10 79\nHEL");
    again.closes();
    check.did("（已有的 3 字节属于版本 79）");
    client.ends(1);
    lab.is_unfinished(None);

    lab.answered(3, "10 79\nLOWORLD").ends(0);
    lab.has_only("HELLOWORLD");
}

fn a_changed_file_may_be_gone(check: &Check) {
    let lab = Lab::new(check);
    lab.put_old_file();
    lab.answered(0, "10 77\nhello").ends(1);

    let client = lab.answered(5, "10 78\nWORLD");
    let again = lab.asked_again(0);
    again.closes();
    client.shows("没有下载文件\n");
    client.ends(1);
    lab.has(Some(b"old"), false, "已有的部分作废，重新下载时服务器又拒绝了");
}
