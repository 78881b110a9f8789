/// A thread that sends what others put into its queue.
const QUEUE: &str = "
    let (queue, queued) = std::sync::mpsc::sync_channel::<Vec<u8>>(MOST);
    let mut socket = client.try_clone().unwrap();
    thread::spawn(move || {
        for part in queued {
            let _ = socket.write_all(&part);
        }
    });
    let buffer = &mut [0; RECV_SIZE];
    loop {
";

testing::wrong_solutions! {
    framed_server of "tcp-echo-server" [
        reads_more_than_the_message: boundaries_survive_any_segmentation => "一次发出的 4 条消息",
            "    let mut length = [0; LENGTH_SIZE];\n" => "    let mut socket = &mut io::BufReader::new(socket);\n    let mut length = [0; LENGTH_SIZE];\n";
        empty_message_is_the_end: boundaries_survive_any_segmentation => "一次发出的 4 条消息",
            "        console::print_bytes(&message)?;\n" => "        if message.is_empty() {\n            break;\n        }\n        console::print_bytes(&message)?;\n";
        lines_of_1024: a_message_of_1_mib_is_one_line => "标准输出自始至终",
            "console::print_bytes(&message)?;" => "for line in message.chunks(1024) {\n            console::print_bytes(line)?;\n        }";
        less_than_the_bound: a_message_of_1_mib_is_one_line => "带长度前缀的消息",
            "if length > MAX_MESSAGE_LEN {" => "if length >= MAX_MESSAGE_LEN {";
        length_with_a_sign: a_length_above_1_mib_is_refused => "太长",
            "if length > MAX_MESSAGE_LEN {" => "if length as i32 > MAX_MESSAGE_LEN as i32 {";
        #[cfg(target_os = "linux")] // elsewhere the check has no limit of memory
        takes_the_memory_first: a_length_above_1_mib_is_refused => "太长",
            "    let mut message = vec![0; length];\n" => "",
            "    if length > MAX" => "    let mut message = vec![0; length];\n    if length > MAX";
        length_read_once: a_cut_inside_a_message_is_told => "中间断开",
            "    socket.read_exact(&mut length[begun..]).map_err(cut_off)?;\n" => "";
        length_back_at_once: a_cut_inside_a_message_is_told => "没有发回",
            "    let mut message = vec![0; length];\n" => "    let mut message = vec![0; length];\n    let _ = socket.write_all(&(length as u32).to_be_bytes());\n",
            "client.write_all(&frame(&message))" => "client.write_all(&message)";
        reset_is_a_close: a_reset_is_told => "连接被对方复位",
            "socket.read(&mut length).context(\"接收\")?" => "socket.read(&mut length).unwrap_or(0)";
        gives_up_after_3_seconds: a_client_that_reads_late_gets_everything => "全部回显",
            "    console::note(format!(\"客户端 {address} 已连接" => "    client.set_write_timeout(Some(std::time::Duration::from_secs(3))).unwrap();\n    console::note(format!(\"客户端 {address} 已连接";
        reset_ends_without_the_last_line: a_reset_is_told => "客户端已关闭",
            "console::note_failure(echo(&mut client))?;" => "echo(&mut client)?;";
    ]
}

testing::wrong_solutions! {
    many_clients of "tcp-echo-server" [
        one_after_the_other: all_are_served_at_once => "第 2 个客户端收到回显",
            "        let started = thread::Builder::new().spawn(serve).context(\"创建线程\");\n        console::note_failure(started)?;\n" => "        serve();\n";
        four_places: all_are_served_at_once => "第 5 个客户端收到回显",
            "const MAX_CLIENTS: usize = 1000;" => "const MAX_CLIENTS: usize = 4;";
        ends_with_a_reset: one_that_is_gone_is_not_missed => "复位",
            "console::note(format!(\"客户端 {address}：{error}\"))" =>
                "common::interrupt::end_program(&error.to_string(), 1)";
        places_are_not_given_back: nothing_is_left_of_those_who_are_gone => "客户端收到回显",
            "            drop(place);\n" => "            std::mem::forget(place);\n";
        #[cfg(target_os = "linux")] // elsewhere the check does not look at the memory
        keeps_the_handles: nothing_is_left_of_those_who_are_gone => "占用的内存",
            "let places = Arc::new(());" =>
                "let places = Arc::new(());\n    let mut handles = Vec::new();",
            "        console::note_failure(started)?;\n" => "        handles.push(started?);\n";
        #[cfg(target_os = "linux")]
        keeps_what_has_come: nothing_is_kept_of_what_has_been_echoed => "占用的内存",
            "let mut buffer = vec![0; RECV_SIZE];" =>
                "let mut buffer = vec![0; RECV_SIZE];\n    let mut all = Vec::new();",
            "        client.write_all(" =>
                "        all.extend_from_slice(&buffer[..length]);\n        client.write_all(";
        gives_up_after_3_seconds: one_that_waits_holds_up_nobody => "空闲的客户端收到回显",
            "    let mut buffer = vec![0; RECV_SIZE];\n" => "    let mut buffer = vec![0; RECV_SIZE];\n    let limit = Some(Duration::from_secs(3));\n    client.set_read_timeout(limit).unwrap();\n";
        a_lock_around_the_sending: one_that_waits_holds_up_nobody => "另一个客户端收到回显",
            "        client.write_all(" => "        static LOCK: std::sync::Mutex<()> = std::sync::Mutex::new(());\n        let _locked = LOCK.lock().unwrap();\n        client.write_all(";
        #[cfg(unix)] // elsewhere there is no limit
        no_descriptor_is_the_end: it_lives_on_without_descriptors => "一直在的客户端",
            "            Err(reason) => {\n" => "            Err(reason) if true => return Err(Error::Fatal(explain(&reason))),\n            Err(reason) => {\n";
        #[cfg(target_os = "linux")]
        collects_16_mib: one_that_waits_holds_up_nobody => "占用的内存",
            "let mut buffer = vec![0; RECV_SIZE];\n    loop {\n" => QUEUE,
            "const RECV_SIZE" => "const MOST: usize = 512;\nconst RECV_SIZE",
            "client.read(&mut buffer)" => "client.read(buffer)",
            "client.write_all(&buffer[..length]).context(\"发送\")?;" =>
                "queue.send(buffer[..length].to_vec()).unwrap();";
        receives_without_bound: one_that_waits_holds_up_nobody => "程序不再接收它的数据",
            "let mut buffer = vec![0; RECV_SIZE];\n    loop {\n" => QUEUE,
            "const RECV_SIZE" => "const MOST: usize = 1 << 20;\nconst RECV_SIZE",
            "client.read(&mut buffer)" => "client.read(buffer)",
            "client.write_all(&buffer[..length]).context(\"发送\")?;" =>
                "queue.send(buffer[..length].to_vec()).unwrap();";
    ]
}
