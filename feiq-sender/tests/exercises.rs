//! The checks of the exercises `acknowledged` and `receiver`. On your own
//! `examples/my_receiver.rs`: `cargo test -p feiq-sender --test exercises -- --ignored receiver`

#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};
use testing::LONGEST_DATAGRAM;
use testing::exercise::{ANY_PORT, Check, LONG_PAUSE, Peer, Subject, literal, seconds};

mod wrong;

testing::exercise! {
    acknowledged of "feiq-sender" {
        a_message_asks_for_a_receipt "消息要求回执" => "命令为 288 的消息",
        silence_means_the_same_message_again "没有回执，再次发送同一条消息" => "命令为 288 的消息",
        only_its_own_receipt_counts "只认自己这条消息的回执" => "命令为 288 的消息",
        other_datagrams_do_not_prolong_the_wait "其他数据报不延长等待" => "命令为 288 的消息",
        nobody_at_the_port_is_silence_too "端口不可达按没有回执处理" => "再次发来的“你好”",
        what_cannot_be_sent_is_refused "不能发送的内容，说明并再次提示" => "命令为 288 的消息",
        #[ignore = "takes half a minute; .ci/run runs it"]
        after_ten_tries_the_next_message_follows "十次以后放弃，继续下一条" => "命令为 288 的消息",
    }
}

testing::exercise! {
    receiver of "feiq-sender" {
        stage_1 {
            who_comes_in_is_answered "有用户上线，通知自己在线" => "标准错误的第一行给出程序绑定的地址",
            answers_and_other_commands_are_not_answered "不回复应答和其他命令" => "标准错误的第一行给出程序绑定的地址",
            junk_is_passed_over "忽略格式不对的数据报" => "标准错误的第一行给出程序绑定的地址",
        }
        stage_2 {
            messages_are_shown "显示消息" => "标准错误的第一行给出程序绑定的地址",
            who_asks_for_a_receipt_gets_it "要求回执的，发给回执" => "标准错误的第一行给出程序绑定的地址",
            what_is_no_message_is_neither_shown_nor_receipted "不是消息的，不显示也不发回执" => "标准错误的第一行给出程序绑定的地址",
        }
        stage_3 {
            a_repetition_is_receipted_and_not_shown "重复的消息只发回执，不再显示" => "标准错误的第一行给出程序绑定的地址",
            repetitions_among_thousands_of_messages "几千条消息之后仍能认出重复" => "标准错误的第一行给出程序绑定的地址",
            the_encoding_is_an_option "按选项区分 UTF-8 和 GBK" => "标准错误的第一行给出程序绑定的地址",
            to_everybody_and_by_a_machine_means_no_receipt "广播和自动回复不发回执" => "标准错误的第一行给出程序绑定的地址",
        }
    }
}

/// 小道士, 你好 and 再见, in GBK.
const USER: &[u8] = b"\xd0\xa1\xb5\xc0\xca\xbf";
const HELLO: &[u8] = b"\xc4\xe3\xba\xc3";
const GOODBYE: &[u8] = b"\xd4\xd9\xbc\xfb";

/// Commands, and options of a command.
const BR_ENTRY: u32 = 1;
const ANSENTRY: u32 = 3;
const SENDMSG: u32 = 32;
const RECVMSG: u32 = 33;
const SENDCHECK: u32 = 0x100;
const SECRET: u32 = 0x200;
const BROADCAST: u32 = 0x400;
const AUTORET: u32 = 0x2000;
const UTF8: u32 = 0x80_0000;
const CAPUTF8: u32 = 0x100_0000;

fn message(packet_number: u64, command: u32, text: &[u8]) -> Vec<u8> {
    let begin = format!("1:{packet_number}:");
    let rest = format!(":ubuntu:{command}:");
    [begin.as_bytes(), USER, rest.as_bytes(), text].concat()
}

fn receipt(packet_number: u64) -> Vec<u8> {
    message(7, RECVMSG, packet_number.to_string().as_bytes())
}

/// What the first message looks like, with the text “你好”.
fn first_message() -> Vec<u8> {
    message(324_244, 288, HELLO)
}

const FIRST_MESSAGE: &str = "命令为 288 的消息“你好”（GBK 编码）";

