//! `udp-chat` as its user sees it: transcript, wire, exit status.

use testing::{Program, receive, udp};

const EXE: &str = env!("CARGO_BIN_EXE_udp-chat");
const MENU: &str = "请选择功能:1.发送信息 2.接受信息 3.退出\n请选择额:";

fn chat() -> Program {
    Program::start(EXE, &["127.0.0.1:0"])
}

#[test]
fn sending_receiving_a_wrong_choice_and_quitting() {
    let peer = udp();
    let address = peer.local_addr().unwrap();
    let mut chat = chat();
    for line in ["1", "127.0.0.1", &address.port().to_string(), "你好", "9", "2"] {
        chat.type_line(line);
    }
    let (data, sender) = receive(&peer);
    assert_eq!(data, "你好".as_bytes());
    assert_eq!(sender, chat.address());

    // What comes is sent back byte for byte, text or not.
    peer.send_to(b"\xff\x00ok", sender).unwrap();
    assert_eq!(receive(&peer).0, b"\xff\x00ok");
    chat.type_line("3");
    let ended = chat.end();
    assert_eq!(ended.status, Some(0), "{ended:?}");
    assert_eq!(
        ended.out,
        format!(
            "{MENU}IP地址:端口:输入内容{MENU}输入错误哦\n{MENU}\
             收到来自{address}的数据:\u{fffd}\0ok\n{MENU}"
        )
    );
}

#[test]
fn what_cannot_be_used_is_an_error_line_and_the_menu_again() {
    let mut chat = chat();
    for (lines, problem) in [
        (&["1", "127.0.0.1", "abc"][..], "端口 abc 不是"),
        (&["1", "127.0.0.1", "65536"], "端口 65536 不是"),
        (&["1", "127.0.0.1", ""], "端口不能为空"),
        (&["1", "127.0.0.1", "0", "x"], "端口 0 不能作为目的端口"),
        (&["1", "", "9", "x"], "主机地址不能为空"),
        (&["1", "no-such-host.invalid", "9", "x"], "找不到主机 no-such-host.invalid"),
        (&["1", "::1", "9", "x"], "只能发往 IPv4 地址，不能发往 ::1"),
        (&["1", "127.0.0.1", "9", &"x".repeat(65_508)], "一个数据报最多 65507 字节"),
    ] {
        for line in lines {
            chat.type_line(line);
        }
        chat.expect_note(problem);
    }
    chat.type_line("3");
    let ended = chat.end();
    assert_eq!(ended.status, Some(1), "not all was done: {ended:?}");
    assert_eq!(ended.out.matches(MENU).count(), 9, "{ended:?}");
}
