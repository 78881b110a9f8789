testing::wrong_solutions! {
    resumable_server of "file-server" [
        one_receive_is_a_line: a_request_may_come_in_pieces => "全部内容",
            "while !request[..length].contains(&b'\\n') {" => "while length == 0 {";
        the_last_space_ends_the_offset: a_name_may_have_spaces_and_be_long => "全部内容",
            ".position(|byte| *byte == b' ')" => ".rposition(|byte| *byte == b' ')";
        #[cfg(unix)]
        the_line_is_trimmed: a_name_may_have_spaces_and_be_long => "全部内容",
            "line.strip_suffix(b\"\\r\").unwrap_or(line)" => "line.trim_ascii_end()";
        requests_of_1024_bytes: a_name_may_have_spaces_and_be_long => "全部内容",
            "= 20 + 1 + MAX_NAME_LEN + 2;" => "= 1024;";
        no_carriage_return: a_request_may_come_in_pieces => "全部内容",
            "    let line = line.strip_suffix(b\"\\r\").unwrap_or(line);\n" => "";
        requests_of_4096_bytes: what_is_no_request_is_refused => "不再等待换行",
            "= 20 + 1 + MAX_NAME_LEN + 2;" => "= 4096;";
        a_panic_behind_the_end: the_rest_is_served_from_any_offset => "没有发生 panic",
            "offset.min(file.length)" => "{assert!(offset <= file.length); offset}";
        a_refusal_says_why: only_what_is_in_the_directory_is_served => "没有回复",
            "                    console::note(reason);\n" =>
                "                    client.send(reason.as_bytes())?;\n";
        the_offset_has_32_bits: the_rest_is_served_from_any_offset => "只有第一行",
            "offset.parse().ok());" => "offset.parse::<u32>().ok()).map(u64::from);";
        the_size_is_what_is_left: the_rest_is_served_from_any_offset => "从偏移量开始的内容",
            "\", file.length)" => "\", file.length.saturating_sub(offset))";
        one_after_the_other: several_clients_are_served_at_once => "正常关闭连接",
            "Ok((file, offset)) => send(client, file, offset)?," =>
                "Ok((file, offset)) => {
                 static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());
                 let _turn = TURN.lock();
                 send(client, file, offset)?
             }";
        the_version_counts_seconds: another_content_is_another_version => "上一次的不同",
            "file.changed.as_nanos();" => "file.changed.as_secs();";
        the_version_is_of_this_run: the_same_file_keeps_its_version => "重新启动",
            "file.changed.as_nanos();" =>
                "file.changed.as_nanos() + u128::from(std::process::id());";
        sends_what_is_there_now: a_file_that_changes_while_it_is_sent_is_cut_off => "新内容",
            "client.send_file(file)" =>
                "{
                 let mut block = [0; 4096];
                 while let length @ 1.. = file.file.read(&mut block).unwrap() {
                     client.send(&block[..length])?;
                 }
                 Ok(())
             }";
    ]
}
