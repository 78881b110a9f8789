//! The checks of the exercise `retry`. On your own `examples/my_retry.rs`:
//! `cargo test -p udp-client --test exercises -- --ignored`

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::net::SocketAddr;
use std::time::{Duration, Instant};
use testing::LONGEST_DATAGRAM;
use testing::exercise::{ANY_PORT, Check, Peer, Subject, literal, seconds};

mod wrong;

testing::exercise! {
    retry of "udp-client" {
        silence_means_four_tries_and_a_failure "一直没有回复：发送四次，然后失败" => "第 2 次发来的这一行",
        a_lost_answer_costs_nothing "回复丢失：再次发送后收到" => "第 2 次发来的这一行",
        an_answer_to_the_first_try_counts_to_the_end "迟到的回复也算" => "第 2 次发来的这一行",
        every_answer_is_shown "各种回复都完整显示" => "程序结束",
        a_stranger_is_no_answer "其他地址发来的不算回复" => "第 2 次发来的这一行",
        a_flood_delays_no_try "大量其他数据报不影响重传的时间" => "第 2 次发来的这一行",
        a_refusal_is_silence "端口不可达按没有回复处理" => "第 2 次",
    }
}

/// A text that fills a datagram.
fn long() -> String {
    "长".repeat(LONGEST_DATAGRAM / 3)
}

/// The client, and `line` typed and received: when it was typed, and where it came from.
#[track_caller]
fn asked<'a>(check: &'a Check, server: &Peer, line: &str) -> (Subject<'a>, Instant, SocketAddr) {
    let mut client = check.start(&[&server.address().to_string(), ANY_PORT]);
    client.address();
    check.lets_pass(Duration::from_secs(1)); // the pauses begin when the line was typed
    let typed = Instant::now();
    client.types(line);
    (client, typed, server.receives_just(line, "这一行"))
}

/// The tries from the second to the `last` come, none of them early. `typed`: when the line was.
#[track_caller]
fn tries_again(server: &Peer, line: &str, typed: Instant, last: usize, why: &str) {
    let pauses = [("0.5", 500), ("1.5", 1_500), ("3.5", 3_500)];
    for (number, (told, pause)) in (2..=last).zip(pauses) {
        let expected = format!("第 {number} 次发来的这一行，不早于输入后 {told} 秒（{why}）");
        server.receives_after(typed, Duration::from_millis(pause), line, &expected);
    }
}

fn silence_means_four_tries_and_a_failure(check: &Check) {
    let server = check.peer("从不回复的服务器");
    let (client, typed, _) = asked(check, &server, &long());
    tries_again(&server, &long(), typed, 4, "一直没有回复");
    let pause = Duration::from_millis(7_500);
    let ended = client.ends_within(pause + check.patience(), &[1]);
    let passed = typed.elapsed();
    let expected = "第 4 次发送后还等了 4 秒，即程序结束不早于输入后 7.5 秒";
    check.expect_that(expected, passed >= pause, || format!("{}后就结束了", seconds(passed)));
    server.has_nothing_more("没有第 5 次发送");
    let noted = ended.err.lines();
    let silent = Vec::from_iter(noted.clone().filter(|line| line.contains("没有收到回复")));
    let told = (2..=4).all(|n| ended.err.contains(&format!("没有收到回复，第 {n} 次发送")));
    let is_told = told && silent.len() > 3 && noted.last() == silent.last().copied();
    let expected = "标准错误有“没有收到回复，第 2（3、4）次发送”三行，最后一行“没有收到回复”";
    check.expect_that(expected, is_told, || literal(&ended.err));
    check.expect_that("标准输出没有内容", ended.out.is_empty(), || literal(&ended.out));
}