/// How long after the first try of a message the others come, in milliseconds; at last, the end of the
/// tenth.
const TRIES: [u64; 11] =
    [0, 500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500];

/// The sender, with the first message typed and received: when it was typed, and where it came from.
#[track_caller]
fn asked<'a>(check: &'a Check, receiver: &Peer) -> (Subject<'a>, Instant, SocketAddr) {
    let mut sender = check.start(&[&receiver.address().to_string()]);
    sender.shows("请输入内容:");
    check.lets_pass(Duration::from_secs(1)); // the pauses begin when the line was typed
    let since = Instant::now();
    sender.types("你好");
    (sender, since, receiver.receives_just(first_message(), FIRST_MESSAGE))
}

/// These tries of a message come, each after its pause. So many milliseconds must have passed since
/// `since` before the first try.
#[track_caller]
fn expect_repetitions(
    check: &Check,
    receiver: &Peer,
    (since, milliseconds): (Instant, u64),
    message: &[u8],
    tries: RangeInclusive<usize>,
) {
    for at in tries {
        let pause = Duration::from_millis(milliseconds + TRIES[at - 1]);
        let (first, last) = (seconds(pause), seconds(pause + check.patience()));
        let what = match at {
            1 => "下一条消息，包编号加 1".into(),
            _ => format!("同一条消息的第 {at} 次发送"),
        };
        let expected = format!("{what}（不早于输入后 {first}，不晚于 {last}）");
        receiver.receives_after(since, pause, message, &expected);
    }
}

fn a_message_asks_for_a_receipt(check: &Check) {
    let receiver = check.peer("接收方");
    let (mut sender, _, address) = asked(check, &receiver);
    // Twice, as a receiver does that has got the message twice.
    receiver.sends(receipt(324_244), address);
    receiver.sends(receipt(324_244), address);
    sender.shows("对方已收到\n请输入内容:");

    // On a busy machine the receipt may have been late, and the message repeated.
    receiver.forgets_what_has_come();
    sender.types("  a:b  ");
    let second = message(324_245, 288, b"  a:b  ");
    receiver.receives_just(&second, "下一条消息，包编号加 1，内容原样");
    let expected = "这条消息的再次发送（多到达的一个是上一条消息的回执，对这一条无效）";
    receiver.receives_just(&second, expected);
    receiver.receives_just(&second, "这条消息的第 3 次发送（上一条消息的回执对它无效）");
    receiver.sends(receipt(324_245), address);
    sender.shows("对方已收到\n请输入内容:对方已收到\n请输入内容:");

    receiver.forgets_what_has_come();
    sender.types("");
    let third = message(324_246, 288, b"");
    receiver.receives_just(third, "内容为空的消息，包编号又加 1");
    receiver.sends(receipt(324_246), address);
    sender.shows(&format!("{}请输入内容:", "请输入内容:对方已收到\n".repeat(3)));
    sender.types_ctrl_d();
    let ended = sender.ends(0);
    expect_shown(check, &ended.out, &["对方已收到\n"; 3]);
}

/// Standard output has shown the prompt, and behind each prompt this.
#[track_caller]
fn expect_shown(check: &Check, shown: &str, between: &[&str]) {
    let expected: String = between.iter().map(|text| format!("请输入内容:{text}")).collect();
    let expected = format!("{expected}请输入内容:");
    let told = format!("标准输出自始至终只有提示和“对方已收到”：{}", literal(&expected));
    check.expect_that(told, shown == expected, || literal(shown));
}

fn silence_means_the_same_message_again(check: &Check) {
    let receiver = check.peer("每条消息发来第四次才发回执的接收方");
    let (mut sender, since, address) = asked(check, &receiver);
    sender.types("再见"); // waits until it is asked for
    let long = "ok".repeat(LONGEST_DATAGRAM / 2 - 20);
    sender.types(&long);
    expect_repetitions(check, &receiver, (since, 0), &first_message(), 2..=4);
    sender.has_shown("对方已收到", 0);
    receiver.sends(receipt(324_244), address);
    // For each message the pauses begin anew, and as soon as the receipt of the one before has come.
    let second = message(324_245, 288, GOODBYE);
    expect_repetitions(check, &receiver, (since, TRIES[3]), &second, 1..=4);
    receiver.sends(receipt(324_245), address);
    let third = message(324_246, 288, long.as_bytes());
    expect_repetitions(check, &receiver, (since, 2 * TRIES[3]), &third, 1..=4);
    receiver.sends(receipt(324_246), address);
    sender.types_ctrl_d();
    let ended = sender.ends(0);
    expect_shown(check, &ended.out, &["对方已收到\n"; 3]);
}

