//! The checks of the exercise `two_way`. On your own `examples/my_two_way.rs`:
//! `cargo test -p udp-chat --test exercises -- --ignored`

use std::net::SocketAddr;
use std::path::Path;
use testing::LONGEST_DATAGRAM;
use testing::exercise::{ANY_PORT, Check, LONG_PAUSE, PAUSE, Peer, Subject};

mod wrong;

testing::exercise! {
    two_way of "udp-chat" {
        nothing_is_sent_back "收到的内容只显示，不发回" => "收到来自",
        what_arrives_is_shown_while_the_user_types "等待输入时也显示收到的消息" => "收到来自",
        whatever_arrives_is_shown "各种数据报都显示" => "收到来自",
        two_of_them_talk "两个程序互相聊天" => "收到来自",
        a_wrong_answer_leads_back_to_the_menu "输入有误，回到菜单" => "收到来自",
        every_end_is_quiet "各种结束方式都正常" => "程序结束",
    }
}

/// Types what the menu asks for.
fn send(chat: &mut Subject, text: &str, to: SocketAddr) {
    for line in ["1", &to.ip().to_string(), &to.port().to_string(), text] {
        chat.types(line);
    }
}

/// `peer` sends this, and the chat shows it.
#[track_caller]
fn arrives(chat: &Subject, peer: &Peer, text: &str) {
    peer.sends(text, chat.address());
    chat.shows(&shown(peer, text));
}

/// How the chat shows what comes from `peer`.
fn shown(peer: &Peer, text: &str) -> String {
    format!("收到来自{}的数据:{text}\n", peer.address())
}

fn what_arrives_is_shown_while_the_user_types(check: &Check) {
    let mut chat = check.start(&[ANY_PORT]);
    let peer = check.peer("好友");
    let other = check.peer("另一位好友");
    chat.shows("请选择额:");
    arrives(&chat, &peer, "你好");
    arrives(&chat, &other, "我也在");
    chat.types("1");
    chat.shows("IP地址:");
    arrives(&chat, &peer, "一");
    // In the middle of a line: nothing that was typed may be lost.
    chat.types_without_enter("127.0.");
    check.lets_pass(LONG_PAUSE); // silence is not the end of the listening
    arrives(&chat, &peer, "二");
    chat.types("0.1");
    chat.shows("端口:");
    arrives(&chat, &other, "三");
    chat.types(&peer.address().port().to_string());
    chat.shows("输入内容");
    chat.types_without_enter("  在，");
    arrives(&chat, &peer, "四");
    arrives(&chat, &other, "五");
    chat.types("一直在 ");
    let expected = "用户输入的内容，一字不差（输入到一半时有消息到达，输入的内容也不应丢失）";
    let sender = peer.receives_just("  在，一直在 ", expected);
    let address = chat.address();
    let expected = format!("它来自程序绑定的地址 {address}，对方才知道往哪里回");
    check.expect_that(expected, sender == address, || format!("来自 {sender}"));
    chat.has_shown("收到来自", 7);
    chat.types("3");
    chat.ends(0);
}

fn whatever_arrives_is_shown(check: &Check) {
    let mut chat = check.start(&[ANY_PORT]);
    let peer = check.peer("好友");
    peer.sends(b"\xc4\xe3ok", chat.address());
    chat.shows(&shown(&peer, "\u{fffd}\u{fffd}ok"));
    arrives(&chat, &peer, "");
    arrives(&chat, &peer, &"长".repeat(LONGEST_DATAGRAM / 3));
    send(&mut chat, "都收到了", peer.address());
    peer.receives_just("都收到了", "用户输入的内容");
    chat.types("3");
    chat.ends(0);
}

fn nothing_is_sent_back(check: &Check) {
    let mut chat = check.start(&[ANY_PORT]);
    let peer = check.peer("好友");
    check.lets_pass(LONG_PAUSE);
    arrives(&chat, &peer, "别回");
    // There is nothing left to do for this choice: whatever it does, it does not wait for anything.
    chat.types("2");
    arrives(&chat, &peer, "也别回");
    send(&mut chat, "完了", peer.address());
    peer.receives_just("完了", "用户输入的内容（此前不应把收到的消息发回来）");
    chat.types_ctrl_d();
    chat.ends(0);
    peer.has_nothing_more("好友没有收到其他数据报");
}

fn two_of_them_talk(check: &Check) {
    let chat = |name| check.start_in(Path::new("."), Some(name), &[ANY_PORT]);
    let (mut one, mut other) = (chat("程序甲"), chat("程序乙"));
    let (address, other_address) = (one.address(), other.address());
    send(&mut one, "吃了吗", other_address);
    other.shows(&format!("收到来自{address}的数据:吃了吗\n"));
    send(&mut other, "吃了", address);
    one.shows(&format!("收到来自{other_address}的数据:吃了\n"));
    one.has_shown("收到来自", 1);
    for mut chat in [one, other] {
        chat.types("3");
        chat.ends(0);
    }
}

fn a_wrong_answer_leads_back_to_the_menu(check: &Check) {
    let mut chat = check.start(&[ANY_PORT]);
    let peer = check.peer("好友");
    arrives(&chat, &peer, "在吗");
    chat.types("9");
    chat.shows("输入错误哦\n");
    for port in ["八千", "65536"] {
        for line in ["1", "127.0.0.1", port] {
            chat.types(line);
        }
    }
    // One byte more than a datagram carries.
    send(&mut chat, &"长".repeat(65_508 / 3), peer.address());
    let most = "长".repeat(LONGEST_DATAGRAM / 3);
    send(&mut chat, &most, peer.address());
    let expected = "用户最后输入的内容（端口有误、内容太长时应说明错误，再回到菜单）";
    peer.receives_just(most, expected);
    arrives(&chat, &peer, "收到了");
    let expected = "标准错误说明三次发送为什么没有成功";
    chat.notes_what(expected, |noted| {
        let lines = noted.lines().count() - 1;
        (lines < 3).then(|| format!("给出地址的那一行以外，只有 {lines} 行"))
    });
    chat.types("3");
    chat.ends(1);
}

fn every_end_is_quiet(check: &Check) {
    let chat = check.start(&[ANY_PORT]);
    let peer = check.peer("好友");
    let address = chat.address();
    chat.shows("请选择额:");
    chat.closes_its_output();
    let _sending = peer.keeps_sending("在吗", address, PAUSE);
    chat.ends(0);

    let mut chat = check.start(&[ANY_PORT]);
    chat.types("1");
    chat.shows("IP地址:");
    chat.types_ctrl_d();
    chat.ends(0);

    let chat = check.start(&[ANY_PORT]);
    arrives(&chat, &peer, "在吗");
    chat.ends_by_ctrl_c(0);
}
