//! The checks of the exercise `two_way`. On your own `examples/my_two_way.rs`:
//! `cargo test -p udp-chat --test exercises -- --ignored`

use std::net::SocketAddr;
use testing::exercise::{Check, Subject};

testing::exercise! {
    two_way of "udp-chat" {
        what_arrives_is_shown_while_the_user_types => "收到来自",
        nothing_is_sent_back => "收到来自",
        two_of_them_talk => "收到来自",
    }
    wrong []
}

/// Port 0 is any free port.
const LOCAL: &str = "127.0.0.1:0";

/// Types what the menu asks for.
fn send(chat: &mut Subject, text: &str, to: SocketAddr) {
    for line in ["1", &to.ip().to_string(), &to.port().to_string(), text] {
        chat.types(line);
    }
}

fn what_arrives_is_shown_while_the_user_types(check: &Check) {
    let mut chat = check.start(&[LOCAL]);
    let peer = check.peer("好友");
    chat.shows("请选择额:");
    peer.sends("你好", chat.address());
    chat.shows(&format!("收到来自{}的数据:你好\n", peer.address()));
    // In the middle of a line: nothing that was typed may be lost.
    chat.types("1");
    chat.types_without_enter("127.0.");
    peer.sends("还在吗", chat.address());
    chat.shows(&format!("收到来自{}的数据:还在吗\n", peer.address()));
    chat.types("0.1");
    chat.types(&peer.address().port().to_string());
    chat.types("在");
    peer.receives_just(
        "在",
        "用户输入的内容（输入到一半时有消息到来，输入的内容也不应丢失）",
    );
    chat.types("3");
    chat.ends(0);
}

fn nothing_is_sent_back(check: &Check) {
    let mut chat = check.start(&[LOCAL]);
    let peer = check.peer("好友");
    peer.sends("别回", chat.address());
    chat.shows(&format!("收到来自{}的数据:别回\n", peer.address()));
    send(&mut chat, "完了", peer.address());
    peer.receives_just("完了", "用户输入的内容（此前不应把收到的消息发回来）");
    chat.types_ctrl_d();
    chat.ends(0);
    peer.has_nothing_more("好友没有收到别的数据报");
}

fn two_of_them_talk(check: &Check) {
    let mut one = check.start_as("程序甲", &[LOCAL]);
    let mut other = check.start_as("程序乙", &[LOCAL]);
    let (address, other_address) = (one.address(), other.address());
    send(&mut one, "吃了吗", other_address);
    other.shows(&format!("收到来自{address}的数据:吃了吗\n"));
    send(&mut other, "吃了", address);
    one.shows(&format!("收到来自{other_address}的数据:吃了\n"));
    send(&mut one, "再见", other_address);
    other.shows(&format!("收到来自{address}的数据:再见\n"));
    one.has_shown("收到来自", 1);
    for mut chat in [one, other] {
        chat.types("3");
        chat.ends(0);
    }
}