fn only_its_own_receipt_counts(check: &Check) {
    let receiver = check.peer("接收方");
    let stranger = check.peer("其他地址的程序");
    let (mut sender, since, address) = asked(check, &receiver);
    check.did("（其他地址发来的回执无效，接收方接下来的数据报也都不是这条消息的回执）");
    stranger.sends(receipt(324_244), address);
    if let Some(elsewhere) = receiver.double() {
        elsewhere.sends(receipt(324_244), address);
    }
    // Of another message (one number is 2³² more), or of none.
    for text in "324243|324245|3242440|4295291540||你好|no.324244|324244a".split('|') {
        receiver.sends(message(7, RECVMSG, text.as_bytes()), address);
    }
    for command in [ANSENTRY, SENDMSG, 48, 49, RECVMSG << 8] {
        receiver.sends(message(7, command, b"324244"), address);
    }
    receiver.sends(message(324_244, RECVMSG, b"324243"), address); // its own number is no message's
    receiver.sends(first_message(), address); // its own message
    receiver.sends([0xff; 2000], address);
    for wrong in ["1:2:a:b:33", "33:324244", "1:324244:a:33:324244", ":::::", "324244", ""] {
        receiver.sends(wrong, address);
    }
    let expected =
        "同一条消息的再次发送（以上都不是接收方对这条消息的回执，应忽略，不影响重传的时间）";
    receiver.receives_after(since, Duration::from_millis(TRIES[1]), first_message(), expected);
    receiver.receives_after(since, Duration::from_millis(TRIES[2]), first_message(), expected);
    sender.has_shown("对方已收到", 0);
    // What iptux 0.8.3 sends: with an option of its own, and with a NUL at the end.
    check.did("（接下来是这条消息的回执：289 的低 8 位是 33，编号后面有一个 NUL）");
    receiver.sends(b"1_iptux 0.8.3:3:root:vm:289:324244\0", address);
    sender.shows("对方已收到\n请输入内容:");
    receiver.forgets_what_has_come();
    sender.types("再见");
    receiver.receives_just(message(324_245, 288, GOODBYE), "下一条消息“再见”");
    // IP Messenger has more to say behind the NUL, and names can be long.
    check.did("（也是回执：16777249 的低 8 位是 33，NUL 后面还有内容，用户名很长）");
    let long = format!("1:4:{}:vm:16777249:324245\0\0\nUN:root7\n", "r".repeat(5_000));
    receiver.sends(long, address);
    sender.shows("对方已收到\n请输入内容:对方已收到\n请输入内容:");
}

fn other_datagrams_do_not_prolong_the_wait(check: &Check) {
    let receiver = check.peer("接收方");
    let stranger = check.peer("其他地址的程序");
    let (sender, since, address) = asked(check, &receiver);
    check.did("（其他地址发来的这条消息的回执，和接收方发来的其他消息的回执，都无效）");
    let often = Duration::from_millis(1);
    let sending = [
        stranger.keeps_sending(receipt(324_244), address, often),
        receiver.keeps_sending(receipt(324_243), address, often),
    ];
    expect_repetitions(check, &receiver, (since, 0), &first_message(), 2..=3);
    drop(sending);
    receiver.receives_just(first_message(), "同一条消息的第 4 次发送");
    receiver.sends(receipt(324_244), address);
    sender.shows("对方已收到\n请输入内容:");
    sender.ends_by_ctrl_c(0);
}

