//! The checks of the exercise `many_peers`. On your own `examples/my_many_peers.rs`:
//! `cargo test -p udp-server --test exercises -- --ignored`

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::time::{Duration, Instant};
use testing::LONGEST_DATAGRAM;
use testing::exercise::{ANY_PORT, Check, LONG_PAUSE, PAUSE, literal, seconds};

mod wrong;

testing::exercise! {
    many_peers of "udp-server" {
        everybody_is_answered_without_the_keyboard "不用键盘，自动回复每个客户端" => "无人在键盘前输入，也应当回复",
        answers_are_not_answered "不回复“收到:”开头的消息" => "对“你好”的回复",
        whatever_comes_is_answered "各种内容都原样回复" => "回复",
        a_flood_holds_up_nobody "大量数据报不影响其他客户端" => "偶尔提问的客户端收到回复",
        a_screen_that_is_not_read_holds_up_nobody "输出暂停，照常回复" => "此时没有人读取它的输出",
        the_shortest_note_holds_up_nobody "输出暂停，短的数据报也照常回复" => "短的回复",
        the_end_of_the_screen_ends_the_program "标准输出已关闭，程序结束" => "回复",
    }
}

fn everybody_is_answered_without_the_keyboard(check: &Check) {
    let mut server = check.start(&[ANY_PORT]);
    let address = server.address();
    let (one, other) = (check.peer("客户端甲"), check.peer("客户端乙"));
    one.sends("你好", address);
    other.sends("hello", address);
    let expected = "回复（无人在键盘前输入，也应当回复）";
    let sender = one.receives_just("收到:你好", expected);
    let expected = format!("回复来自程序绑定的地址 {address}");
    check.expect_that(expected, sender == address, || format!("回复来自 {sender}"));
    other.receives_just("收到:hello", "回复");
    server.shows(&format!("{}\n你好\n", one.address()));
    server.shows(&format!("{}\nhello\n", other.address()));
    // The first one has been silent since; it may come back.
    one.sends("还在吗", address);
    one.receives_just("收到:还在吗", "对第二个数据报的回复");
    one.has_nothing_more("每个数据报只有一个回复");
    server.types_ctrl_d();
    check.lets_pass(LONG_PAUSE);
    one.sends("键盘没了", address);
    let expected = "回复（键盘输入结束了，很久没有数据报，再久也不结束）";
    one.receives_just("收到:键盘没了", expected);
    server.shows(&format!("{}\n键盘没了\n", one.address()));
    server.ends_by_ctrl_c(0);
}

fn answers_are_not_answered(check: &Check) {
    let server = check.start(&[ANY_PORT]);
    let peer = check.peer("另一个同样的服务器");
    check.lets_pass(LONG_PAUSE); // silence ends nothing
    peer.sends("收到:你好", server.address());
    peer.sends("收到:", server.address());
    peer.sends("你好", server.address());
    let expected = "对“你好”的回复（以“收到:”开头的数据报本身就是回复，不应再回复）";
    peer.receives_just("收到:你好", expected);
    let texts = ["收到:你好", "收到:", "你好"];
    server.shows(&texts.map(|text| format!("{}\n{text}\n", peer.address())).concat());
    // These do not begin with it.
    for question in ["你收到:了吗", "收到", "收到：完了"] {
        peer.sends(question, server.address());
        let expected = "回复（这个数据报不以“收到:”开头；此前也没有多余的回复）";
        peer.receives_just(format!("收到:{question}"), expected);
    }
}

fn whatever_comes_is_answered(check: &Check) {
    let server = check.start(&[ANY_PORT]);
    let address = server.address();
    let peer = check.peer("客户端");
    let header = format!("{}\n", peer.address());

    check.peer("发送后随即关闭套接字的客户端").sends("别等我", address);
    let long = "长".repeat((LONGEST_DATAGRAM - 7) / 3);
    let datagrams: [(&[u8], &str, &str); 4] = [
        (b"", "", "回复（空数据报也是数据报）"),
        (b"\xc4\xe3\xff", "\u{fffd}\u{fffd}\u{fffd}", "回复（原来的字节，即使不是 UTF-8）"),
        (long.as_bytes(), &long, "回复（数据报有多长，就回复多长）"),
        ("短".as_bytes(), "短", "回复"),
    ];
    for (data, text, expected) in datagrams {
        peer.sends(data, address);
        peer.receives_just(["收到:".as_bytes(), data].concat(), expected);
        server.shows(&format!("{header}{text}\n"));
    }

    peer.sends("长".repeat(LONGEST_DATAGRAM / 3), address);
    peer.sends("还在吗", address);
    let expected = "回复（对上一个数据报的回复太长，一个数据报装不下，但程序不应因此停下）";
    peer.receives_just("收到:还在吗", expected);
    server.notes_what("标准错误说明有一个回复没有发送", |noted| {
        (noted.lines().count() < 2).then(|| "只有给出地址的那一行".into())
    });
}

fn a_flood_holds_up_nobody(check: &Check) {
    let server = check.start(&[ANY_PORT]);
    let address = server.address();
    let flooding = check.peer("从不接收回复的客户端");
    let _flood = flooding.keeps_sending("flood", address, Duration::ZERO);
    let quiet = check.peer("偶尔提问的客户端");
    // Asks until there is an answer, since UDP may lose a datagram where there is no room for it.
    let _asking = quiet.keeps_sending("在吗", address, PAUSE / 4);
    quiet.receives_just("收到:在吗", "回复");
}

