//! The checks of the exercises `acknowledged` and `receiver`. On your own
//! `examples/my_receiver.rs`: `cargo test -p feiq-sender --test exercises -- --ignored receiver`

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use testing::exercise::{Check, Peer, Subject, literal};
use testing::{Program, example};

testing::exercise! {
    acknowledged of "feiq-sender" {
        a_message_asks_for_a_receipt => "命令字为 288 的消息",
        silence_means_the_same_message_again => "命令字为 288 的消息",
        only_its_own_receipt_counts => "命令字为 288 的消息",
    }
    wrong []
}

testing::exercise! {
    receiver of "feiq-sender" {
        who_comes_in_is_answered => "标准错误的第一行给出程序绑定的地址",
        a_message_is_shown_and_receipted => "标准错误的第一行给出程序绑定的地址",
        a_repetition_is_receipted_and_not_shown => "标准错误的第一行给出程序绑定的地址",
        two_options_are_heeded => "标准错误的第一行给出程序绑定的地址",
        junk_is_passed_over => "标准错误的第一行给出程序绑定的地址",
        it_understands_the_other_solution => "标准错误的第一行给出程序绑定的地址",
    }
    wrong []
}

/// 小道士 and 你好, in GBK.
const USER: &[u8] = b"\xd0\xa1\xb5\xc0\xca\xbf";
const HELLO: &[u8] = b"\xc4\xe3\xba\xc3";

fn message(packet_number: u64, command: u32, text: &[u8]) -> Vec<u8> {
    let number = packet_number.to_string();
    let command = command.to_string();
    let fields = [
        b"1",
        number.as_bytes(),
        USER,
        b"ubuntu",
        command.as_bytes(),
        text,
    ];
    fields.join(&b':')
}

fn receipt(packet_number: u64) -> Vec<u8> {
    message(7, 33, packet_number.to_string().as_bytes())
}

fn a_message_asks_for_a_receipt(check: &Check) {
    let receiver = check.peer("接收方");
    let mut sender = check.start(&[&receiver.address().to_string()]);
    sender.types("你好");
    let address = receiver.receives_just(
        message(324_244, 288, HELLO),
        "命令字为 288 的消息“你好”（GBK 编码）",
    );
    receiver.sends(receipt(324_244), address);
    sender.shows("对方已收到\n请输入内容:");
    // On a busy machine the receipt may have been late, and the message repeated.
    receiver.forgets_what_has_come();
    sender.types("再见");
    let next = message(324_245, 288, b"\xd4\xd9\xbc\xfb");
    let expected = "下一条消息“再见”，包编号加 1，上一条消息不再重发";
    receiver.receives_just(next, expected);
}

fn silence_means_the_same_message_again(check: &Check) {
    let receiver = check.peer("前两次回执都丢失的接收方");
    let mut sender = check.start(&[&receiver.address().to_string()]);
    sender.types("你好");
    let same = message(324_244, 288, HELLO);
    receiver.receives_just(&same, "命令字为 288 的消息“你好”（GBK 编码）");
    receiver.receives_just(&same, "同一条消息的第 2 次发送（没有回执，应当重发）");
    let address = receiver.receives_just(&same, "同一条消息的第 3 次发送");
    receiver.sends(receipt(324_244), address);
    sender.shows("对方已收到");
    sender.has_shown("对方已收到", 1);
}

