//! `feiq-sender` as its user sees it: transcript, wire, exit status.

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::net::UdpSocket;
use testing::{Program, receive, udp};

const EXE: &str = env!("CARGO_BIN_EXE_feiq-sender");

fn sender(receiver: &UdpSocket) -> Program {
    Program::start(EXE, &[&receiver.local_addr().unwrap().to_string()])
}

#[test]
fn text_that_cannot_be_sent_is_refused_by_name_and_takes_no_number() {
    let receiver = udp();
    let mut sender = sender(&receiver);
    sender.type_line("笑😀");
    sender.type_line(&"长".repeat(40_000));
    sender.type_line("ok");
    assert!(receive(&receiver).0.starts_with(b"1:324244:"), "the first one that was sent");
    sender.expect_note("字符 😀（U+1F600）在 GBK 中没有编码");
    sender.expect_note("一个数据报最多 65507 字节");
    sender.end_input();
    assert_eq!(sender.end().status, Some(1), "not all was sent");
}

#[test]
fn nobody_at_the_other_end_is_no_reason_to_stop() {
    // A connected socket takes what its peer sends, here itself. For all others the port is closed.
    let receiver = udp();
    receiver.connect(receiver.local_addr().unwrap()).unwrap();
    let mut sender = sender(&receiver);
    sender.type_line("one");
    sender.type_line("two");
    sender.expect("请输入内容:请输入内容:请输入内容:");
}

/// And not an error a microsecond, for ever.
#[cfg(unix)]
#[test]
fn a_console_that_does_not_work_is_a_failure() {
    for (redirected, problem) in
        [("< /", "无法读取标准输入："), ("> /dev/full", "无法写入标准输出：磁盘空间不足：")]
    {
        if redirected.contains("full") && !std::path::Path::new("/dev/full").exists() {
            continue;
        }
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &format!("exec \"$0\" 127.0.0.1:9 {redirected}"), EXE]);
        let ended = Program::spawn(command).end();
        assert_eq!(ended.status, Some(1), "{ended:?}");
        assert_eq!(ended.err.lines().count(), 2, "{ended:?}");
        assert!(ended.err.contains(problem), "{ended:?}");
    }
}