/// How many datagrams wait to be shown, how many more the pipe may hold, and how many are sent: so
/// many that some are left out, and that notes about the others fill the pipe of standard error.
const WAITING: usize = 512;
const IN_THE_PIPE: usize = 200;
const SENT: usize = 2_000;
const LENGTH: usize = 2_000; // bytes each

fn a_screen_that_is_not_read_holds_up_nobody(check: &Check) {
    let mut server = check.start(&[ANY_PORT]);
    let address = server.address();
    let (one, other) = (check.peer("客户端甲"), check.peer("客户端乙"));
    server.types_ctrl_d();
    server.is_not_read();
    let most = WAITING + IN_THE_PIPE;
    check.did(format!("客户端甲发送 {SENT} 个 {LENGTH} 字节的数据报，每次等到回复再发下一个；从第 {most} 个起，每次还先发两个太长而无法回复的（Windows 上除外）"));
    let too_long = vec![b'x'; LONGEST_DATAGRAM];
    let mut unanswered = 0;
    let limit = 6 * check.patience();
    let deadline = Instant::now() + limit;
    for number in 1..=SENT {
        if Instant::now() > deadline {
            let expected = format!("{}内都有回复", seconds(limit));
            check.expect(expected, Err(format!("只有 {} 个", number - 1)))
        }
        // Two have room in the buffers of other systems.
        for _ in 0..if number > most && !cfg!(windows) { 2 } else { 0 } {
            one.socket().send_to(&too_long, address).unwrap();
            unanswered += 1;
        }
        let data = format!("{number:0>LENGTH$}");
        one.socket().send_to(data.as_bytes(), address).unwrap();
        let expected = format!("第 {number} 个回复（此时没有人读取它的输出）");
        let (came, _) = one.receives_quietly(&expected);
        if came != format!("收到:{data}").as_bytes() {
            check.expect(expected, Err(literal(came)))
        }
    }
    other.sends("我呢", address);
    other.receives_just("收到:我呢", "回复（此时没有人读取它的输出）");

    server.is_read_again();
    let expected = format!("标准输出依次显示客户端甲的前 {WAITING} 个数据报");
    server.shows_what(&expected, |shown| {
        let right = numbers(shown).zip(1..=WAITING).take_while(|(one, other)| one == other).count();
        (right < WAITING).then(|| format!("只依次显示了前 {right} 个"))
    });
    // The number of those left out comes with the first of these, and with none of the others.
    for question in ["又能看了", "还能看", "接着看"] {
        other.sends(question, address);
        other.receives_just(format!("收到:{question}"), "回复");
        let expected = format!(
            "标准输出显示“{question}”，在它之前显示的不超过 {most} 个（最多 {WAITING} 个等待显示，管道中还有一些）"
        );
        let text = format!("{}\n{question}\n", other.address());
        server.shows_what(&expected, |shown| match numbers(shown).count() {
            came if came > most => Some(format!("显示了 {came} 个：等待显示的超过了 {WAITING} 个")),
            came => (!shown.contains(&text)).then(|| format!("显示了 {came} 个，没有“{question}”")),
        });
    }
    let shown = numbers(&server.shown()).count();
    let of_other = server.shown().matches("\n我呢\n").count();
    let left_out = SENT + unanswered + 1 - shown - of_other;
    let expected =
        format!("标准错误中“另有 N 个数据报”说明略过的数目：有回复而没有显示的共 {left_out} 个");
    server.notes_what(&expected, |noted| {
        let told: usize = noted.lines().filter_map(number_left_out).sum();
        (told != left_out).then(|| format!("说明的共 {told} 个"))
    });
}

fn the_shortest_note_holds_up_nobody(check: &Check) {
    let server = check.start(&[ANY_PORT]);
    let (address, peer) = (server.address(), check.peer("客户端"));
    server.is_not_read();
    check.did("客户端发送 20000 个 1 字节的数据报，每次等到回复再发下一个");
    for number in 1..=20_000 {
        peer.socket().send_to(b"x", address).unwrap();
        peer.receives_quietly(&format!("第 {number} 个短的回复（此时没有人读取它的输出）"));
    }
    server.is_read_again();
}

/// The numbers that have been shown, in their order.
fn numbers(shown: &str) -> impl Iterator<Item = usize> {
    let texts = shown.lines().filter(|line| line.len() == LENGTH);
    texts.filter_map(|text| text.trim_start_matches('0').parse().ok())
}

/// How many datagrams were left out, if `line` says that.
fn number_left_out(line: &str) -> Option<usize> {
    let (_, rest) = line.split_once("另有 ")?;
    rest.split_once(" 个数据报")?.0.parse().ok()
}

fn the_end_of_the_screen_ends_the_program(check: &Check) {
    let server = check.start(&[ANY_PORT]);
    let address = server.address();
    let peer = check.peer("客户端");
    peer.sends("你好", address);
    peer.receives_just("收到:你好", "回复");
    server.closes_its_output();
    let _sending = peer.keeps_sending("在吗", address, PAUSE);
    server.ends(0);
}
