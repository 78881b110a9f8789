//! The program that is checked: what is typed, what it shows, how it ends.

use super::words::{has_panicked, instead};
use super::{Check, literal, seconds};
use crate::output::Reading;
use crate::{DEADLINE, Ended, Output, Program};
use std::fmt::Display;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

/// The program that is checked, running.
pub struct Subject<'a> {
    pub(super) check: &'a Check,
    /// What the story calls it, if there are several at the same time.
    pub(super) name: Option<&'static str>,
    pub(super) program: Program,
}

impl Subject<'_> {
    /// The address that the first line of standard error tells, as this machine reaches it.
    #[track_caller]
    pub fn address(&self) -> SocketAddr {
        if let Some(address) = self.program.find_address(self.check.patience) {
            return address;
        }
        let noted = self.program.noted();
        let came = match noted.split_once('\n') {
            Some((line, _)) => format!("第一行里没有地址：{}", literal(line)),
            None if self.check.has_ended() => "程序已经结束，标准错误没有显示一整行".into(),
            None => format!("{}内标准错误没有显示一整行", seconds(self.check.patience)),
        };
        let expected =
            format!("{}标准错误的第一行给出程序绑定的地址（检查从这里得知实际的端口）", self.of());
        self.check.expect(expected, Err(came))
    }

    /// Whose standard output and standard error it is, where that is a question.
    fn of(&self) -> String {
        self.name.map(|name| format!("{name}的")).unwrap_or_default()
    }

    /// Where the user types, where that is a question.
    fn at(&self) -> String {
        self.name.map(|name| format!("在{name}中")).unwrap_or_default()
    }

    fn name(&self) -> &'static str {
        self.name.unwrap_or("程序")
    }

    /// Types a line.
    pub fn types(&mut self, line: &str) {
        let at = self.at();
        self.check.did(match line {
            "" => format!("{at}不输入任何内容，直接按回车"),
            line => format!("{at}输入{}，按回车", literal(line)),
        });
        self.program.type_line(line);
    }

    /// Types something, and does not press Enter.
    pub fn types_without_enter(&mut self, text: &str) {
        let (at, text_told) = (self.at(), literal(text));
        self.check.did(format!("{at}输入{text_told}，暂不按回车"));
        self.program.type_bytes(text.as_bytes());
    }

    /// Ends the input: Ctrl-D.
    pub fn types_ctrl_d(&mut self) {
        self.check.did(format!("{}按 Ctrl-D", self.at()));
        self.program.end_input();
    }

    /// Ctrl-C ends the program with this exit status. (Where there is no way to press it, it is killed.)
    #[track_caller]
    pub fn ends_by_ctrl_c(self, status: i32) {
        #[cfg(not(unix))]
        let _ = (status, self.is_killed());
        #[cfg(unix)]
        {
            self.check.did(format!("{}按 Ctrl-C", self.at()));
            self.program.signal("INT");
            self.ends(status);
        }
    }

    /// Stops the program on Unix and lets it go on, which interrupts a call that waits.
    pub fn is_stopped_for_a_moment(&self) {
        #[cfg(unix)]
        for signal in ["STOP", "CONT"] {
            self.program.signal(signal);
        }
    }

    /// Stops the program on Unix while something happens, as Ctrl-Z and `fg` would.
    pub fn is_stopped_while(&self, happens: impl FnOnce()) {
        self.check.did(format!("让{}暂停（相当于按 Ctrl-Z）", self.name()));
        #[cfg(unix)]
        self.program.signal("STOP");
        happens();
        #[cfg(unix)]
        self.program.signal("CONT");
        self.check.did(format!("让{}继续（相当于用 fg）", self.name()));
    }

    /// How much memory the program has, in MiB: `VmHWM`, the most that it has used at one time, or
    /// `VmSize`, the addresses that it has asked for. `None`: the system is not Linux.
    pub fn memory(&self, kind: &str) -> Option<usize> {
        let path = format!("/proc/{}/status", self.program.id());
        let status = std::fs::read_to_string(path).ok()?;
        let line = status.lines().find(|line| line.starts_with(kind))?;
        let kib: usize = line.split_whitespace().nth(1)?.parse().ok()?;
        Some(kib / 1024)
    }

    /// Since [`Subject::memory`] was `before`, it has grown by less than `most` MiB.
    #[track_caller]
    pub fn has_grown_by_less_than(&self, most: usize, kind: &str, before: Option<usize>) {
        let (Some(before), Some(after)) = (before, self.memory(kind)) else {
            return;
        };
        let more = after.saturating_sub(before);
        let expected = format!("{}占用的内存（/proc 中的 {kind}）增加不到 {most} MiB", self.name());
        self.check.expect_that(expected, more < most, || format!("增加了 {more} MiB"));
    }

    /// It has not panicked so far, not even in a thread whose end nobody notices.
    #[track_caller]
    pub fn has_not_panicked(&self) {
        let so_far = !has_panicked(&self.program.noted());
        self.check.expect_that("程序没有发生 panic", so_far, || "程序发生了 panic".into());
    }

    /// Kills the program.
    pub fn is_killed(mut self) {
        self.check.did(format!("强行终止{}", self.name()));
        self.program.kill();
    }

    /// Standard output shows `text` sooner or later.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        self.shows_times(text, 1);
    }

    /// Standard output shows `text` sooner or later, at least so many times.
    #[track_caller]
    pub fn shows_times(&self, text: &str, times: usize) {
        self.says("标准输出", self.program.out.as_ref().unwrap(), text, times);
    }

    /// Standard error shows `text` sooner or later.
    #[track_caller]
    pub fn notes(&self, text: &str) {
        self.says("标准错误", &self.program.err, text, 1);
    }

    #[track_caller]
    fn says(&self, stream: &str, output: &Output, text: &str, times: usize) {
        output.wait_within(self.check.patience, |said, _| {
            (said.matches(text).count() >= times).then_some(())
        });
        // What has come at the last moment counts as well.
        let came = output.text().matches(text).count();
        let problem =
            if came == 0 { "没有出现".into() } else { format!("只出现了 {came} 次") };
        let limit = if output.has_ended() {
            format!("直到{}结束也", self.name())
        } else {
            format!("{}内", seconds(self.check.patience))
        };
        let (of, told) = (self.of(), literal(text));
        let expected = match times {
            1 => format!("{of}{stream}中出现{told}"),
            times => format!("{of}{stream}中{told}至少出现 {times} 次"),
        };
        self.check.expect_that(expected, came >= times, || limit + &problem);
    }

    /// Standard output has shown `text` so many times, and the check has seen what comes after it.
    #[track_caller]
    pub fn has_shown(&self, text: &str, times: usize) {
        let (of, told) = (self.of(), literal(text));
        let expected = match times {
            0 => format!("{of}标准输出中没有出现{told}"),
            times => format!("{of}标准输出中{told}正好出现 {times} 次"),
        };
        let shown = self.program.shown().matches(text).count();
        self.check.expect_that(expected, shown == times, || format!("出现了 {shown} 次"));
    }

    /// Standard output has shown these lines and nothing else, and the check has seen the last one.
    #[track_caller]
    pub fn has_shown_just<Line: Display>(&self, lines: &[Line]) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        let expected = match lines {
            [] => "标准输出没有内容".into(),
            _ => format!("标准输出的全部内容是{}", literal(&text)),
        };
        let (of, shown) = (self.of(), self.program.shown());
        let came = || instead(shown.as_bytes(), text.as_bytes());
        self.check.expect_that(format!("{of}{expected}"), shown == text, came);
    }

    /// The program ends with this exit status.
    #[track_caller]
    pub fn ends(self, status: i32) -> Ended {
        let limit = self.check.patience;
        self.ends_within(limit, &[status])
    }

    /// The program ends with this exit status, and has shown just this on standard output.
    #[track_caller]
    pub fn ends_having_shown(self, status: i32, transcript: &str) {
        let (check, of) = (self.check, self.of());
        let shown = self.ends(status).out;
        let expected = format!("{of}标准输出自始至终正好是{}", literal(transcript));
        let came = || instead(shown.as_bytes(), transcript.as_bytes());
        check.expect_that(expected, shown == transcript, came);
    }

    /// The program ends within this limit, with one of these exit statuses.
    #[track_caller]
    pub fn ends_within(mut self, limit: Duration, statuses: &[i32]) -> Ended {
        let name = self.name();
        let came = match self.program.end_before(limit) {
            None => Err(format!("{}后{name}仍在运行", seconds(limit))),
            Some(ended) => match ended.status {
                Some(status) if statuses.contains(&status) => Ok(ended),
                Some(came) => Err(format!("{name}结束，状态码为 {came}")),
                None => Err(format!("{name}被信号终止，没有状态码")),
            },
        };
        let told = Vec::from_iter(statuses.iter().map(i32::to_string)).join(" 或 ");
        self.check.expect(format!("{name}结束，状态码为 {told}"), came)
    }

    /// What standard output has shown so far.
    pub fn shown(&self) -> String {
        self.program.shown()
    }

    /// Standard output shows what it should sooner or later: then `problem` finds none any more.
    #[track_caller]
    pub fn shows_what(&self, expected: &str, problem: impl Fn(&str) -> Option<String>) {
        self.says_what(self.program.out.as_ref().unwrap(), expected, problem);
    }

    /// The same of standard error.
    #[track_caller]
    pub fn notes_what(&self, expected: &str, problem: impl Fn(&str) -> Option<String>) {
        self.says_what(&self.program.err, expected, problem);
    }

    #[track_caller]
    fn says_what(&self, output: &Output, expected: &str, problem: impl Fn(&str) -> Option<String>) {
        output.wait_within(self.check.patience, |said, _| problem(said).is_none().then_some(()));
        // What has come at the last moment counts as well.
        let came = problem(&output.text()).map_or(Ok(()), Err);
        self.check.expect(expected, came);
    }

    /// From now on nobody reads its outputs, which stay open: Ctrl-S on a terminal stops both.
    pub fn is_not_read(&self) {
        self.check.did("停止读取程序的标准输出和标准错误，但不关闭（如同在终端中按 Ctrl-S）");
        self.reading(Reading::Paused);
        self.program.err.set_reading(Reading::Paused);
    }

    /// Its outputs are read again: Ctrl-Q on a terminal.
    pub fn is_read_again(&self) {
        self.check.did("恢复读取程序的标准输出和标准错误（如同在终端中按 Ctrl-Q）");
        self.reading(Reading::On);
        self.program.err.set_reading(Reading::On);
    }

    /// Nobody will read standard output any more: the end of `head` behind a pipe.
    pub fn closes_its_output(&self) {
        self.check.did("关闭程序标准输出的另一端（如同 | head -1 读完一行后退出）");
        self.reading(Reading::Over);
    }

    fn reading(&self, reading: Reading) {
        self.program.out.as_ref().unwrap().set_reading(reading);
    }
}

impl Drop for Subject<'_> {
    fn drop(&mut self) {
        if thread::panicking() || !self.check.strict {
            return;
        }
        self.program.kill();
        // All that it has said is there when its streams have ended.
        self.program.end_before(DEADLINE);
        if has_panicked(&self.program.noted()) {
            let name = self.name();
            let expected = format!("{name}自始至终没有发生 panic");
            let came = format!("{name}发生了 panic");
            self.check.fail(&expected, &came, None);
        }
    }
}
