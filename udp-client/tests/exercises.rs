//! The checks of the exercise `retry`. On your own `examples/my_retry.rs`:
//! `cargo test -p udp-client --test exercises -- --ignored`

use testing::exercise::Check;

testing::exercise! {
    retry of "udp-client" {
        silence_means_four_tries_and_a_failure => "第 2 次发来的这一行",
        a_lost_answer_costs_nothing => "重发的这一行",
        an_answer_to_an_earlier_try_counts => "重发的这一行",
        a_stranger_is_no_answer => "重发的这一行",
    }
    wrong [
        ("three_tries", silence_means_four_tries_and_a_failure, "第 4 次", &[
            ("const TRIES: u32 = 4;", "const TRIES: u32 = 3;"),
        ]),
        ("strangers_count", a_stranger_is_no_answer, "陌生人的应答不算应答", &[
            ("if sender == remote {", "if true {"),
        ]),
    ]
}

/// Port 0 is any free port.
const LOCAL: &str = "127.0.0.1:0";

fn silence_means_four_tries_and_a_failure(check: &Check) {
    let server = check.peer("从不应答的服务器");
    let mut client = check.start(&[&server.address().to_string(), LOCAL]);
    client.types("你好");
    server.receives_just("你好", "这一行");
    server.receives_just("你好", "第 2 次发来的这一行（此前 500 毫秒没有应答）");
    server.receives_just("你好", "第 3 次发来的这一行（此前又有 1 秒没有应答）");
    server.receives_just("你好", "第 4 次发来的这一行（此前又有 2 秒没有应答）");
    client.notes("没有收到回复");
    client.ends(1);
    server.has_nothing_more("没有第 5 次发送");
}

fn a_lost_answer_costs_nothing(check: &Check) {
    let server = check.peer("漏收第一个数据报的服务器");
    let mut client = check.start(&[&server.address().to_string(), LOCAL]);
    client.types("你好");
    server.receives_just("你好", "这一行");
    let sender = server.receives_just("你好", "重发的这一行（此前没有人应答）");
    server.sends("你也好", sender);
    client.shows(&format!("{}\n你也好\n", server.address()));
    client.ends(0);
}

fn an_answer_to_an_earlier_try_counts(check: &Check) {
    let server = check.peer("应答迟缓的服务器");
    let mut client = check.start(&[&server.address().to_string(), LOCAL]);
    client.types("你好");
    let first = server.receives_just("你好", "这一行");
    let second = server.receives_just("你好", "重发的这一行（应答迟迟未到）");
    // Both tries are answered, as if the first answer had only been slow.
    server.sends("答复", first);
    server.sends("答复", second);
    client.shows("答复\n");
    let ended = client.ends(0);
    let times = ended.out.matches("答复").count();
    let came = (times == 1)
        .then_some(())
        .ok_or(format!("应答出现了 {times} 次"));
    check.expect("一问一答：标准输出中应答“答复”只出现 1 次", came);
}

fn a_stranger_is_no_answer(check: &Check) {
    let server = check.peer("服务器");
    let stranger = check.peer("陌生人");
    let mut client = check.start(&[&server.address().to_string(), LOCAL]);
    client.types("你好");
    let client_address = server.receives_just("你好", "这一行");
    stranger.sends("骗你的", client_address);
    server.receives_just("你好", "重发的这一行（陌生人的应答不算应答）");
    server.sends("真的", client_address);
    client.shows("真的\n");
    let ended = client.ends(0);
    let came = match ended.out.contains("骗你的") {
        true => Err("陌生人的“骗你的”也出现了".into()),
        false => Ok(()),
    };
    check.expect("标准输出中只有服务器的应答，没有陌生人的", came);
}
