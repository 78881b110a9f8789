//! The checks of the exercise `many_peers`. On your own `src/main.rs`:
//! `cargo test -p udp-server --test exercises -- --ignored`

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;
use testing::exercise::{Check, Peer};

testing::exercise! {
    many_peers: example "many_peers" of "udp-server" {
        everybody_is_answered_without_the_keyboard => "the answer, though nobody has typed one",
        answers_are_not_answered => "the answer to the question",
        a_peer_that_never_reads_holds_up_nobody => "the answer, to somebody else",
        a_flooding_peer_holds_up_nobody => "an answer for a peer that asks now and then",
    }
}

/// Port 0 is any free port.
const LOCAL: &str = "127.0.0.1:0";

fn everybody_is_answered_without_the_keyboard(check: &Check) {
    let server = check.start(&[LOCAL]);
    let address = server.address();
    let one = check.peer("one peer");
    let other = check.peer("another peer");
    one.sends("你好", address);
    other.sends("hello", address);
    one.receives_just("收到:你好", "the answer, though nobody has typed one");
    other.receives_just("收到:hello", "the answer");
    server.shows(&format!("{}\n你好\n", one.address()));
    server.shows(&format!("{}\nhello\n", other.address()));
    // The first one has been silent since; it may come back.
    one.sends("还在吗", address);
    one.receives_just("收到:还在吗", "the answer to a second datagram");
}

fn answers_are_not_answered(check: &Check) {
    let server = check.start(&[LOCAL]);
    let peer = check.peer("a server of the same kind");
    peer.sends("收到:你好", server.address());
    peer.sends("你好", server.address());
    let expected = "the answer to the question, and none to what was an answer itself";
    peer.receives_just("收到:你好", expected);
    server.shows("\n收到:你好\n");
    peer.sends("完了", server.address());
    peer.receives_just("收到:完了", "the next answer, so that was the only one");
}

fn a_peer_that_never_reads_holds_up_nobody(check: &Check) {
    let server = check.start(&[LOCAL]);
    let deaf = check.peer("a peer that never reads its answers");
    for _ in 0..500 {
        let sent = deaf.socket().send_to(&[b'x'; 60_000], server.address());
        // On some systems the own send buffer is full for a moment.
        drop(sent);
    }
    check.did("sent 500 large datagrams, and read none of the answers");
    asks_now_and_then(check, &check.peer("somebody else"), &server, |answered| {
        check.expect("the answer, to somebody else", answered)
    });
}

fn a_flooding_peer_holds_up_nobody(check: &Check) {
    let server = check.start(&[LOCAL]);
    let address = server.address();
    let flooding = check.peer("a flooding peer");
    let over = AtomicBool::new(false);
    let answered = thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                let _ = flooding.socket().send_to(b"flood", address);
            }
        });
        check.did("let one peer send as fast as it can");
        let quiet = check.peer("a quiet peer");
        let mut last = Ok(());
        asks_now_and_then(check, &quiet, &server, |answered| last = answered);
        over.store(true, Ordering::Relaxed);
        last
    });
    check.expect("an answer for a peer that asks now and then", answered);
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
            return told(right.then_some(()).ok_or(answer.into_owned()));
        }
    }
    told(Err(format!("nothing, after {tries} questions")));
}
