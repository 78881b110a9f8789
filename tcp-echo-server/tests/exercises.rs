//! The checks of the exercises `framed_server` and `many_clients`. On your own
//! `examples/my_many_clients.rs`:
//! `cargo test -p tcp-echo-server --test exercises -- --ignored many_clients`

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a panic is how a test fails")]

use common::retry_interrupted;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::sync::LazyLock;
use std::thread;
use std::time::{Duration, Instant};
use testing::exercise::{
    ANY_PORT, Check, Connection, LONG_PAUSE, PAUSE, Subject, literal, seconds,
};

mod wrong;

testing::exercise! {
    framed_server of "tcp-echo-server" {
        boundaries_survive_any_segmentation "消息的边界与分段无关" => "b\"hello\"",
        a_message_of_1_mib_is_one_line "1 MiB 的消息显示为一行" => "标准输出自始至终",
        a_length_above_1_mib_is_refused "拒绝超过 1 MiB 的长度" => "b\"hello\"",
        a_close_between_messages_is_the_end "在两条消息之间关闭，正常结束" => "标准输出自始至终",
        a_cut_inside_a_message_is_told "在消息中间关闭，报告错误" => "中间断开",
        a_reset_is_told "连接被复位，报告错误" => "标准输出中只有",
        a_slow_message_is_waited_for "消息来得慢，继续等待" => "消息还没有收完",
        a_client_that_reads_late_gets_everything "客户端很晚才读，也全部收到" => "b\"hello\"",
    }
}

testing::exercise! {
    many_clients of "tcp-echo-server" {
        all_are_served_at_once "同时服务所有客户端" => "第 2 个客户端收到回显",
        one_that_is_gone_is_not_missed "一个客户端离开，其他不受影响" => "先关闭连接的客户端收到回显",
        nothing_is_left_of_those_who_are_gone "客户端离开后释放全部资源" => "第 1 个客户端收到回显",
        nothing_is_kept_of_what_has_been_echoed "不积存回显过的数据" => "发送很多的客户端",
        one_that_waits_holds_up_nobody "不接收的客户端不影响其他客户端" => "另一个客户端收到回显",
        it_lives_on_without_descriptors "文件描述符用完，继续运行" => "另一个客户端收到回显",
    }
}

const MIB: usize = 1 << 20;

/// A text in which a piece that is missing, twice there or in the wrong place is seen.
fn text(length: usize) -> &'static [u8] {
    static TEXT: LazyLock<Vec<u8>> = LazyLock::new(|| testing::sample(FAR_TOO_MUCH));
    &TEXT[..length]
}

/// More than fits into all the buffers of both kernels together.
const FAR_TOO_MUCH: usize = 128 * MIB;

/// The program, and a client that has connected to it.
#[track_caller]
fn serving<'a>(check: &'a Check, name: &'static str) -> (Subject<'a>, Connection<'a>) {
    let server = check.start(&[ANY_PORT]);
    let client = check.connect(name, server.address());
    (server, client)
}

fn framed(message: &[u8]) -> Vec<u8> {
    let length = message.len() as u32;
    [&length.to_be_bytes(), message].concat()
}

/// Messages as the program shows them, each on its line.
fn shown(messages: &[&[u8]]) -> String {
    let lines = messages.iter().map(|message| {
        let message = message.escape_ascii().to_string().replace("\\'", "'");
        format!("b\"{message}\"\n")
    });
    lines.collect()
}

/// Sends the message `hello`, which comes back and is shown.
#[track_caller]
fn says_hello(server: &Subject, client: &Connection) {
    client.sends(framed(b"hello"));
    client.receives(framed(b"hello"), "带长度前缀的消息");
    server.shows("b\"hello\"\n");
}

