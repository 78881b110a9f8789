//! The checks of the exercise `framed`. On your own `examples/my_framed.rs`:
//! `cargo test -p tcp-client --test exercises -- --ignored`

#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::thread;
use std::time::{Duration, Instant};
use testing::exercise::{Check, Connection, LONG_PAUSE, PAUSE, Subject, seconds};

mod wrong;

testing::exercise! {
    framed of "tcp-client" {
        boundaries_survive_any_segmentation "消息的边界与分段无关" => "带长度前缀",
        an_empty_line_is_a_message "空行也是一条消息" => "4 个值为 0 的字节",
        each_message_is_a_text_of_its_own "每条消息单独解码" => "带长度前缀",
        a_message_may_have_1_mib "消息可以长达 1 MiB" => "带长度前缀",
        a_line_above_1_mib_is_not_sent "超过 1 MiB 的一行不发送" => "太长",
        a_length_above_1_mib_is_refused "拒绝超过 1 MiB 的长度" => "带长度前缀",
        a_close_between_messages_is_the_end "在两条消息之间关闭，正常结束" => "带长度前缀",
        a_cut_inside_a_message_is_told "在消息中间关闭，报告错误" => "带长度前缀",
        a_reset_is_told "连接被复位，报告错误" => "带长度前缀",
        a_slow_answer_is_waited_for "回复来得慢，继续等待" => "带长度前缀",
        a_server_that_reads_slowly_gets_everything "服务器读得慢，也全部发出" => "带长度前缀",
        a_server_that_reads_nothing_is_an_error "服务器一直不接收，报告错误" => "带长度前缀",
    }
}

/// 你好 and 再见 in GBK, behind their lengths.
const HELLO: &[u8] = b"\0\0\0\x04\xc4\xe3\xba\xc3";
const BYE: &[u8] = b"\0\0\0\x04\xd4\xd9\xbc\xfb";

/// The longest message.
const MIB: usize = 1 << 20;

/// How long the program waits for a server that takes nothing, as the mirror does.
const SEND_TIMEOUT: Duration = Duration::from_secs(5);

/// A text in GBK as a message.
fn framed(text: &[u8]) -> Vec<u8> {
    let length = text.len() as u32;
    [&length.to_be_bytes(), text].concat()
}

/// The program, connected to a server which the check plays. It has 1 GiB of memory.
fn connected(check: &Check) -> (Subject<'_>, Connection<'_>) {
    let listener = check.listen("服务器");
    let address = listener.local_addr().unwrap().to_string();
    let client = check.start_limited("-v 1048576", &[&address]);
    (client, check.accept("服务器", &listener))
}

/// The same, with 你好 typed and received.
#[track_caller]
fn asked(check: &Check) -> (Subject<'_>, Connection<'_>) {
    let (mut client, server) = connected(check);
    asks(&mut client, &server);
    (client, server)
}

#[track_caller]
fn asks(client: &mut Subject, server: &Connection) {
    client.types("你好");
    server.receives(HELLO, "带长度前缀的这一行（GBK 编码）");
}

fn boundaries_survive_any_segmentation(check: &Check) {
    let (mut client, server) = asked(check);
    // Byte by byte, each in a segment of its own.
    for byte in HELLO {
        server.sends([*byte]);
    }
    client.shows("收到数据你好\n");
    // Three at once: each belongs to a line, and the last one is not all there yet.
    client.types("再见");
    server.receives(BYE, "带长度前缀的第 2 行");
    server.sends([BYE, HELLO, &BYE[..5]].concat());
    client.shows("收到数据再见\n输入:");
    asks(&mut client, &server);
    client.shows("收到数据再见\n输入:收到数据你好\n");
    asks(&mut client, &server);
    server.sends(&BYE[5..]);
    client.shows("再见\n输入:收到数据你好\n输入:收到数据再见\n输入:");
    client.types_ctrl_d();
    let (hello, bye) = ("输入:收到数据你好\n", "输入:收到数据再见\n");
    client.ends_having_shown(0, &format!("{hello}{bye}{hello}{bye}输入:"));
}