fn nobody_at_the_port_is_silence_too(check: &Check) {
    let receiver = check.peer("暂时没有运行的接收方");
    // As long as its socket is connected to another one, the system refuses what comes from elsewhere.
    let other = testing::udp();
    receiver.socket().connect(other.local_addr().unwrap()).unwrap();
    check.did("（接收方的端口上还没有程序：系统拒收发到那里的数据报）");
    let mut sender = check.start(&[&receiver.address().to_string()]);
    let address = sender.address();
    sender.types("你好");
    check.lets_pass(Duration::from_secs(1)); // that long nobody is there
    receiver.socket().connect(address).unwrap();
    let expected = "再次发来的“你好”（此前系统拒收，也只是没有回执）";
    receiver.receives_just(first_message(), expected);
    check.did("接收方发送回执");
    receiver.socket().send(&receipt(324_244)).unwrap();
    sender.shows("请输入内容:对方已收到\n请输入内容:");
}

fn what_cannot_be_sent_is_refused(check: &Check) {
    // Whether a message that is too long uses up its number, nobody says.
    for (line, last) in [("笑😀", 324_244), (&*"长".repeat(40_000), 324_245)] {
        let receiver = check.peer("接收方");
        let mut sender = check.start(&[&receiver.address().to_string()]);
        sender.types(line);
        sender.types("你好");
        let (came, address) = receiver.receives(FIRST_MESSAGE);
        let number = (324_244..=last).find(|number| came == message(*number, 288, HELLO));
        let expected = format!("无法发送的一行不妨碍下一个：{FIRST_MESSAGE}");
        let number = check.expect(expected, number.ok_or_else(|| literal(&came)));
        receiver.sends(receipt(number), address);
        sender.shows("请输入内容:请输入内容:对方已收到\n请输入内容:");
        sender.types_ctrl_d();
        let noted = sender.ends(1).err; // the line was refused
        let lines = noted.lines().count();
        let expected = "标准错误说明那一行为什么没有发送";
        check.expect_that(expected, lines > 1, || "只有给出地址的那一行".into());
    }
}

fn after_ten_tries_the_next_message_follows(check: &Check) {
    let receiver = check.peer("只发一次回执的接收方");
    let (mut sender, _, address) = asked(check, &receiver);
    receiver.sends(receipt(324_244), address);
    sender.shows("对方已收到\n请输入内容:");

    // On a busy machine the receipt may have been late, and the message repeated.
    receiver.forgets_what_has_come();
    let since = Instant::now();
    sender.types("再见");
    let second = message(324_245, 288, GOODBYE);
    receiver.receives_just(&second, "消息“再见”");
    sender.types("ok"); // waits until it is asked for
    expect_repetitions(check, &receiver, (since, 0), &second, 2..=10);
    let third = message(324_246, 288, b"ok");
    let expected = "下一条消息“ok”，包编号加 1（第 10 次之后再等 4 秒，不再发第 11 次）";
    let pause = Duration::from_millis(TRIES[10]);
    receiver.receives_after(since, pause, &third, expected);
    sender.notes("没有收到回执");
    sender.has_shown("对方已收到", 1);

    // Too late: it has been given up.
    receiver.sends(receipt(324_245), address);
    receiver.receives_just(&third, "“ok”的再次发送（“再见”的回执对它无效）");
    receiver.sends(receipt(324_246), address);
    sender.shows("对方已收到\n请输入内容:请输入内容:对方已收到\n请输入内容:");
    sender.types_ctrl_d();
    let ended = sender.ends(1); // one of the three has failed
    expect_shown(check, &ended.out, &["对方已收到\n", "", "对方已收到\n"]);
}

/// An answer comes, `what`, with this command, this text, and else with what the sheet says. Returns
/// its packet number.
#[track_caller]
fn expect_answer(check: &Check, peer: &Peer, what: &str, command: u32, text: &[u8]) -> u64 {
    let (answer, _) = peer.receives(what);
    read_answer(check, &answer, what, command, text)
}

