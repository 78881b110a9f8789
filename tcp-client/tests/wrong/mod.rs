/// Five seconds for all of a message.
const DEADLINE: &str = "
        let deadline = std::time::Instant::now() + SEND_TIMEOUT;
        let (message, mut sent) = (frame(&message), 0);
        while sent < message.len() {
            let late = || Error::Fatal(\"发送超时\".into());
            let left = deadline.checked_duration_since(std::time::Instant::now()).ok_or_else(late)?;
            socket.set_write_timeout(Some(left)).context(\"发送\")?;
            sent += common::retry_interrupted(|| socket.write(&message[sent..])).context(\"发送\")?;
        }
";

testing::wrong_solutions! {
    framed of "tcp-client" [
        reads_more_than_the_message: boundaries_survive_any_segmentation => "收到数据你好",
            "    let mut length = [0; LENGTH_SIZE];\n" => "    let mut socket = &mut io::BufReader::new(socket);\n    let mut length = [0; LENGTH_SIZE];\n";
        refused_is_forgotten: a_line_above_1_mib_is_not_sent => "状态码为 1",
            "_until(\"输入:\", encode)?;" => "(\"输入:\")?;\n        let Ok(message) = encode(&message) else {\n            console::note(\"太长\");\n            continue;\n        };";
        sends_no_empty_line: an_empty_line_is_a_message => "4 个值为 0 的字节",
            "        socket.write_all(" => "        if message.is_empty() {\n            continue;\n        }\n        socket.write_all(";
        one_decoder_for_all: each_message_is_a_text_of_its_own => "收到数据\u{fffd}",
            "    loop {\n" => "    let mut decoder = gbk::Decoder::new();\n    loop {\n",
            "gbk::decode(&answer)" => "decoder.decode(&answer)";
        a_deadline_for_all_of_it: a_server_that_reads_slowly_gets_everything => "带长度前缀的长行之",
            "socket.write_all(&frame(&message)).context(\"发送\")?;" => DEADLINE;
        half_a_second_for_a_write: a_server_that_reads_nothing_is_an_error => "5 秒内不放弃",
            "Duration::from_secs(5)" => "Duration::from_millis(500)";
        #[cfg(unix)] // elsewhere nothing interrupts it
        an_interrupt_is_an_error: a_server_that_reads_slowly_gets_everything => "带长度前缀的长行之",
            "socket.write_all(&frame(&message)).context(\"发送\")?;" => "let (message, mut sent) = (frame(&message), 0);\n        while sent < message.len() {\n            sent += socket.write(&message[sent..]).context(\"发送\")?;\n        }";
        reads_once: a_message_may_have_1_mib => "收到数据长",
            "socket.read_exact(&mut message).map_err(cut_off)?;" =>
                "socket.read(&mut message).map_err(cut_off)?;";
        counts_utf8: a_message_may_have_1_mib => "带长度前缀的这一行",
            "match message.len() {" => "match line.len() {";
        counts_characters: a_line_above_1_mib_is_not_sent => "太长",
            "match message.len() {" => "match line.chars().count() {";
        has_no_bound: a_length_above_1_mib_is_refused => "太长",
            "if length > MAX_MESSAGE_LEN {" => "if false {";
        length_with_a_sign: a_length_above_1_mib_is_refused => "太长",
            "if length > MAX_MESSAGE_LEN {" => "if length as i32 > MAX_MESSAGE_LEN as i32 {";
        #[cfg(target_os = "linux")] // elsewhere the check has no limit of memory
        takes_the_memory_first: a_length_above_1_mib_is_refused => "太长",
            "    let mut message = vec![0; length];\n" => "",
            "    if length > MAX" => "    let mut message = vec![0; length];\n    if length > MAX";
        end_in_the_length_is_the_end: a_cut_inside_a_message_is_told => "中间断开",
            "socket.read_exact(&mut length[begun..]).map_err(cut_off)?;" => "if socket.read_exact(&mut length[begun..]).is_err() {\n        return Ok(None);\n    }";
        reset_is_the_end: a_reset_is_told => "连接被对方复位",
            "socket.read(&mut length).context(\"接收\")?" => "socket.read(&mut length).unwrap_or(0)";
    ]
}