fn only_its_own_receipt_counts(check: &Check) {
    let receiver = check.peer("接收方");
    let stranger = check.peer("其他人");
    let mut sender = check.start(&[&receiver.address().to_string()]);
    sender.types("你好");
    let same = message(324_244, 288, HELLO);
    let address = receiver.receives_just(&same, "命令字为 288 的消息“你好”（GBK 编码）");
    check.did("（其他人的回执不算数，接收方接下来的 5 个数据报也都不是这条消息的回执）");
    stranger.sends(receipt(324_244), address);
    for wrong in [
        &receipt(324_243)[..],             // of another message
        &message(324_244, 3, b"\xc4\xe3"), // not a receipt
        &message(324_244, 33, b""),        // of no message
        b"junk",
        b"",
    ] {
        receiver.sends(wrong, address);
    }
    receiver.receives_just(
        &same,
        "同一条消息的再次发送（以上都不是接收方对这条消息的回执）",
    );
    sender.has_shown("对方已收到", 0);
    // What iptux 0.8.3 sends: with an option of its own, and with a NUL at the end.
    receiver.sends(b"1_iptux 0.8.3:3:root:vm:289:324244\0", address);
    sender.shows("对方已收到");
}

/// Port 0 is any free port.
fn start(check: &Check) -> Subject<'_> {
    check.start(&["127.0.0.1:0"])
}

/// The fields of an answer behind the packet number, which is the receiver's own.
#[track_caller]
fn answer(check: &Check, sender: &Peer, expected: &str) -> Vec<Vec<u8>> {
    let (answer, _) = sender.receives(expected);
    let fields: Vec<_> = answer
        .splitn(6, |byte| *byte == b':')
        .map(Vec::from)
        .collect();
    let six = (fields.len() == 6).then_some(());
    let came = format!("共有 {} 个字段：{}", fields.len(), literal(&answer));
    check.expect("应答由冒号分成 6 个字段", six.ok_or(came));
    fields
}

#[track_caller]
fn expect_receipt(check: &Check, sender: &Peer, packet_number: u64) {
    let fields = answer(check, sender, "回执");
    let (command, text) = (&fields[4], &fields[5]);
    let right = command == b"33"
        && text.strip_suffix(b"\0").unwrap_or(text) == packet_number.to_string().as_bytes();
    let came = format!("命令字是{}，内容是{}", literal(command), literal(text));
    check.expect(
        format!("回执的命令字是“33”，内容是那条消息的包编号“{packet_number}”"),
        right.then_some(()).ok_or(came),
    );
}

fn who_comes_in_is_answered(check: &Check) {
    let receiver = start(check);
    let newcomer = check.peer("刚上线的用户");
    newcomer.sends(message(1, 1, USER), receiver.address());
    let fields = answer(check, &newcomer, "应答");
    let right = fields[4] == b"3";
    let came = format!("命令字是{}", literal(&fields[4]));
    check.expect(
        "应答的命令字是“3”（IPMSG_ANSENTRY）",
        right.then_some(()).ok_or(came),
    );
    // What iptux 0.8.3 sends: options do not change the command, and behind the name there is more.
    let iptux = b"1_iptux 0.8.3:1:root:vm:257:root\0\0icon-tux.png\0utf-8\0";
    newcomer.sends(iptux, receiver.address());
    answer(check, &newcomer, "应答（命令字带有别的选项，也应当应答）");
    // An answer to an answer, and two receivers would talk for ever.
    check.did("（下一个数据报本身就是应答，不应再应答）");
    newcomer.sends(message(3, 3, USER), receiver.address());
    newcomer.sends(message(4, 288, HELLO), receiver.address());
    expect_receipt(check, &newcomer, 4);
}

fn a_message_is_shown_and_receipted(check: &Check) {
    let receiver = start(check);
    let sender = check.peer("发送方");
    sender.sends(message(324_244, 32, HELLO), receiver.address());
    receiver.shows("小道士@ubuntu:你好\n");
    sender.sends(message(324_245, 288, b"a:b:c"), receiver.address());
    receiver.shows("小道士@ubuntu:a:b:c\n");
    expect_receipt(check, &sender, 324_245); // and none for the first, which did not ask
    // What iptux 0.8.3 sends: its own version, and a NUL at the end.
    let iptux = [b"1_iptux 0.8.3:5:root:vm:288:", HELLO, b"\0"].concat();
    sender.sends(iptux, receiver.address());
    receiver.shows("小道士@ubuntu:你好\n小道士@ubuntu:a:b:c\nroot@vm:你好\n");
    expect_receipt(check, &sender, 5);
    // FeiQ puts a font behind the NUL.
    let feiq = [
        &b"1_lbt6_0#128#0:9:"[..],
        USER,
        b":ubuntu:32:",
        HELLO,
        b"\0{font}",
    ]
    .concat();
    sender.sends(feiq, receiver.address());
    receiver.shows("root@vm:你好\n小道士@ubuntu:你好\n");
}