#[track_caller]
fn read_answer(check: &Check, answer: &[u8], what: &str, command: u32, text: &[u8]) -> u64 {
    let fields: Vec<&[u8]> = answer.splitn(6, |byte| *byte == b':').collect();
    let [version, number, user, host, came_command, came_text] = fields[..] else {
        let came = format!("{} 个字段：{}", fields.len(), literal(answer));
        return check.expect(format!("{what}由冒号分成 6 个字段"), Err(came));
    };
    let parsed = |field| std::str::from_utf8(field).ok()?.parse::<u64>().ok();
    let low = parsed(came_command).map(|command| command & 0xff);
    let came_text = came_text.split(|byte| *byte == 0).next();
    for (at, right, wanted) in [
        (0, version == b"1", "版本“1”"),
        (1, parsed(number).is_some(), "包编号，一个数"),
        (2, user == USER, "用户名，按 GBK 编码的“小道士”"),
        (3, host == b"ubuntu", "主机名“ubuntu”"),
        (4, low == Some(command.into()), &format!("命令 {command}")),
        (5, came_text == Some(text), &literal(text)),
    ] {
        if !right {
            let expected = format!("{what}的第 {} 个字段是{wanted}", at + 1);
            check.expect(expected, Err(literal(fields[at])))
        }
    }
    parsed(number).unwrap()
}

#[track_caller]
fn expect_entry_answer(check: &Check, peer: &Peer) -> u64 {
    expect_answer(check, peer, "回复", ANSENTRY, USER)
}

#[track_caller]
fn expect_receipt(check: &Check, peer: &Peer, packet_number: u64) -> u64 {
    let text = packet_number.to_string();
    expect_answer(check, peer, "回执", RECVMSG, text.as_bytes())
}

/// The receiver, its address, and a peer, which plays what the story calls `name`.
#[track_caller]
fn receiving<'a>(check: &'a Check, name: &'static str) -> (Subject<'a>, SocketAddr, Peer<'a>) {
    let receiver = check.start(&[ANY_PORT]);
    let address = receiver.address();
    (receiver, address, check.peer(name))
}

fn who_comes_in_is_answered(check: &Check) {
    let (receiver, address, newcomer) = receiving(check, "刚上线的用户");
    let answered = |peer: &Peer, entry: &[u8]| {
        peer.sends(entry, address);
        expect_entry_answer(check, peer)
    };
    let first = answered(&newcomer, &message(1, BR_ENTRY, USER));
    // What iptux 0.8.3 sends: options do not change the command, and behind the name there is more.
    let iptux = check.peer("iptux（命令带有选项）");
    let second = answered(&iptux, b"1_iptux 0.8.3:1:root:vm:257:root\0\0icon-tux.png\0utf-8\0");
    let options = 0xfe70_0000 | CAPUTF8 | UTF8;
    let third = answered(&newcomer, &message(2, BR_ENTRY | options, b"\xe4\xbd\xa0"));
    let fourth = answered(&newcomer, b"1:4294967295:::1:");
    let fifth = answered(&newcomer, &message(0, BR_ENTRY, USER));
    expect_distinct(check, &[first, second, third, fourth, fifth]);
    for peer in [&newcomer, &iptux] {
        peer.has_nothing_more("每次上线只回复一次");
    }
    receiver.ends_by_ctrl_c(0);
}

#[track_caller]
fn expect_distinct(check: &Check, numbers: &[u64]) {
    let is_new = |(at, number)| !numbers[..at].contains(number);
    let distinct = numbers.iter().enumerate().all(is_new);
    check.expect_that("每个包编号互不相同", distinct, || format!("{numbers:?}"));
}

/// All that `other` has sent is done with, and nothing has come back.
#[track_caller]
fn expect_no_answer(check: &Check, receiver: &Subject, other: &Peer, expected: &str) {
    let newcomer = check.peer("随后上线的用户");
    newcomer.sends(message(1, BR_ENTRY, USER), receiver.address());
    expect_entry_answer(check, &newcomer);
    other.has_nothing_more(expected);
}

fn answers_and_other_commands_are_not_answered(check: &Check) {
    let (receiver, address, other) = receiving(check, "另一个接收程序");
    let commands = [ANSENTRY, ANSENTRY | SENDCHECK, 0, 2, 4, 33, 48, 49, 129, BR_ENTRY << 8];
    for (number, command) in (1..).zip(commands) {
        other.sends(message(number, command, USER), address);
    }
    let expected = "回复本身不再回复（否则不会停止），其他命令也没有回复";
    expect_no_answer(check, &receiver, &other, expected);
}

