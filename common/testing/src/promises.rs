//! What all programs promise, checked on one of them: its command line, and its end after a signal.

use crate::Program;

/// What every program does with `--help`, with a wrong option and with too many arguments.
pub fn check_command_line(exe: &str, usage: &str, most: usize) {
    for option in ["--help", "-h"] {
        let help = Program::start(exe, &[option]).end();
        assert_eq!((help.status, help.err.as_str()), (Some(0), ""), "{help:?}");
        assert!(help.out.starts_with(&format!("用法：{usage}\n")), "{help:?}");
        assert!(help.out.contains("\n例如：") && help.out.contains("[IPV6]:PORT"), "{help:?}");
    }
    #[cfg(unix)]
    {
        let piped = Program::start(exe, &["--help"]).end().out;
        let shown = Program::on_terminal(exe, &["--help"]).end().out;
        assert_eq!(shown.replace("\r\n", "\n"), piped, "on a terminal");
    }
    check_refused(exe, usage, &["--nonsense"], "没有 --nonsense 这个选项");
    // Behind `--` everything is an argument, and these are no addresses.
    for argument in ["--help", "-h", "--"] {
        let problem = format!("找不到主机 {argument}：");
        check_refused(exe, usage, &["--", argument], &problem);
    }
    // One line, whatever the argument holds.
    let problem = "没有 --a␊␛[2J 这个选项";
    check_refused(exe, usage, &["--a\n\x1b[2J"], problem);
    let many = vec!["127.0.0.1:9"; most + 1];
    check_refused(exe, usage, &many, &format!("参数太多（最多 {most} 个），多余的是 127.0.0.1:9"));
}

/// A wrong argument: one line that says what is wrong with it, the usage, status 2.
#[track_caller]
pub fn check_refused(exe: &str, usage: &str, arguments: &[&str], problem: &str) {
    let ended = Program::start(exe, arguments).end();
    let lines: Vec<&str> = ended.err.lines().collect();
    assert_eq!((ended.status, ended.out.as_str()), (Some(2), ""), "{arguments:?}: {ended:?}");
    assert!(lines[0].starts_with(problem), "{arguments:?}: {ended:?}");
    assert_eq!(lines[1], format!("用法：{usage}"), "{arguments:?}: {ended:?}");
}

/// The addresses that no program takes as a destination.
pub fn check_refused_remotes(exe: &str, usage: &str) {
    for (remote, problem) in [
        ("70000", "端口 70000 不是"),
        ("127.0.0.1:0", "端口 0 不能作为目的端口"),
        ("127.0.0.1:x", "端口 x 不是"),
        ("no-such-host.invalid:1", "找不到主机 no-such-host.invalid"),
        ("[::1", "地址 [::1 有误：方括号里应当是"),
        ("", "地址不能为空"),
    ] {
        check_refused(exe, usage, &[remote], problem);
    }
}

/// The addresses that no program listens on.
pub fn check_refused_locals(exe: &str, usage: &str) {
    for (local, problem) in [
        ("65536", "端口 65536 不是"),
        ("a:b:c", "地址 a:b:c 有误：冒号太多"),
        ("no-such-host.invalid:1", "找不到主机 no-such-host.invalid"),
    ] {
        check_refused(exe, usage, &[local], problem);
    }
}

/// Ctrl-C, SIGTERM and SIGHUP end what `start` has brought to the place where it waits.
#[cfg(unix)]
pub fn check_signals(start: impl Fn() -> Program) {
    for signal in ["INT", "TERM", "HUP"] {
        let program = start();
        program.signal(signal);
        let ended = program.end();
        assert_eq!(ended.status, Some(0), "{signal}: {ended:?}");
        assert!(ended.err.ends_with("收到中断信号，程序结束\n"), "{signal}: {ended:?}");
    }
}

/// What a peer might send to somebody who sits at a terminal: a new title, an empty screen, something
/// for the clipboard, a way back to the beginning of the line, and a line that looks like another
/// message. (In ASCII, so that it is the same in GBK.)
#[cfg(unix)]
pub const HOSTILE: &str = "\x1b]0;title\x07\x1b[2J\x1b]52;c;eA==\x07\x08\r\x7f\tdone\nforged";

/// The terminal of `program` has been shown [`HOSTILE`], and nothing that it would obey.
#[cfg(unix)]
#[track_caller]
pub fn check_hostile_text_is_harmless(program: &Program) {
    program.expect("␛]0;title␇␛[2J␛]52;c;eA==␇␈␍␡\tdone\r\n    forged\r\n");
    let shown = program.shown().replace("\r\n", "\n");
    let obeyed = shown.find(|c: char| c.is_control() && c != '\n' && c != '\t');
    assert_eq!(obeyed, None, "{shown:?}");
}