fn a_slow_answer_is_waited_for(check: &Check) {
    let (mut client, server) = asked(check);
    server.sends_slowly(&HELLO[..6], 1);
    check.lets_pass(LONG_PAUSE);
    server.sends(&HELLO[6..]);
    client.shows("收到数据你好\n输入:");
    asks(&mut client, &server);
    server.sends_slowly(framed(&b"\xb3\xa4".repeat(10_100)), 4001);
    client.shows(&format!("收到数据{}\n输入:", "长".repeat(10_100)));
    asks(&mut client, &server);
    server.sends(HELLO);
    client.shows("长\n输入:收到数据你好\n输入:");
}

fn an_empty_line_is_a_message(check: &Check) {
    let (mut client, server) = connected(check);
    client.types("");
    server.receives([0; 4], "一个空消息，即 4 个值为 0 的字节");
    server.sends([0; 4]);
    client.shows("输入:收到数据\n输入:");
    client.types("");
    server.receives([0; 4], "又一个空消息");
    server.sends([&[0; 4], HELLO].concat());
    client.shows("输入:收到数据\n输入:收到数据\n输入:");
    asks(&mut client, &server);
    client.shows("收到数据\n输入:收到数据你好\n输入:");
    client.ends_by_ctrl_c(0);
}

fn each_message_is_a_text_of_its_own(check: &Check) {
    let (mut client, server) = asked(check);
    let answers: [(&[u8], &str); 5] = [
        (b"\xc4", "\u{fffd}"),
        (b"\xba\xc3", "好"),
        (b"\xff ok", "\u{fffd} ok"),
        (b" a\tb\r\nc ", " a\tb\r\nc "),
        ("你好".as_bytes(), "浣犲ソ"),
    ];
    server.sends(answers.map(|(text, _)| framed(text)).concat());
    check.did("（依次是：半个字符，一个字，不是 GBK 的字节，两行，你好的 UTF-8 编码）");
    for (_, text) in answers {
        client.shows(&format!("收到数据{text}\n输入:"));
        client.types(" 你好 ");
        server.receives(framed(b" \xc4\xe3\xba\xc3 "), "前后的空格都在的下一行");
    }
}

fn a_message_may_have_1_mib(check: &Check) {
    let (mut client, server) = connected(check);
    let line = "长".repeat(MIB / 2);
    client.types(&line);
    check.did("（这一行的 GBK 编码正好是 1 MiB，每个字 2 字节）");
    let message = framed(&b"\xb3\xa4".repeat(MIB / 2));
    server.receives(&message, "带长度前缀的这一行");
    server.sends(&message);
    client.shows(&format!("输入:收到数据{line}\n输入:"));
    client.types("再见");
    server.receives(BYE, "带长度前缀的下一行");
    server.sends(&message);
    client.shows(&format!("{line}\n输入:收到数据{line}\n输入:"));
    client.types_ctrl_d();
    client.ends_having_shown(0, &format!("{}输入:", format!("输入:收到数据{line}\n").repeat(2)));
}

fn a_line_above_1_mib_is_not_sent(check: &Check) {
    let (mut client, server) = connected(check);
    client.types(&format!("{}x", "长".repeat(MIB / 2)));
    check.did("（这一行的 GBK 编码比 1 MiB 多 1 字节）");
    client.notes("太长");
    client.types("😀");
    check.did("（GBK 没有这个字符）");
    client.types("你好");
    server.receives(HELLO, "带长度前缀的短行（前两行不应发送）");
    server.sends(HELLO);
    client.shows("输入:输入:输入:收到数据你好\n输入:");
    client.types_ctrl_d();
    client.ends_having_shown(1, "输入:输入:输入:收到数据你好\n输入:");
}

fn a_length_above_1_mib_is_refused(check: &Check) {
    for length in [MIB as u32 + 1, 0x8000_0000, u32::MAX] {
        let (client, server) = asked(check);
        server.sends(length.to_be_bytes());
        check.did(format!("（长度 {length} 太长，内容不会到达，连接也不关闭）"));
        client.notes("太长");
        client.ends_having_shown(1, "输入:");
    }
}

fn a_cut_inside_a_message_is_told(check: &Check) {
    let long = framed(&[b'x'; 20_000]);
    for part in (1..HELLO.len()).map(|part| &HELLO[..part]).chain([&long[..4100], &long[..20_003]])
    {
        let (mut client, server) = asked(check);
        server.sends(HELLO);
        client.shows("收到数据你好\n输入:");
        asks(&mut client, &server);
        server.sends(part);
        server.closes();
        client.notes("中间断开");
        client.ends_having_shown(1, "输入:收到数据你好\n输入:");
    }
}

