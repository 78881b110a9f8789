//! The checks of the exercise `framed`. On your own `examples/my_framed.rs`:
//! `cargo test -p tcp-client --test exercises -- --ignored`

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use testing::exercise::{Check, Connection, Subject};

testing::exercise! {
    framed of "tcp-client" {
        boundaries_survive_any_segmentation => "带长度前缀",
        an_empty_line_is_a_message => "4 个值为 0 的字节",
        a_length_above_1_mib_is_refused => "带长度前缀",
        a_line_above_1_mib_is_not_sent => "带长度前缀",
        a_cut_inside_a_message_is_told => "带长度前缀",
        a_close_between_messages_is_the_end => "带长度前缀",
    }
    wrong []
}

/// 你好 and 再见 in GBK, behind their lengths.
const HELLO: &[u8] = b"\0\0\0\x04\xc4\xe3\xba\xc3";
const BYE: &[u8] = b"\0\0\0\x04\xd4\xd9\xbc\xfb";

/// The program, connected to a server which the check plays.
fn connected(check: &Check) -> (Subject<'_>, Connection<'_>) {
    let listener = check.listen("服务器");
    let client = check.start(&[&listener.local_addr().unwrap().to_string()]);
    let server = check.accept("服务器", &listener);
    (client, server)
}

/// The same, with 你好 typed and received.
#[track_caller]
fn asked(check: &Check) -> (Subject<'_>, Connection<'_>) {
    let (mut client, server) = connected(check);
    client.types("你好");
    server.receives(HELLO, "带长度前缀的这一行（GBK 编码）");
    (client, server)
}

fn boundaries_survive_any_segmentation(check: &Check) {
    let (mut client, server) = asked(check);
    // Byte by byte, each in a segment of its own.
    server.socket().set_nodelay(true).unwrap();
    for byte in HELLO {
        server.sends([*byte]);
    }
    client.shows("收到数据你好\n");
    // Two at once: the second one belongs to the next line.
    client.types("再见");
    server.receives(BYE, "带长度前缀的下一行");
    server.sends([BYE, HELLO].concat());
    client.shows("收到数据再见\n输入:");
    client.types("再见");
    server.receives(BYE, "带长度前缀的又一行");
    client.shows("收到数据再见\n输入:收到数据你好\n");
}

fn an_empty_line_is_a_message(check: &Check) {
    let (mut client, server) = connected(check);
    client.types("");
    server.receives([0; 4], "一个空消息，即 4 个值为 0 的字节");
    server.sends([0; 4]);
    client.shows("输入:收到数据\n输入:");
}

fn a_length_above_1_mib_is_refused(check: &Check) {
    let (mut client, server) = asked(check);
    // The longest that is allowed, first.
    server.sends([&(1_u32 << 20).to_be_bytes()[..], &vec![b'x'; 1 << 20]].concat());
    client.shows(&format!("收到数据{}\n", "x".repeat(1 << 20)));
    client.types("你好");
    server.receives(HELLO, "带长度前缀的下一行");
    server.sends(((1_u32 << 20) + 1).to_be_bytes());
    client.notes("太长");
    client.ends(1);
}

fn a_line_above_1_mib_is_not_sent(check: &Check) {
    let (mut client, server) = connected(check);
    client.types(&"x".repeat((1 << 20) + 1));
    client.types("你好");
    server.receives(HELLO, "带长度前缀的短的一行（过长的一行不应发送）");
    client.notes("太长");
}

fn a_cut_inside_a_message_is_told(check: &Check) {
    for part in [&HELLO[..2], &HELLO[..4], &HELLO[..7]] {
        let (client, server) = asked(check);
        server.sends(part);
        server.closes();
        client.notes("中间断开");
        client.ends(1);
    }
}

fn a_close_between_messages_is_the_end(check: &Check) {
    let (client, server) = asked(check);
    server.closes();
    client.shows("对方关闭了链接\n");
    client.ends(0);
}