fn junk_is_passed_over(check: &Check) {
    let (receiver, address, other) = receiving(check, "发送各种数据报的程序");
    check.did("（接下来的数据报格式都不对，应当忽略）");
    let texts = "|1|:|:::::|1:2:3|1:2:a:b:1|1:x:a:b:1:x|1::a:b:1:x|1:2:a:b::x|1:2:a:b:1x:x|\
                 1:2:a:b:x1:x|1:2:a:b:-1:x|1:-2:a:b:1:x|1:+2:a:b:1:x|1:2:a:b:+1:x|\
                 1: 2:a:b:1:x|1:2:a:b:1 :x|1:2:a:b:0x1:x|1:2:a:b:99999999999999999999:x|\
                 1:99999999999999999999:a:b:1:x|\0\0\0\0\0\0";
    for junk in texts.split('|') {
        other.sends(junk, address);
    }
    for junk in [&b"1:2:a:b:\xff:x"[..], &[0xff; 2000], &[b':'; 9_000], &[b'1'; 9_000]] {
        other.sends(junk, address);
    }
    expect_no_answer(check, &receiver, &other, "格式不对的数据报没有回复");
    receiver.has_shown_just::<&str>(&[]);
}

fn messages_are_shown(check: &Check) {
    let (receiver, address, sender) = receiving(check, "发送方");
    let long = "long ".repeat(LONGEST_DATAGRAM / 5 - 10);
    let long_line = format!("小道士@ubuntu:{long}");
    let iptux = [b"1_iptux 0.8.3:5:root:vm:288:", HELLO, b"\0"].concat();
    let feiq = [b"1_lbt6_0#128#0:9:", USER, b":ubuntu:32:", GOODBYE, b"\0{font}\0"].concat();
    let shown = [
        (&message(324_244, SENDMSG, HELLO)[..], "小道士@ubuntu:你好"),
        (&message(324_247, SENDMSG | SECRET, b"a:b::c:"), "小道士@ubuntu:a:b::c:"),
        (&message(324_248, SENDMSG, b"1:2:a:b:32:x"), "小道士@ubuntu:1:2:a:b:32:x"),
        (&message(324_249, SENDMSG, long.as_bytes()), &long_line),
        (&message(324_250, SENDMSG, b"  short  "), "小道士@ubuntu:  short  "),
        (b"1:324251:::32:nameless", "@:nameless"),
        (&message(324_252, SENDMSG, b""), "小道士@ubuntu:"),
        (&message(324_253, SENDMSG, b"\xff\0"), "小道士@ubuntu:\u{fffd}"),
        (&iptux, "root@vm:你好"),
        (&feiq, "小道士@ubuntu:再见"),
        (&message(4_294_967_295, SENDMSG, b"end"), "小道士@ubuntu:end"),
    ];
    for (data, line) in shown {
        sender.sends(data, address);
        receiver.shows(&format!("{line}\n"));
        sender.sends(message(324_246, RECVMSG, b"324244"), address);
        sender.sends(message(324_245, BR_ENTRY, USER), address);
    }
    receiver.has_shown_just(&shown.map(|(_, line)| line));
}

fn who_asks_for_a_receipt_gets_it(check: &Check) {
    let (receiver, address, sender) = receiving(check, "发送方");
    sender.sends(message(324_244, SENDMSG, HELLO), address);
    receiver.shows("小道士@ubuntu:你好\n");
    sender.sends(message(324_245, SENDMSG | SENDCHECK, GOODBYE), address);
    receiver.shows("小道士@ubuntu:再见\n");
    let first = expect_receipt(check, &sender, 324_245); // and none for the first, which did not ask
    let iptux = check.peer("iptux");
    iptux.sends(b"1_iptux 0.8.3:5:root:vm:288:hi\0", address);
    receiver.shows("root@vm:hi\n");
    let second = expect_receipt(check, &iptux, 5);
    // Options that this program does not know change nothing.
    let options = SENDMSG | SENDCHECK | SECRET | 0x8800;
    sender.sends(message(4_294_967_295, options, b""), address);
    receiver.shows("root@vm:hi\n小道士@ubuntu:\n");
    let third = expect_receipt(check, &sender, 4_294_967_295);
    let expected = "要求回执的消息才有回执，而且只有一个";
    expect_no_more_receipts(check, &receiver, &[&sender, &iptux], expected);
    expect_distinct(check, &[first, second, third]);
}