fn boundaries_survive_any_segmentation(check: &Check) {
    let (server, client) = serving(check, "客户端");
    let hello = framed(b"hello");
    for byte in &hello {
        client.sends([*byte]);
    }
    client.receives(&hello, "带长度前缀的消息");
    server.shows("b\"hello\"\n");
    check.did("（一条消息无论分成多少个报文段到达，都只显示一行）");
    // Several at once, and the last one is not all there yet.
    let several = [framed(b"one"), framed(b""), framed("你好\n".as_bytes()), framed(b"\xff\x80\0")];
    let several = several.concat();
    let last = framed(b"last");
    client.sends([&several, &last[..6]].concat());
    client.receives(several, "一次发出的 4 条消息");
    client.sends(&last[6..]);
    client.receives(last, "最后一条消息");
    client.closes();
    let (two, three) = ("你好\n".as_bytes(), b"\xff\x80\0");
    let messages: [&[u8]; 6] = [b"hello", b"one", b"", two, three, b"last"];
    server.ends_having_shown(0, &format!("{}客户端已关闭\n", shown(&messages)));
}

fn a_slow_message_is_waited_for(check: &Check) {
    let (server, client) = serving(check, "客户端");
    let hello = framed(b"hello");
    client.sends_slowly(&hello[..7], 1);
    client.has_received_nothing("消息还没有收完");
    check.lets_pass(LONG_PAUSE);
    client.has_received_nothing("消息还没有收完");
    server.has_shown("b\"", 0);
    client.sends(&hello[7..]);
    client.receives(hello, "带长度前缀的消息");
    let long = text(20_200);
    client.sends_slowly(framed(long), 4001);
    client.receives(framed(long), "带长度前缀的长消息");
    client.closes();
    let transcript = format!("{}客户端已关闭\n", shown(&[b"hello", long]));
    server.ends_having_shown(0, &transcript);
}

fn a_message_of_1_mib_is_one_line(check: &Check) {
    let (server, client) = serving(check, "客户端");
    let longest = text(MIB);
    for message in [longest, b"next"] {
        client.sends(framed(message));
        client.receives(framed(message), "带长度前缀的消息");
    }
    client.closes();
    let transcript = format!("{}客户端已关闭\n", shown(&[longest, b"next"]));
    server.ends_having_shown(0, &transcript);
}

fn a_length_above_1_mib_is_refused(check: &Check) {
    for length in [MIB as u32 + 1, 0x8000_0000, u32::MAX] {
        let server = check.start_limited("-v 1048576", &[ANY_PORT]); // 1 GiB
        let client = check.connect("客户端", server.address());
        says_hello(&server, &client);
        client.sends(length.to_be_bytes());
        check.did(format!("（长度 {length} 太长，内容不会到达，连接也不关闭）"));
        server.notes("太长");
        client.is_closed_without_a_word("消息太长，程序关闭连接");
        let ended = server.ends(1);
        only_hello_is_shown(check, &ended.out);
    }
}

/// Standard output shows the message `hello`, and no other one. (Whether it says 客户端已关闭 is left
/// open.)
#[track_caller]
fn only_hello_is_shown(check: &Check, out: &str) {
    let messages = out.strip_suffix("客户端已关闭\n").unwrap_or(out);
    let expected = "标准输出中只有 b\"hello\" 这一条消息";
    let came = || format!("标准输出是：{}", literal(out));
    check.expect_that(expected, messages == "b\"hello\"\n", came);
}

fn a_cut_inside_a_message_is_told(check: &Check) {
    let hello = framed(b"hello");
    for part in 1..hello.len() {
        let (server, client) = serving(check, "客户端");
        client.sends([&hello[..], &hello[..part]].concat());
        client.half_closes();
        server.notes("中间断开");
        let ended = server.ends(1);
        only_hello_is_shown(check, &ended.out);
        client.receives(&hello, "第 1 条消息（只有这一条是完整的）");
        client.is_closed_without_a_word("程序关闭连接，中间断开的消息没有发回");
    }
}

fn a_reset_is_told(check: &Check) {
    let hello = framed(b"hello");
    for part in [2, 4, 7] {
        let (server, client) = serving(check, "客户端");
        client.sends([&hello[..], &hello[..part]].concat());
        client.resets(hello.len());
        let ended = server.ends(1);
        only_hello_is_shown(check, &ended.out);
        // Elsewhere a reset may destroy what has come before it.
        if cfg!(target_os = "linux") {
            let is_told = ended.err.contains("中间断开");
            let came = || format!("标准错误是：{}", literal(&ended.err));
            check.expect_that("标准错误中出现“中间断开”", is_told, came);
        }
    }

    let (server, client) = serving(check, "客户端");
    client.sends(&hello);
    client.resets(hello.len());
    server.notes("连接被对方复位");
    server.ends_having_shown(1, "b\"hello\"\n客户端已关闭\n");

    let (server, client) = serving(check, "客户端");
    sends_without_receiving(check, &client, &framed(text(10_000)).repeat(3000));
    client.resets(1);
    server.ends(1);
}

