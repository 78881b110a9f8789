testing::wrong_solutions! {
    retry of "udp-client" [
        equal_pauses: silence_means_four_tries_and_a_failure => "第 3 次发来的这一行，不早于",
            "pause *= 2;\n" => "";
        no_wait_after_the_fourth_try: silence_means_four_tries_and_a_failure => "还等了 4 秒",
            "let deadline = Instant::now() + pause;" =>
                "if number == TRIES {break;}let deadline = Instant::now() + pause;";
        a_socket_for_each_try: an_answer_to_the_first_try_counts_to_the_end => "程序结束",
            "datagram::send(socket, data, remote)?;" => "\
             let socket = &UdpSocket::bind(\"127.0.0.1:0\").unwrap();\
             datagram::send(socket, data, remote)?;";
        answers_of_1024_bytes: every_answer_is_shown => "标准输出自始至终正好",
            "received.map(Some)" =>
                "received.map(|(mut data, sender)| {data.truncate(1024);Some((data, sender))})";
        an_empty_answer_is_a_text: every_answer_is_shown => "服务器已关闭",
            "Some(data) if data.is_empty() => console::print(\"服务器已关闭\")," => "";
        the_clock_starts_early: silence_means_four_tries_and_a_failure => "第 2 次发来的这一行，不早于",
            "    let line = console::ask(\"\")?;" => "    let started = Instant::now();let line = console::ask(\"\")?;",
            "exchange(&socket, line.as_bytes(), remote)" => "exchange(&socket, line.as_bytes(), remote, started)",
            "remote: SocketAddr) -> Result<Option" => "remote: SocketAddr, started: Instant) -> Result<Option",
            "let deadline = Instant::now() + pause;" => "let deadline = started + FIRST_PAUSE * ((1 << number) - 1);";
        repeats_1024_bytes: silence_means_four_tries_and_a_failure => "第 2 次发来的这一行",
            "datagram::send(socket, data, remote)?;" =>
                "let data = if number > 1 {&data[..data.len().min(1024)]} else {data};datagram::send(socket, data, remote)?;";
        strangers_count: a_stranger_is_no_answer => "既不算回复", "sender == remote" => "true";
        any_host: a_stranger_is_no_answer => "既不算回复", "sender == remote" => "sender.port() == remote.port()";
        each_receive_waits_anew: a_flood_delays_no_try => "时间到了也应再次发送",
            "deadline.saturating_duration_since(Instant::now())" => "FIRST_PAUSE";
        a_refusal_ends_it: a_refusal_is_silence => "第 2 次",
            "let local = socket.local_addr()" =>
                "socket.connect(remote).unwrap();let local = socket.local_addr()",
            "datagram::send(socket, data, remote)?;" => "socket.send(data).context(\"发送\")?;";
    ]
}