fn a_lost_answer_costs_nothing(check: &Check) {
    let server = check.peer("漏收第一个数据报的服务器");
    let (client, typed, sender) = asked(check, &server, "你好");
    tries_again(&server, "你好", typed, 2, "此前没有回复");
    server.sends(long(), sender);
    client.ends_having_shown(0, &format!("{}\n{}\n", server.address(), long()));
    // If no third try was due yet.
    if typed.elapsed() < Duration::from_millis(1_500) {
        server.has_nothing_more("收到回复之后，程序不再发送");
    }
}

fn an_answer_to_the_first_try_counts_to_the_end(check: &Check) {
    let server = check.peer("回复迟缓的服务器");
    let (client, typed, first) = asked(check, &server, "你好");
    tries_again(&server, "你好", typed, 4, "回复迟迟未到");
    check.did("服务器回复第 1 次发送，而且回复在路上变成了两份");
    server.sends("答复", first);
    server.sends("答复", first);
    // One question has one answer.
    client.ends_having_shown(0, &format!("{}\n答复\n", server.address()));
}

fn every_answer_is_shown(check: &Check) {
    for (answer, text) in
        [(long().as_bytes(), &*long()), (b"\xc4\xe3ok", "\u{fffd}\u{fffd}ok"), (b"", "")]
    {
        let server = check.peer("服务器");
        let (client, _, sender) = asked(check, &server, "你好");
        server.sends(answer, sender);
        let shown = match text {
            "" => "服务器已关闭\n".into(),
            text => format!("{}\n{text}\n", server.address()),
        };
        client.ends_having_shown(0, &shown);
    }
}

fn a_stranger_is_no_answer(check: &Check) {
    let server = check.peer("服务器");
    let stranger = check.peer("其他地址的程序");
    let (client, typed, client_address) = asked(check, &server, "你好");
    for somebody in [stranger.double(), server.double()].iter().flatten().chain([&stranger]) {
        somebody.sends("", client_address);
    }
    let pause = Duration::from_millis(150);
    let _sending = stranger.keeps_sending("骗你的", client_address, pause);
    let why = "其他地址发来的既不算回复，也不改变等待的时间";
    tries_again(&server, "你好", typed, 3, why);
    server.sends("真的", client_address);
    client.ends_having_shown(0, &format!("{}\n真的\n", server.address()));
}

fn a_flood_delays_no_try(check: &Check) {
    let server = check.peer("服务器");
    let stranger = check.peer("其他地址的程序");
    let (client, typed, client_address) = asked(check, &server, "你好");
    let flood = stranger.keeps_sending("骗你的", client_address, Duration::ZERO);
    let why = "其他地址的程序不停发送，时间到了也应再次发送";
    tries_again(&server, "你好", typed, 2, why);
    check.did("其他地址的程序停止发送");
    drop(flood);
    // Until it has read what is left of the flood, there may be no room for an answer.
    let _sending = server.keeps_sending("真的", client_address, Duration::from_millis(100));
    client.ends_having_shown(0, &format!("{}\n真的\n", server.address()));
}

fn a_refusal_is_silence(check: &Check) {
    let server = check.peer("稍后才开始接收的服务器");
    // A connected socket takes what its peer sends, here itself. For all others the port is closed.
    server.socket().connect(server.address()).unwrap();
    check.did("服务器还没有开始接收：发往它的端口的数据报由系统以 ICMP“端口不可达”拒绝");
    let mut client = check.start(&[&server.address().to_string(), ANY_PORT]);
    let client_address = client.address();
    let typed = Instant::now();
    client.types("你好");
    client.notes("第 2 次");
    check.did("服务器开始接收");
    server.socket().connect(client_address).unwrap();
    let pause = Duration::from_millis(500);
    let expected = "又一次发来的这一行，不早于输入后 0.5 秒（先前被拒绝的算作没有回复）";
    server.receives_after(typed, pause, "你好", expected);
    check.did("服务器发送数据报：“在了”");
    server.socket().send("在了".as_bytes()).unwrap();
    client.ends_having_shown(0, &format!("{}\n在了\n", server.address()));
}