fn a_close_between_messages_is_the_end(check: &Check) {
    let (server, client) = serving(check, "客户端");
    client.closes();
    server.ends_having_shown(0, "客户端已关闭\n");

    let (server, client) = serving(check, "客户端");
    let long = text(100_000);
    let messages: [&[u8]; 4] = [b"one", long, b"", b"two"];
    let sent: Vec<u8> = messages.iter().flat_map(|message| framed(message)).collect();
    client.sends(&sent);
    client.half_closes();
    client.receives(&sent, "全部消息");
    client.receives_the_end("全部消息之后，程序正常关闭连接");
    server.ends_having_shown(0, &format!("{}客户端已关闭\n", shown(&messages)));
}

/// Sends as much of `data` as is taken while nobody reads the echo, and returns how much that is. From
/// here on the program waits in a `send`.
fn sends_without_receiving(check: &Check, client: &Connection, data: &[u8]) -> usize {
    let mut socket = client.socket();
    // Not with a timeout: on Windows nobody knows how much has been sent when it has passed.
    socket.set_nonblocking(true).unwrap();
    let mut sent = 0;
    let mut taken = Instant::now();
    // Nothing taken for so long: it is not just busy.
    while sent < data.len() && taken.elapsed() < Duration::from_secs(1) {
        // Windows takes a write whole, however large.
        match socket.write(&data[sent..data.len().min(sent + 65_536)]) {
            Ok(length) => (sent, taken) = (sent + length, Instant::now()),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                thread::sleep(Duration::from_millis(5));
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => break,
        }
    }
    socket.set_nonblocking(false).unwrap();
    check.did(format!("不停发送，不读取回显：共发出 {sent} 字节"));
    sent
}

/// Sends all of `data` and half-closes the connection, on a thread of its own, while `meanwhile`
/// happens.
fn while_sending(client: &Connection, data: &[u8], meanwhile: impl FnOnce()) {
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut socket = client.socket();
            let sent = socket.write_all(data);
            // One that fails is seen by whoever reads.
            let _ = sent.and_then(|()| socket.shutdown(Shutdown::Write));
        });
        meanwhile();
    });
}

fn a_client_that_reads_late_gets_everything(check: &Check) {
    let (server, client) = serving(check, "客户端");
    says_hello(&server, &client);
    // Short ones, so that one is through in no time: then the program waits in a `send`.
    let messages = (b'a'..=b'z').map(|letter| framed(&[letter; 200_000]).repeat(5));
    let data = messages.collect::<Vec<_>>().concat();
    let sent = sends_without_receiving(check, &client, &data);
    much_time_passes(check, &server);
    check.did(format!(
        "继续发送，共 {} 字节（200000 字节的消息 130 条），随后半关闭连接；同时接收",
        data.len()
    ));
    while_sending(&client, &data[sent..], || receives_slowly(check, &server, &client, &data));
    client.receives_the_end("全部消息之后，程序正常关闭连接");
    server.ends(0);
}

/// While the program waits in a `send`, more time passes than a limit of 5 seconds leaves it.
fn much_time_passes(check: &Check, server: &Subject) {
    // A stop ends a `send` that has sent a part, and a time limit begins anew with the next one: so
    // the whole pause is one `send`.
    for _ in 0..5 {
        check.lets_pass(PAUSE);
        server.is_stopped_for_a_moment();
    }
    check.lets_pass(LONG_PAUSE);
}

