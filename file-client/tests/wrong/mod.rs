testing::wrong_solutions! {
    resumable of "file-client" [
        read_ahead_is_lost: a_line_asks_and_a_line_answers => "“收到消息\\n”",
            "    receive(&mut answer, &mut part, size)?;\n" => "    let mut answer = BufReader::new(answer.into_inner());\n    \
              receive(&mut answer, &mut part, size)?;\n";
        one_read_is_a_line: the_answer_may_come_in_pieces => "“文件传输完毕\\n”",
            "answer.take(MAX_LINE_LEN).read_line(&mut line)" =>
                "answer.fill_buf().map(|read| line = String::from_utf8_lossy(read).into_owned())";
        waits_for_the_end: the_size_tells_where_the_end_is => "“文件传输完毕\\n”",
            "answer.take(size - part.length);" => "answer;",
            "Ok(0) if rest.limit() == 0 =>" => "Ok(0) if true =>";
        the_line_has_no_bound: nonsense_is_no_file => "状态码为 1",
            "answer.take(MAX_LINE_LEN)" => "answer";
        an_end_is_the_end: a_cut_download_goes_on_where_it_stopped => "状态码为 1",
            "Ok(0) if rest.limit() == 0 =>" => "Ok(0) =>",
            "Ok(part) if part.len() == size =>" => "Ok(_) if true =>";
        a_reset_deletes_the_part: a_reset_download_goes_on_as_well => "之间的请求",
            "Err(reason) => break format!(\"接收失败：{}\", explain(&reason))," =>
                "Err(reason) => { let _ = fs::remove_file(&part.path); break reason.to_string() }";
        collects_it_in_memory: a_killed_download_goes_on_as_well => "之间的请求",
            "let mut buffer =" => "let mut file = Vec::new();\n    let mut buffer =",
            "rest.limit() == 0 => return Ok(())," =>
                "rest.limit() == 0 => return part.file.write_all(&file).context(\"写入\"),",
            "part.file.write_all(&buffer[..length])" => "file.write_all(&buffer[..length])";
        appends: two_at_once_do_no_harm => "f.txt 的内容是",
            "File::create_new(&path)" =>
                "OpenOptions::new().append(true).create(true).open(&path)",
            "Ok(part) if part.len() == size =>" => "Ok(_) if true =>";
        a_name_without_its_directory: each_name_has_its_own_part => "从偏移量 0 开始的请求",
            "prefix(&name.text)" => "prefix(&name.path.to_string_lossy())";
        a_whole_part_is_refused: a_failure_at_the_end_is_not_for_ever => "状态码为 0",
            "part.path == path && part.length <= size => part," => "part.path == path && part.length < size => part,\n        Some(part) if part.path == path => return Err(Error::Fatal(\"已有的部分不对\".into())),";
        #[cfg(unix)] // elsewhere there is no such limit
        writes_as_far_as_it_goes: a_full_disk_is_an_error => "状态码为 1",
            "if let Err(reason) = part.file.write_all(&buffer[..length])" =>
                "if let (_, Some(reason)) = (part.file.write_all(&buffer[..length]), None::<io::Error>)",
            "Ok(part) if part.len() == size =>" => "Ok(_) if true =>";
        empties_the_old_part: two_at_once_never_mix_versions => "全是新版本",
            "Some(part) => return part.delete()" => "Some(part) => return part.file.set_len(0).and_then(|()| fs::rename(&part.path, &path))";
        the_size_has_32_bits: a_size_may_be_above_4_gib => "从偏移量 10 开始的请求",
            "let size: i64 =" => "let size: u32 =";
        the_version_has_64_bits: another_version_is_fetched_anew => "程序连接服务器",
            "{prefix}{size}-{version}\"" => "{prefix}{size}-{}\", version as u64";
        goes_on_with_the_new_version: another_version_is_fetched_anew => "程序连接服务器",
            "Some(part) if part.path == path && part.length <= size => part," =>
                "Some(part) => part,",
            "answer.take(size - part.length)" => "answer.take(size.saturating_sub(part.length))";
    ]
}
