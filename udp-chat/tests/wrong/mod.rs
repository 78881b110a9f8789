testing::wrong_solutions! {
    two_way of "udp-chat" [
        shown_at_the_next_prompt: what_arrives_is_shown_while_the_user_types => "收到来自",
            "= prompt;\n    console::ask(prompt)" =>
                "= prompt;\n    let _shown = std::io::stdout().lock();\n    console::ask(prompt)";
        the_text_is_trimmed: what_arrives_is_shown_while_the_user_types => "一字不差",
            "ask(\"输入内容\")?" => "ask(\"输入内容\")?.trim().to_string()";
        only_utf8: whatever_arrives_is_shown => "��ok",
            "String::from_utf8_lossy(&data)" => "String::from_utf8(data).unwrap()";
        only_1024_bytes: whatever_arrives_is_shown => "长长长",
            "let text = String::from_utf8_lossy(&data)" =>
                "let text = String::from_utf8_lossy(&data[..data.len().min(1024)])";
        silence_ends_it: what_arrives_is_shown_while_the_user_types => "收到来自",
            "    loop {\n        let (data, sender) = datagram::receive(socket)?;" =>
                "    socket.set_read_timeout(Some(std::time::Duration::from_secs(4))).unwrap();while let Ok((data, sender)) = datagram::receive(socket) {",
            "        console::write(prompt.as_bytes())?;\n    }" => "        console::write(prompt.as_bytes())?;\n    }loop {thread::park()}";
        sends_4096_bytes: a_wrong_answer_leads_back_to_the_menu => "用户最后输入的内容",
            "datagram::send(socket, text.as_bytes(), to)" => "{let _ = datagram::send(socket, text.as_bytes(), to);datagram::send(socket, &text.as_bytes()[..text.len().min(4096)], to)}";
        an_echo: nothing_is_sent_back => "不应把收到的消息发回来",
            "console::write(prompt.as_bytes())?;" => "datagram::send(socket, &data, sender)?;";
        choice_2_still_receives: nothing_is_sent_back => "不应把收到的消息发回来",
            "\"3\" => return Ok(())," => "\"2\" => receive_all(socket),\n\"3\" => return Ok(()),";
        a_wrong_port_ends_it: a_wrong_answer_leads_back_to_the_menu => "再回到菜单",
            "console::note_failure(result)?;" => "result?;";
        failures_are_forgotten: a_wrong_answer_leads_back_to_the_menu => "状态码为 1",
            "console::note_failure(result)?;" =>
                "if let Err(error @ (Error::Refused(_) | Error::Failed { .. })) = result {console::note(error);}";
        only_the_menu_ends_it: every_end_is_quiet => "程序结束",
            "receiving_ended.send(receive_all(&receiving))" =>
                "{let _ = receive_all(&receiving);receiving_ended}";
    ]
}