/// Receives `data` piece by piece, and stops the program for a moment before each one, as Ctrl-Z and
/// `fg` would: that interrupts a `send` that waits.
#[track_caller]
fn receives_slowly(check: &Check, server: &Subject, client: &Connection, data: &[u8]) {
    check.did("接收期间多次让程序暂停，随即继续（相当于按 Ctrl-Z，再用 fg）");
    let pieces = data.chunks(MIB);
    let count = pieces.len();
    for (at, piece) in pieces.enumerate() {
        server.is_stopped_for_a_moment();
        client.receives(piece, &format!("全部回显，第 {}/{count} 部分", at + 1));
    }
}

/// How many files this program may have open: no limit where the system has none.
fn open_files() -> usize {
    let told = Command::new("sh").args(["-c", "ulimit -n"]).output().ok();
    let told = told.and_then(|told| String::from_utf8_lossy(&told.stdout).trim().parse().ok());
    told.unwrap_or(usize::MAX)
}

/// The client with this number sends a line, and gets its echo.
#[track_caller]
fn exchanges(check: &Check, deadline: Instant, number: usize, client: &Connection) {
    let line = format!("第 {number} 个客户端\n");
    let mut echo = vec![0; line.len()];
    let sent = client.socket().write_all(line.as_bytes());
    let came = sent.and_then(|()| client.socket().read_exact(&mut echo));
    let is_wrong = came.is_ok() && echo != line.as_bytes();
    let wrong = || io::Error::other(format!("收到的回显是：{}", literal(&echo)));
    is_in_time(check, deadline, number, if is_wrong { Err(wrong()) } else { came });
}

/// The echo for the client with this number has come, and before this time.
#[track_caller]
fn is_in_time(check: &Check, deadline: Instant, number: usize, came: io::Result<()>) {
    let late = || Err(io::Error::other("全部客户端加起来用的时间太长"));
    let came = came.and_then(|()| if Instant::now() < deadline { Ok(()) } else { late() });
    if let Err(error) = came {
        check.expect(format!("第 {number} 个客户端收到回显"), Err(check.trouble(&error)))
    }
}

fn all_are_served_at_once(check: &Check) {
    // Room for two files for each of a thousand, where it can have that.
    let server = check.start_limited("-n 2500", &[ANY_PORT]);
    let address = server.address();
    // A thousand, or as many as this machine lets the check open, with some left for other tests.
    let count = open_files().saturating_sub(100).clamp(10, 1000);
    let deadline = Instant::now() + 10 * check.patience();
    let exchange = |number, client: &Connection| exchanges(check, deadline, number, client);
    check.did(format!(
        "充当 {count} 个客户端，依次连接 {address}，各发送一行，收到回显后也不关闭连接"
    ));
    let mut clients = Vec::new();
    for number in 1..=count {
        let client = check.connect("客户端", address);
        exchange(number, &client);
        clients.push(client);
    }
    check.did(format!("{count} 个客户端都收到了回显，连接都没有关闭"));
    for (at, client) in clients.iter().enumerate().rev() {
        exchange(at + 1, client);
    }
    check.did("从最后一个客户端到第一个，各再发送一行，都收到了回显");
    server.ends_by_ctrl_c(0);
}

/// A client of its own gets its echo.
#[track_caller]
fn serves_another(check: &Check, server: &Subject) {
    let other = check.connect("另一个客户端", server.address());
    other.sends("还在吗");
    other.receives("还在吗", "回显");
    other.closes();
}

fn one_that_waits_holds_up_nobody(check: &Check) {
    let (server, idle) = serving(check, "空闲的客户端");
    idle.sends("hello");
    idle.receives("hello", "回显");
    let silent = check.connect("还没有发送过的客户端", server.address());
    serves_another(check, &server);
    let before = server.memory("VmHWM");
    let deaf = check.connect("暂时不接收的客户端", server.address());
    let data = text(FAR_TOO_MUCH);
    let sent = sends_without_receiving(check, &deaf, data);
    let expected = "客户端不接收回显时，程序不再接收它的数据";
    let came = || format!("程序收下了 {sent} 字节，都占用内存");
    check.expect_that(expected, sent < FAR_TOO_MUCH, came);
    server.has_grown_by_less_than(8, "VmHWM", before);
    serves_another(check, &server);
    much_time_passes(check, &server);
    serves_another(check, &server);
    let waited = format!("回显（此前等了至少 {}）", seconds(LONG_PAUSE));
    for client in [idle, silent] {
        client.sends("world");
        client.receives("world", &waited);
    }
    receives_slowly(check, &server, &deaf, &data[..sent]);
}