/// All that the others have sent is done with, and no receipt is left.
#[track_caller]
fn expect_no_more_receipts(check: &Check, receiver: &Subject, others: &[&Peer], expected: &str) {
    let last = check.peer("最后一个发送方");
    last.sends(message(9, SENDMSG | SENDCHECK, b"last"), receiver.address());
    receiver.shows("小道士@ubuntu:last\n");
    expect_receipt(check, &last, 9);
    for other in others {
        other.has_nothing_more(expected);
    }
}

fn what_is_no_message_is_neither_shown_nor_receipted(check: &Check) {
    let (receiver, address, sender) = receiving(check, "发送方");
    check.did("（以下是其他命令，或者格式不对，即使带有要求回执的选项，也都应当忽略）");
    for command in [0, 2, 3, 4, RECVMSG, 48, 49, 96, 160, SENDMSG << 8] {
        for command in [command, command | SENDCHECK] {
            // Its number is the command, so that a receipt tells which one it is for.
            sender.sends(message(command.into(), command, b"324244"), address);
        }
    }
    for text in ["", "junk\0junk", "-1", "99999999999999999999"] {
        sender.sends(message(1_008, RECVMSG | SENDCHECK, text.as_bytes()), address);
        sender.sends(message(1_009, RECVMSG, text.as_bytes()), address);
    }
    let junk = "|1:1011:a:b:288|1:x:a:b:288:junk|1:1013:a:b:288x:junk|1:1014:a:b:-288:junk|\
                1:1017:a:b:+288:junk|1:+1018:a:b:288:junk|1:1019:a:b: 288:junk|1:1016:a:b:0x120:junk|\
                1:1015:a:b:99999999999999999999:junk|1:99999999999999999999:a:b:288:junk";
    for junk in junk.split('|') {
        sender.sends(junk, address);
    }
    expect_no_more_receipts(check, &receiver, &[&sender], "其他命令和格式不对的数据报没有回执");
    receiver.has_shown_just(&["小道士@ubuntu:last"]);
}

fn a_repetition_is_receipted_and_not_shown(check: &Check) {
    let (receiver, address, sender) = receiving(check, "发送方");
    let other = check.peer("另一个发送方");
    for _ in 0..3 {
        sender.sends(message(324_244, 288, HELLO), address);
        expect_receipt(check, &sender, 324_244);
    }
    check.did("（包编号由各个发送方自己编排：另一个发送方可以用同样的编号）");
    other.sends(message(324_244, 288, b"other"), address);
    expect_receipt(check, &other, 324_244);
    let elsewhere = sender.double();
    if let Some(elsewhere) = &elsewhere {
        elsewhere.sends(message(324_244, 288, b"elsewhere"), address);
        expect_receipt(check, elsewhere, 324_244);
    }
    check.did("（编号较小，但没有来过）");
    sender.sends(message(324_000, 288, b"smaller"), address);
    expect_receipt(check, &sender, 324_000);
    check.did("（内容相同，编号不同：是另一条消息）");
    sender.sends(message(324_245, 288, HELLO), address);
    expect_receipt(check, &sender, 324_245);
    check.did("（不要求回执的消息也是如此）");
    sender.sends(message(324_246, SENDMSG, b"quiet"), address);
    sender.sends(message(324_246, SENDMSG, b"quiet"), address);
    check.lets_pass(LONG_PAUSE);
    check.did("（过了很久，程序仍在接收；以下都已经来过）");
    sender.sends(message(324_244, 288, HELLO), address);
    expect_receipt(check, &sender, 324_244);
    other.sends(message(324_244, 288, b"other"), address);
    expect_receipt(check, &other, 324_244);
    expect_no_more_receipts(check, &receiver, &[&sender, &other], "每收到一次，只发一个回执");
    let mut shown = vec!["你好", "other", "elsewhere", "smaller", "你好", "quiet", "last"];
    shown.retain(|text| *text != "elsewhere" || elsewhere.is_some());
    let shown = Vec::from_iter(shown.iter().map(|text| format!("小道士@ubuntu:{text}")));
    receiver.has_shown_just(&shown);
}

