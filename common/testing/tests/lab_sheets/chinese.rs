//! Chinese as it is written here: punctuation, spaces, the terms of the glossary.

use testing::sheets::{Problem, Sheet, Table, cells};

/// What the readers' textbooks call otherwise, and how.
const TERMS: &str = "\
    链接→连接 缓存→缓冲区 缓冲器→缓冲区 回环→环回 重置→复位 对端→对方 侦听→监听 套接口→套接字 \
    退出码→状态码 返回码→状态码 退出状态码→状态码 句柄→文件描述符 工作区→工作空间 流控→流量控制 \
    堵塞→阻塞 接收连接→接受连接 接受数据→接收数据 域名查找→域名解析 窥看→先看不取（peek） \
    画面→终端记录 轮到你了→动手练习 打印→显示 立刻→立即 马上→立即 其余→其他";

/// Where such a word is right all the same.
const RIGHT: [&str; 5] = ["符号链接", "硬链接", "对方关闭了链接", "“链接”", "再打印"];

/// The lines that are not written as all others are: outside of blocks, and in the labels of diagrams.
pub fn lint(chinese: &Sheet) -> Vec<Problem> {
    let mut texts = Vec::new();
    for (number, line) in chinese.prose() {
        if line.starts_with('|') {
            texts.extend(cells(line).iter().map(|cell| (number, plain(cell))));
        } else if !line.starts_with("<!-- ") {
            let is_marker = |c: char| " #-.".contains(c) || c.is_ascii_digit();
            let text = line.trim_start_matches(is_marker);
            texts.push((number, plain(text.trim_start_matches("<details><summary>"))));
        }
    }
    for diagram in chinese.blocks() {
        let labels = diagram.lines.iter().filter(|_| diagram.language == "mermaid");
        // A colon may belong to a protocol: there is no code in a label.
        let labels = labels.map(|line| line.replace(':', "_"));
        texts.extend((diagram.first..).zip(labels));
    }
    let written = texts.iter().filter(|(_, text)| text.contains(is_han));
    written
        .flat_map(|(number, text)| {
            let found = [punctuation(text), emphasis(text), terms(text)];
            found.into_iter().flatten().map(|what| Problem::new(*number, what))
        })
        .collect()
}

/// A text without what is not read: of code a backtick is left, of a link its text.
pub fn plain(text: &str) -> String {
    let text = Vec::from_iter(text.split('`').step_by(2)).join("`");
    let mut links = text.split("](");
    let mut plain = links.next().unwrap_or_default().to_string();
    for link in links {
        plain += link.split_once(')').map_or("", |(_, behind)| behind);
    }
    plain.replace("![", "").replace('[', "")
}

/// One space between Chinese and everything else, none beside full-width punctuation, and no other
/// punctuation beside Chinese.
fn punctuation(text: &str) -> Option<String> {
    let read: Vec<char> = text.chars().filter(|c| *c != '*').collect();
    read.windows(2).find_map(|pair| {
        let &[one, other] = pair else { return None };
        let problem = match (one, other) {
            (',' | ';', ' ') | ('"', _) => "half-width punctuation",
            _ if beside(pair, is_han, |c| c.is_ascii_alphanumeric() || c == '`') => {
                "a space is missing"
            }
            _ if beside(pair, is_full_width, |c| c == ' ') => "a space that is too much",
            _ if beside(pair, is_han, is_half_width) => "half-width punctuation",
            _ => return None,
        };
        Some(format!("{problem} at {one}{other}"))
    })
}

/// Whether the two are one of this kind and one of that, in whatever order.
fn beside(pair: &[char], this: fn(char) -> bool, that: fn(char) -> bool) -> bool {
    this(pair[0]) && that(pair[1]) || that(pair[0]) && this(pair[1])
}

/// Markdown ends an emphasis only where it sees no punctuation inside and a letter outside.
fn emphasis(text: &str) -> Option<String> {
    let text = text.replace("**", "*");
    let pieces = Vec::from_iter(text.split('*'));
    let is_letter = |c: char| is_han(c) || c.is_ascii_alphanumeric();
    let is_mark = |c: char| is_full_width(c) || c == '`' || is_half_width(c);
    let found = pieces.windows(3).step_by(2).find(|around| {
        let [before, inside, after] = around else { return false };
        inside.starts_with(is_mark) && before.ends_with(is_letter)
            || inside.ends_with(is_mark) && after.starts_with(is_letter)
    });
    found.map(|around| format!("punctuation at the edge of *{}*", around[1]))
}

fn terms(text: &str) -> Option<String> {
    let text = RIGHT.iter().fold(text.to_string(), |text, right| text.replace(right, ""));
    let mut terms = TERMS.split(' ').filter_map(|term| term.split_once('→'));
    let (word, term) = terms.find(|(word, _)| text.contains(word))?;
    Some(format!("here {word} is called {term}"))
}

fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fff}').contains(&c)
}

fn is_full_width(c: char) -> bool {
    "，。；：？！（）、“”《》".contains(c)
}

fn is_half_width(c: char) -> bool {
    ",.;:?!()".contains(c)
}

/// Every term of the glossary is used.
pub fn check_glossary(glossary: &Table, texts: &[&Sheet]) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (number, cells) in &glossary.rows {
        let term = cells[1].split('（').next().unwrap_or_default();
        if !texts.iter().any(|sheet| sheet.text.contains(term)) {
            problems.push(Problem::new(*number, format!("{term} stands nowhere else")));
        }
    }
    problems
}