fn it_lives_on_without_descriptors(check: &Check) {
    let server = check.start_limited("-n 40", &[ANY_PORT]);
    let staying = check.connect("一直在的客户端", server.address());
    serves_another(check, &server);
    let address = server.address();
    let connect = |_| TcpStream::connect_timeout(&address, check.patience()).ok();
    let more: Vec<_> = (0..60).filter_map(connect).collect(); // it may close them
    check.did("又有 60 个客户端连接");
    check.lets_pass(PAUSE); // for the program to notice it
    staying.sends("还在吗");
    staying.receives("还在吗", "回显（此时程序不能再打开文件）");
    drop(more);
    check.did("这 60 个客户端都关闭连接");
    serves_another(check, &server);
}

fn one_that_is_gone_is_not_missed(check: &Check) {
    let (server, staying) = serving(check, "一直在的客户端");
    staying.sends(b"\xc4\xe3\xba\xc3");
    staying.receives(b"\xc4\xe3\xba\xc3", "回显（你好的 GBK 编码）");
    let closing = check.connect("先关闭连接的客户端", server.address());
    closing.sends("hello");
    closing.receives("hello", "回显");
    closing.half_closes();
    closing.receives_the_end("客户端半关闭连接之后，程序正常关闭连接");
    let is_still_there = |expected: &str| {
        check.lets_pass(PAUSE); // for the program to notice it
        staying.sends("还在吗");
        staying.receives("还在吗", expected);
    };
    for _ in 0..3 {
        let resetting = check.connect("会复位连接的客户端", server.address());
        resetting.sends("hello");
        resetting.resets(1);
        is_still_there("回显（此前有一个连接被复位，不应受影响）");
    }
    let leaving = check.connect("在发送途中复位连接的客户端", server.address());
    sends_without_receiving(check, &leaving, text(FAR_TOO_MUCH));
    leaving.resets(1);
    is_still_there("回显（此前有一个连接在发送途中被复位）");
    serves_another(check, &server);
}

/// More than are served at once, also if those that have closed are counted alone.
const MANY: usize = 1100;

fn nothing_is_left_of_those_who_are_gone(check: &Check) {
    let server = check.start_limited("-n 512", &[ANY_PORT]);
    let staying = check.connect("一直在的客户端", server.address());
    staying.sends("hello");
    staying.receives("hello", "回显");
    let before = server.memory("VmSize");
    let address = server.address();
    let what = format!("{MANY} 个客户端依次连接");
    check.did(format!(
        "{what}，各发送一行，收到回显后关闭连接；又有 {MANY} 个，不读回显就关闭（RST）"
    ));
    let deadline = Instant::now() + 20 * check.patience();
    for number in 1..=2 * MANY {
        let client = check.connect("依次连接的客户端", address);
        if number <= MANY {
            exchanges(check, deadline, number, &client);
        } else {
            let sent = client.socket().write_all(b"hello");
            // Ctrl-Z and `fg` interrupt it.
            let come = sent.and_then(|()| retry_interrupted(|| client.socket().peek(&mut [0])));
            is_in_time(check, deadline, number, come.map(drop));
        }
    }
    staying.sends("还在吗");
    staying.receives("还在吗", "回显");
    // The stack of a thread is 2 MiB, and stays until the thread is joined or its handle is dropped.
    server.has_grown_by_less_than(3500, "VmSize", before);
}

fn nothing_is_kept_of_what_has_been_echoed(check: &Check) {
    let server = check.start(&[ANY_PORT]);
    serves_another(check, &server);
    check.lets_pass(PAUSE); // now there is no client
    let client = check.connect("发送很多的客户端", server.address());
    let before = server.memory("VmHWM");
    let data = text(64 * MIB);
    check.did("发送很多的客户端发送 64 MiB，随后半关闭连接；同时接收");
    while_sending(&client, data, || client.receives(data, "全部回显"));
    server.has_grown_by_less_than(32, "VmHWM", before);
    client.receives_the_end("全部回显之后，程序正常关闭连接");
}