/// How many messages a receiver remembers: so many at least, and so many at most.
const REMEMBERED: u64 = 1_000;
const FORGOTTEN: u64 = 5_000;

fn repetitions_among_thousands_of_messages(check: &Check) {
    let (receiver, address, early) = receiving(check, "早先的发送方");
    let sender = check.peer("发送方");
    early.sends(message(1, 288, b"early"), address);
    expect_receipt(check, &early, 1);
    let exchange = |number: u64| {
        let data = message(number, 288, format!("no.{number}").as_bytes());
        sender.socket().send_to(&data, address).unwrap();
        let (answer, _) = sender.receives_quietly(&format!("消息 {number} 的回执"));
        let text = number.to_string();
        read_answer(check, &answer, "回执", RECVMSG, text.as_bytes());
    };
    check.did(format!("发送方接连发送 {FORGOTTEN} 条消息，每条都等到回执；每 {REMEMBERED} 条之后，把其中最早的一条再发一次"));
    for number in 1..=FORGOTTEN {
        exchange(number);
        if number % REMEMBERED == 0 {
            exchange(number - REMEMBERED + 1);
        }
    }
    let last = format!("小道士@ubuntu:no.{FORGOTTEN}\n");
    receiver.shows(&last);
    let (came, times) = ("@ubuntu:no.", FORGOTTEN as usize);
    check.did(format!("（至少记住最近的 {REMEMBERED} 条消息：重复的一条也不再显示）"));
    receiver.has_shown(came, times);
    check.did(format!(
        "（至多记住最近的 {FORGOTTEN} 条消息，不论来自谁：最早的那一条已经忘记，再来就是新的）"
    ));
    early.sends(message(1, 288, b"early"), address);
    expect_receipt(check, &early, 1);
    receiver.shows(&format!("{last}小道士@ubuntu:early\n"));
}

fn the_encoding_is_an_option(check: &Check) {
    let (receiver, address, sender) = receiving(check, "发送方");
    let utf8 = |number: u64, options: u32, text: &str| {
        let command = SENDMSG | UTF8 | options;
        format!("1:{number}:小道士:乌班图:{command}:{text}").into_bytes()
    };
    sender.sends(utf8(1, 0, "你好，UTF-8"), address);
    receiver.shows("小道士@乌班图:你好，UTF-8\n");
    let long = "长".repeat(LONGEST_DATAGRAM / 3 - 20);
    sender.sends(utf8(6, 0, &long), address);
    receiver.shows(&format!("小道士@乌班图:{long}\n"));
    sender.sends(message(2, SENDMSG, HELLO), address);
    receiver.shows("小道士@ubuntu:你好\n");
    check.did("（0x1000000 只表示发送方也懂 UTF-8，这一条仍是 GBK）");
    sender.sends(message(3, SENDMSG | CAPUTF8, GOODBYE), address);
    receiver.shows("小道士@ubuntu:再见\n");
    // Two characters of GBK that are one of UTF-8: only the option tells.
    sender.sends(message(4, SENDMSG, b"\xc2\xb7"), address);
    receiver.shows("小道士@ubuntu:路\n");
    sender.sends(utf8(5, CAPUTF8 | SENDCHECK, "😀\0\0\nUN:x"), address);
    receiver.shows("小道士@乌班图:😀\n");
    expect_receipt(check, &sender, 5);
}

fn to_everybody_and_by_a_machine_means_no_receipt(check: &Check) {
    let (receiver, address, sender) = receiving(check, "发送方");
    check.did("（下面三条消息是群发的，或者是程序自动发出的，虽然要求回执，也不应当有回执）");
    for (number, option) in (1..).zip([BROADCAST, AUTORET, BROADCAST | AUTORET]) {
        sender.sends(message(number, 288 | option, format!("no.{number}").as_bytes()), address);
    }
    expect_no_more_receipts(check, &receiver, &[&sender], "群发的和程序自动发出的消息没有回执");
    sender.sends(message(4, 288, HELLO), address);
    expect_receipt(check, &sender, 4);
    receiver.shows("小道士@ubuntu:你好\n");
    let shown = ["no.1", "no.2", "no.3", "last", "你好"];
    receiver.has_shown_just(&shown.map(|text| format!("小道士@ubuntu:{text}")));
}
