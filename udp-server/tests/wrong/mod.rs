testing::wrong_solutions! {
    many_peers of "udp-server" [
        silence_ends_it: everybody_is_answered_without_the_keyboard => "再久也不结束",
            "let answering = thread" =>
                "socket.set_read_timeout(Some(std::time::Duration::from_secs(3))).unwrap();let answering = thread";
        the_end_of_input_ends_it_later: everybody_is_answered_without_the_keyboard => "再久也不结束",
            "let (queue, waiting)" => "thread::spawn(|| {for _ in std::io::stdin().lines() {}thread::sleep(std::time::Duration::from_secs(1));std::process::exit(0)});let (queue, waiting)";
        answers_of_4096_bytes: whatever_comes_is_answered => "就回复多长", "answer(socket, &data, sender);" =>
            "answer(socket, &data[..data.len().min(4096)], sender);";
        notes_are_waited_for: a_screen_that_is_not_read_holds_up_nobody => "个回复（此时没有人",
            "let answered = answer(socket, &data, sender);" =>
                "let answered = console::note_failure(answer(socket, &data, sender)).map(drop);";
        notes_of_7_bytes: the_shortest_note_holds_up_nobody => "短的回复（此时没有人",
            "let answered = answer(socket, &data, sender);" =>
                "let answered = answer(socket, &data, sender); console::note(\"收到\");";
        contains_is_not_begins: answers_are_not_answered => "不以“收到:”开头",
            "data.starts_with(ANSWER)" => "data.windows(ANSWER.len()).any(|part| part == ANSWER)";
        the_text_comes_back: whatever_comes_is_answered => "原来的字节",
            "answer(socket, &data, sender);" =>
                "answer(socket, String::from_utf8_lossy(&data).as_bytes(), sender);";
        a_failed_answer_ends_it: whatever_comes_is_answered => "程序不应因此停下",
            "answer(socket, &data, sender);" => "Ok(answer(socket, &data, sender)?);";
        the_screen_is_waited_for: a_screen_that_is_not_read_holds_up_nobody => "个回复（此时没有人",
            "queue.try_send(shown)" => "queue.send(shown)";
        a_larger_bound: a_screen_that_is_not_read_holds_up_nobody => "不超过 712 个",
            "MAX_WAITING: usize = 512" => "MAX_WAITING: usize = 800";
        left_out_without_a_word: a_screen_that_is_not_read_holds_up_nobody => "略过的数目",
            "if left_out > 0" => "if false";
        told_again_and_again: a_screen_that_is_not_read_holds_up_nobody => "略过的数目",
            "Ok(()) => 0," => "Ok(()) => left_out,";
        shows_to_nobody: the_end_of_the_screen_ends_the_program => "程序结束",
            "console::print(sender)?;" => "let _ = console::print(sender);",
            "console::print(String::from_utf8_lossy(&data))?;" =>
                "let _ = console::print(String::from_utf8_lossy(&data));";
    ]
}
