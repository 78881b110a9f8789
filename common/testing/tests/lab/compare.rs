//! `cargo lab compare`: what it tells about scripts as somebody has typed them in.

use common::gbk;
use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use testing::sheets::PROGRAMS;
use testing::{Ended, Program, TempDir, python, root, tempdir};

/// Mistypings: the script, what stands in it, what was typed, and what must be told.
const MISTYPED: &[(&str, &str, &str, &str)] = &[
    // It never ends, and takes the longest.
    ("tcp_echo_server", "print(chunk)", "while not print(chunk): pass", "⏎b'hello hello hello'⏎"),
    ("udp_chat", "chat.sendto(text, sender)", "pass", "的数据:在吗”，什么也没有显示"),
    ("feiq_sender", "True:", "True", "第 5 行第 11 列：行末少了冒号\n      while True\n"),
    ("feiq_sender", "    fields", "fields", "第 6 行第 1 列：上一行以冒号结束，这一行要比它多缩进"),
    ("feiq_sender", "input(", "input（", "第 6 行第 58 列：全角的 （ 要写成半角的 (\n"),
    ("feiq_sender", "while True:", "def main():", "没有调用 main：程序立即结束了"),
    ("feiq_sender", "\"324244\"", "\"324224\"", "：31 3a 33 32 34 32 32 34"),
    ("file_server", "sep=\"\\n\")", "sep=\"\\n\"", "第 11 行第 10 列：左括号 ( 没有配对的右括号\n"),
    ("file_server", "send(content)", "send(content[:1024])", "应该显示 “内容相同： True True”"),
    ("file_client", "file.write(", "len(", "显示的是 “内容相同： False"),
    ("file_client", "connect((host, port))", "connect(host, port)", "地址要再加一层括号"),
    ("tcp_echo_server", "client.close()", "break", "第 11 行第 1 列：break 不在循环里：检查缩进"),
    ("tcp_echo_server", "print(chunk)", "print chunk", "Python 3 的 print 要有括号"),
    ("tcp_echo_server", "send(chunk)", "send(chunk); client.close()", "检查 close() 的缩进"),
    ("tcp_client", "\"127.0.0.1\"", "\"192.168.1.5\"", "地址 192.168.1.5 要改为 127.0.0.1"),
    ("tcp_client", "encode(\"gbk\")", "encode()", "编码要用 gbk，这里是 utf-8"),
    ("tcp_client", "关闭了链接", "关闭了连接", "要写 “对方关闭了链接”（从第 6 个字起不同）"),
    ("udp_client", "client.sendto", "clinet.sendto", "名字 clinet 没有定义：是 client 吗\n"),
    ("udp_client", ".encode()", "", "第 6 行：网络只收发字节：字符串的后面要加 .encode()"),
    ("udp_server", "8080", "8081", "bind 的端口是 8081，对方用的是 8080\n"),
    ("udp_chat", "哦\"", "哦", "第 21 行第 19 列：字符串没有结束：少了引号\n"),
    ("udp_chat", "额:", "额：", "写的是 “请选择额：”，要写 “请选择额:”（从第 5 个字起不同）\n"),
    ("udp_chat", "case \"1\"", "case 1", "输入“1”以后，应该显示 “IP地址:”，显示的是 “输入错误哦"),
    ("udp_chat", "sendto(text, sender)", "sendto()", "少给了 1 个参数"),
];

fn compare(arguments: &[&str]) -> Ended {
    let mut lab = Program::start(env!("CARGO_BIN_EXE_lab"), &[&["compare"], arguments].concat());
    lab.end_before(Duration::from_secs(120)).unwrap()
}

fn source(name: &str) -> String {
    fs::read_to_string(root().join("common/testing/scripts").join(name)).unwrap()
}

fn directory_with(name: &str, content: impl AsRef<[u8]>) -> (TempDir, String) {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join(name), content).unwrap();
    let path = directory.path().display().to_string();
    (directory, path)
}

/// What is told must be a few lines, and nothing of the way in which it was found.
fn problem(script: &str, content: impl AsRef<[u8]>, told: &str) -> Option<String> {
    let (_directory, path) = directory_with(&format!("{script}.py"), content);
    let Ended { out, err, status } = compare(&[&path, script]);
    let is_right = status == Some(1)
        && out.contains(told)
        && out.lines().count() <= 10
        && !["Traceback", "/tmp"].iter().any(|never| out.contains(never));
    (!is_right).then(|| format!("—— {told}\n{out}{err}\n"))
}

#[test]
fn what_is_mistyped_is_told() {
    if python().is_none() {
        return;
    }
    let (next, problems) = (AtomicUsize::new(0), Mutex::new(String::new()));
    let check = || {
        while let Some((script, from, to, told)) =
            MISTYPED.get(next.fetch_add(1, Ordering::Relaxed))
        {
            let right = source(&format!("{script}.py"));
            let wrong = right.replacen(from, to, 1);
            assert_ne!(wrong, right, "{from}");
            let found = problem(script, wrong, told);
            problems.lock().unwrap().extend(found);
        }
    };
    thread::scope(|scope| {
        for _ in 0..8 {
            thread::Builder::new().spawn_scoped(scope, check).unwrap();
        }
    });
    let gbk = gbk::encode(&source("tcp_client.py").replace("Stands", "代替")).unwrap();
    let mut problems = problems.into_inner().unwrap();
    let told = "第 1 行第 4 列：文件不是用 UTF-8 保存的（像是 GBK）";
    problems.extend(problem("tcp_client", gbk, told));
    assert!(problems.is_empty(), "{problems}");
}

#[test]
fn what_is_right_is_told_and_so_is_what_is_missing() {
    if python().is_none() {
        return;
    }
    let scripts = root().join("common/testing/scripts").display().to_string();
    let all = compare(&[&scripts]);
    let right = PROGRAMS.map(|program| program.replace('-', "_") + ".py：正常\n").concat();
    assert_eq!((all.out, all.status), (right, Some(0)));

    let (_directory, path) = directory_with("udp-client.py", source("udp_client.py"));
    fs::write(Path::new(&path).join("udp_server.py"), source("udp_server.py")).unwrap();
    let some = compare(&[&path, "udp_server.py", "udp-client", "tcp_client"]);
    let told = "udp_server.py：正常\nudp_client.py：没有这个文件，有一个名字相近的 udp-client.py，\
                把它改名为 udp_client.py\ntcp_client.py：没有这个文件\n";
    assert_eq!((some.out.as_str(), some.status), (told, Some(1)), "{}", some.err);
    let refused = compare(&[&path, "nonsense"]);
    assert!(refused.status == Some(2) && refused.err.starts_with("没有 nonsense.py 这个脚本"));
}