fn a_repetition_is_receipted_and_not_shown(check: &Check) {
    let receiver = start(check);
    let sender = check.peer("发送方");
    let other = check.peer("另一个发送方");
    for _ in 0..3 {
        sender.sends(message(324_244, 288, HELLO), receiver.address());
        expect_receipt(check, &sender, 324_244);
    }
    // The number is the sender's: another one may use the same.
    other.sends(message(324_244, 288, b"other"), receiver.address());
    expect_receipt(check, &other, 324_244);
    receiver.shows("小道士@ubuntu:other\n");
    receiver.has_shown("你好", 1);
}

fn two_options_are_heeded(check: &Check) {
    let receiver = start(check);
    let sender = check.peer("发送方");
    let utf8 = message(1, 32 | 0x80_0000, "你好，UTF-8".as_bytes());
    sender.sends(utf8, receiver.address());
    receiver.shows("小道士@ubuntu:你好，UTF-8\n");
    check.did("（下一条消息是群发的，虽然要求回执，也不应当发回执）");
    sender.sends(message(2, 288 | 0x400, b"everybody"), receiver.address());
    receiver.shows("小道士@ubuntu:everybody\n");
    sender.sends(message(3, 288, HELLO), receiver.address());
    expect_receipt(check, &sender, 3); // and none for the one before
}

fn junk_is_passed_over(check: &Check) {
    let receiver = start(check);
    let sender = check.peer("发送方");
    check.did("（接下来的 10 个数据报，或者不合格式，或者不需要处理，都应当忽略）");
    for junk in [
        &b""[..],
        b":::::",
        b"1:2:3",
        b"1:x:a:b:32:junk",
        b"1:2:a:b:32x:junk",
        b"1:2:a:b:-32:junk",
        b"1:2:a:b:99999999999:junk",
        &[0xff; 2000],
        &message(5, 48, b"junk"),   // IPMSG_READMSG
        &message(6, 33, b"324244"), // a receipt for nothing
    ] {
        sender.sends(junk, receiver.address());
    }
    sender.sends(message(324_244, 288, HELLO), receiver.address());
    expect_receipt(check, &sender, 324_244);
    receiver.shows("小道士@ubuntu:你好\n");
    receiver.has_shown("junk", 0);
}

/// The two solutions together: what one asks for, the other gives.
fn it_understands_the_other_solution(check: &Check) {
    let receiver = start(check);
    let sender = example("feiq-sender", "acknowledged");
    let arguments = [&receiver.address().to_string()[..]];
    let mut sender = Program::start(sender.to_str().unwrap(), &arguments);
    check.did("启动 acknowledged 的参考解答，向程序发送“你好”“你好”“再见”三条消息");
    for text in ["你好", "你好", "再见"] {
        sender.type_line(text);
    }
    receiver.shows("小道士@ubuntu:你好\n小道士@ubuntu:你好\n小道士@ubuntu:再见\n");
    let thrice = "对方已收到\n请输入内容:对方已收到\n请输入内容:对方已收到\n";
    let came = sender.wait_a_while(|shown| shown.contains(thrice).then_some(()));
    check.expect(
        "acknowledged 的参考解答收到三个回执，显示三次“对方已收到”",
        came.ok_or_else(|| format!("它的标准输出：{}", literal(sender.shown()))),
    );
}
