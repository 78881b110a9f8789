testing::wrong_solutions! {
    acknowledged of "feiq-sender" [
        equal_pauses: silence_means_the_same_message_again => "第 3 次发送",
            "        pause = MAX_PAUSE.min(pause * 2);\n" => "";
        one_number_for_all: a_message_asks_for_a_receipt => "包编号加 1",
            "        packet_number += 1;\n" => "";
        any_receipt: a_message_asks_for_a_receipt => "对这一条无效",
            "receipted(&answer) == Some(packet_number)" => "receipted(&answer).is_some()";
        anybodys_receipt: only_its_own_receipt_counts => "以上都不是", "sender == remote && " => "";
        refused_lines_are_forgotten: what_cannot_be_sent_is_refused => "状态码为 1",
            "let Some(data) = console::note_failure(gbk::encode(&message))? else { continue };" =>
                "let data = match gbk::encode(&message) {Ok(data) => data, Err(error) => {console::note(error);continue}};";
        a_short_receipt_only: only_its_own_receipt_counts => "对方已收到", "receipted(&answer) ==" =>
                "receipted(&answer[..answer.len().min(1024)]) ==";
        the_clock_starts_early: silence_means_the_same_message_again => "第 2 次发送",
            "    loop {\n        let text" => "    loop {\n        let started = Instant::now();let text",
            "deliver(&socket, &data, packet_number, remote)" => "deliver(&socket, &data, packet_number, remote, started)",
            "remote: SocketAddr,\n) -> Result<(), Error>" => "remote: SocketAddr, mut started: Instant) -> Result<(), Error>",
            "let deadline = Instant::now() + pause;" => "started += pause;let deadline = started;";
        each_datagram_prolongs_the_wait: other_datagrams_do_not_prolong_the_wait => "第 2 次发送",
            "receive_until(socket, deadline)?" => "receive_until(socket, Instant::now() + pause)?";
    ]
}

testing::wrong_solutions! {
    receiver of "feiq-sender" [
        answers_answers: answers_and_other_commands_are_not_answered => "回复本身不再回复",
            "IPMSG_BR_ENTRY =>" => "IPMSG_BR_ENTRY | IPMSG_ANSENTRY =>";
        answers_in_utf8: who_comes_in_is_answered => "按 GBK 编码的“小道士”",
            "&gbk::encode(&answer)?" => "answer.as_bytes()";
        junk_ends_it: junk_is_passed_over => "收到回复",
            "            continue;" => "            return Ok(());";
        receipts_for_receipts: what_is_no_message_is_neither_shown_nor_receipted => "没有回执",
            "IPMSG_SENDMSG if has(IPMSG_SENDCHECKOPT)" => "_ if has(IPMSG_SENDCHECKOPT)";
        numbers_of_all_senders: a_repetition_is_receipted_and_not_shown => "标准输出",
            "(sender, message.number)" => "(local, message.number)";
        forgets_nothing: repetitions_among_thousands_of_messages => "no.5000",
            "const MAX_REMEMBERED: usize = 4096;" => "const MAX_REMEMBERED: usize = 1 << 60;";
        silence_ends_it: a_repetition_is_receipted_and_not_shown => "回执",
            "    let mut remembered = VecDeque::new();" => "    let mut remembered = VecDeque::new();socket.set_read_timeout(Some(std::time::Duration::from_secs(3))).unwrap();";
        short_utf8_only: the_encoding_is_an_option => "长长",
            "String::from_utf8_lossy(field)" => "String::from_utf8_lossy(&field[..field.len().min(4096)])";
        signs_are_digits: junk_is_passed_over => "格式不对", "    if !field.iter().all(u8::is_ascii_digit) {\n        return None;\n    }\n" => "";
        hosts_have_one_number: a_repetition_is_receipted_and_not_shown => "全部内容",
            "(sender, message.number)" => "(SocketAddr::from(([0; 4], sender.port())), message.number)";
        remembers_998: repetitions_among_thousands_of_messages => "正好出现 5000 次",
            "const MAX_REMEMBERED: usize = 4096;" => "const MAX_REMEMBERED: usize = 998;";
        receipts_for_machines: to_everybody_and_by_a_machine_means_no_receipt => "没有回执",
            "has(IPMSG_BROADCASTOPT | IPMSG_AUTORETOPT)" => "has(IPMSG_BROADCASTOPT)";
    ]
}