fn a_reset_is_told(check: &Check) {
    let answered = || {
        let (mut client, server) = asked(check);
        server.sends(HELLO);
        client.shows("收到数据你好\n输入:");
        client.types("再见");
        (client, server)
    };
    let transcript = "输入:收到数据你好\n输入:";

    let (client, server) = answered();
    server.resets(BYE.len());
    client.notes("连接被对方复位");
    client.ends_having_shown(1, transcript);

    let long = framed(&[b'x'; 20_000]);
    for part in [&BYE[..2], &BYE[..4], &BYE[..6], &long[..4100]] {
        let (client, server) = answered();
        server.sends(part);
        server.resets(BYE.len());
        // Elsewhere a reset may destroy what has come before it.
        if cfg!(target_os = "linux") {
            client.notes("中间断开");
        }
        client.ends_having_shown(1, transcript);
    }

    let (mut client, server) = answered();
    server.sends(BYE);
    client.shows("收到数据再见\n输入:");
    server.resets(BYE.len());
    client.types("你好");
    client.ends_having_shown(1, "输入:收到数据你好\n输入:收到数据再见\n输入:");
}

fn a_close_between_messages_is_the_end(check: &Check) {
    let (client, server) = asked(check);
    server.closes();
    client.shows("对方关闭了链接\n");
    client.ends_having_shown(0, "输入:对方关闭了链接\n");

    let (mut client, server) = asked(check);
    server.sends(HELLO);
    server.half_closes();
    client.shows("收到数据你好\n输入:");
    asks(&mut client, &server);
    client.ends_having_shown(0, "输入:收到数据你好\n输入:对方关闭了链接\n");
}

/// More lines, of 1 MiB each, than fit into all buffers between the program and the server.
const MANY: usize = 16;

/// The program sends as many as it can, while the server does not receive.
fn sends_many(check: &Check) -> (Subject<'_>, Connection<'_>) {
    let (mut client, server) = asked(check);
    server.sends([HELLO.to_vec(), [0; 4].repeat(MANY)].concat());
    check.did("（服务器提前回复了后面的每一行，此后不接收）");
    client.shows("收到数据你好\n输入:");
    (0..MANY).for_each(|_| client.types(&"x".repeat(MIB)));
    client.types_ctrl_d();
    check.lets_pass(3 * PAUSE);
    (client, server)
}

fn a_server_that_reads_slowly_gets_everything(check: &Check) {
    let (client, server) = sends_many(check);
    let message = framed(&[b'x'; MIB]);
    let (begin, rest) = message.split_at(MIB / 2);
    // Time that passes while the program is stopped is not that of one `write`, but of a message.
    client.is_stopped_while(|| {
        if cfg!(unix) {
            check.lets_pass(LONG_PAUSE);
        }
        server.receives(begin, "长行之 1 的前一半");
    });
    interrupts_its_sending(check, &client);
    check.did("服务器慢慢接收，其间多次让程序暂停，随即继续（相当于按 Ctrl-Z，再用 fg）");
    for number in 1..=MANY {
        thread::sleep(PAUSE / 10);
        client.is_stopped_for_a_moment();
        let message = if number == 1 { rest } else { &message };
        server.receives(message, &format!("带长度前缀的长行之 {number}"));
    }
    client.ends(0);
}

fn a_server_that_reads_nothing_is_an_error(check: &Check) {
    let (client, _server) = sends_many(check);
    let begun = Instant::now();
    interrupts_its_sending(check, &client);
    client.ends_within(3 * SEND_TIMEOUT + check.patience(), &[1]);
    let waited = begun.elapsed();
    let came = || format!("只等了 {}", seconds(waited));
    check.expect_that("程序等待对方接收，5 秒内不放弃", waited > SEND_TIMEOUT / 2, came);
}

/// A `write` that gets rid of a part, however small, is no failure, and the next one waits anew. A stop
/// ends such a `write` sooner, and one that has got rid of nothing is interrupted.
fn interrupts_its_sending(check: &Check, client: &Subject) {
    for _ in 0..4 {
        check.lets_pass(PAUSE);
        client.is_stopped_for_a_moment();
    }
}
