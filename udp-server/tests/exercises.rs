//! The checks of the exercise `many_peers`. On your own `examples/my_many_peers.rs`:
//! `cargo test -p udp-server --test exercises -- --ignored`

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a panic is how a test fails"
)]

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use testing::exercise::{Check, Peer, literal};

testing::exercise! {
    many_peers of "udp-server" {
        everybody_is_answered_without_the_keyboard => "无人在键盘前输入，也应当应答",
        answers_are_not_answered => "对“你好”的应答",
        a_peer_that_never_reads_holds_up_nobody => "另一个客户端收到应答",
        a_flooding_peer_holds_up_nobody => "偶尔提问的客户端收到应答",
    }
    wrong []
}

/// Port 0 is any free port.
const LOCAL: &str = "127.0.0.1:0";

fn everybody_is_answered_without_the_keyboard(check: &Check) {
    let server = check.start(&[LOCAL]);
    let address = server.address();
    let one = check.peer("客户端甲");
    let other = check.peer("客户端乙");
    one.sends("你好", address);
    other.sends("hello", address);
    one.receives_just("收到:你好", "应答（无人在键盘前输入，也应当应答）");
    other.receives_just("收到:hello", "应答");
    server.shows(&format!("{}\n你好\n", one.address()));
    server.shows(&format!("{}\nhello\n", other.address()));
    // The first one has been silent since; it may come back.
    one.sends("还在吗", address);
    one.receives_just("收到:还在吗", "对第二个数据报的应答");
}

fn answers_are_not_answered(check: &Check) {
    let server = check.start(&[LOCAL]);
    let peer = check.peer("另一个同样的服务器");
    peer.sends("收到:你好", server.address());
    peer.sends("你好", server.address());
    let expected = "对“你好”的应答（“收到:你好”本身就是应答，不应再应答）";
    peer.receives_just("收到:你好", expected);
    server.shows("\n收到:你好\n");
    peer.sends("完了", server.address());
    peer.receives_just("收到:完了", "下一个应答，可见此前只应答了一次");
}

fn a_peer_that_never_reads_holds_up_nobody(check: &Check) {
    let server = check.start(&[LOCAL]);
    let deaf = check.peer("从不接收应答的客户端");
    for _ in 0..500 {
        let sent = deaf.socket().send_to(&[b'x'; 60_000], server.address());
        // On some systems the own send buffer is full for a moment.
        drop(sent);
    }
    check.did("从不接收应答的客户端发送 500 个大数据报（每个 60000 字节）");
    asks_now_and_then(
        check,
        &check.peer("另一个客户端"),
        &server,
        |answered| check.expect("另一个客户端收到应答", answered),
    );
}

fn a_flooding_peer_holds_up_nobody(check: &Check) {
    let server = check.start(&[LOCAL]);
    let address = server.address();
    let flooding = check.peer("不停发送的客户端");
    let over = AtomicBool::new(false);
    let answered = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let _ = flooding.socket().send_to(b"flood", address);
            }
        });
        check.did("不停发送的客户端全速发送数据报");
        let quiet = check.peer("偶尔提问的客户端");
        let mut last = Ok(());
        asks_now_and_then(check, &quiet, &server, |answered| last = answered);
        over.store(true, Ordering::Relaxed);
        last
    });
    check.expect("偶尔提问的客户端收到应答", answered);
}

/// Asks until there is an answer, since UDP may lose a datagram where there is no room for it.
fn asks_now_and_then(
    check: &Check,
    peer: &Peer,
    server: &testing::exercise::Subject,
    told: impl FnOnce(Result<(), String>),
) {
    let pause = Duration::from_millis(200);
    let socket = peer.socket();
    socket.set_read_timeout(Some(pause)).unwrap();
    let tries = check.patience().as_millis() / pause.as_millis();
    let mut buffer = [0; 100];
    for number in 0..tries {
        let question = format!("第{number}次");
        socket
            .send_to(question.as_bytes(), server.address())
            .unwrap();
        if let Ok((length, _)) = socket.recv_from(&mut buffer) {
            let answer = String::from_utf8_lossy(&buffer[..length]);
            let right = answer.starts_with("收到:第");
            return told(
                right
                    .then_some(())
                    .ok_or(format!("收到的应答是：{}", literal(&*answer))),
            );
        }
    }
    told(Err(format!("提问 {tries} 次，都没有收到应答")));
}
