//! The checks of the exercise `retry`. On your own `src/main.rs`:
//! `cargo test -p udp-client --test exercises -- --ignored`

use testing::exercise::Check;

testing::exercise! {
    retry: example "retry" of "udp-client" {
        silence_means_four_tries_and_a_failure => "the line for the second time",
        a_lost_answer_costs_nothing => "the line again",
        an_answer_to_an_earlier_try_counts => "the line again",
        a_stranger_is_no_answer => "the line again",
    }
}

/// Port 0 is any free port.
const LOCAL: &str = "127.0.0.1:0";

fn silence_means_four_tries_and_a_failure(check: &Check) {
    let server = check.peer("a server that never answers");
    let mut client = check.start(&[&server.address().to_string(), LOCAL]);
    client.types("你好");
    server.receives_just("你好", "the line");
    server.receives_just(
        "你好",
        "the line for the second time, after 500 ms of silence",
    );
    server.receives_just("你好", "the line for the third time, after another second");
    server.receives_just("你好", "the line for the fourth time, after two more");
    client.notes("没有人回答");
    client.ends(1);
    server.has_nothing_more("no fifth try");
}

fn a_lost_answer_costs_nothing(check: &Check) {
    let server = check.peer("a server that misses the first datagram");
    let mut client = check.start(&[&server.address().to_string(), LOCAL]);
    client.types("你好");
    server.receives_just("你好", "the line");
    let sender = server.receives_just("你好", "the line again, since nobody has answered");
    server.sends("你也好", sender);
    client.shows(&format!("{}\n你也好\n", server.address()));
    client.ends(0);
}

fn an_answer_to_an_earlier_try_counts(check: &Check) {
    let server = check.peer("a slow server");
    let mut client = check.start(&[&server.address().to_string(), LOCAL]);
    client.types("你好");
    let first = server.receives_just("你好", "the line");
    let second = server.receives_just("你好", "the line again, since the answer is late");
    // Both tries are answered, as if the first answer had only been slow.
    server.sends("答复", first);
    server.sends("答复", second);
    client.shows("答复\n");
    let ended = client.ends(0);
    let times = ended.out.matches("答复").count();
    let came = (times == 1).then_some(()).ok_or(format!("{times} of them"));
    check.expect("one answer on the screen, for one question", came);
}

fn a_stranger_is_no_answer(check: &Check) {
    let server = check.peer("the server");
    let stranger = check.peer("a stranger's socket");
    let mut client = check.start(&[&server.address().to_string(), LOCAL]);
    client.types("你好");
    let client_address = server.receives_just("你好", "the line");
    stranger.sends("骗你的", client_address);
    server.receives_just("你好", "the line again, since only a stranger has answered");
    server.sends("真的", client_address);
    client.shows("真的\n");
    let ended = client.ends(0);
    let came = match ended.out.contains("骗你的") {
        true => Err("both".into()),
        false => Ok(()),
    };
    check.expect("the server's answer and not the stranger's", came);
}
