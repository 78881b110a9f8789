//! The titles in both languages.

/// The titles of sections and folds. One that is not here is a name, and the same in both.
pub const TITLES: &[(&str, &str)] = &[
    // The sheets.
    ("What you will learn", "学习目标"),
    ("The conversation", "通信过程"),
    ("Run it", "动手运行"),
    ("With the Python server", "与 Python 服务器配对"),
    ("With the Python client", "与 Python 客户端配对"),
    ("With the Python script", "与 Python 脚本配对"),
    ("An answer in two parts", "分成两段的回复"),
    ("Side by side", "逐行对照"),
    ("New Rust here", "新的 Rust 知识"),
    ("See it on the wire", "抓包观察"),
    ("Where the script breaks", "脚本在哪里出错"),
    ("Questions", "思考题"),
    ("Answer", "答案"),
    ("Your turn", "轮到你了"),
    ("Stage 1: announce and answer", "第 1 阶段：上线与回应"),
    ("Stage 2: show and acknowledge", "第 2 阶段：显示与回执"),
    ("Stage 3: repetitions and options", "第 3 阶段：重复消息与选项"),
    ("Stage 1: the request line and the size", "第 1 阶段：请求行与文件大小"),
    ("Stage 2: continue", "第 2 阶段：续传"),
    ("Stage 3: the file has changed", "第 3 阶段：文件已改变"),
    (
        "Stage 1: the request line, the size, and what is refused",
        "第 1 阶段：请求行、文件大小与拒绝",
    ),
    ("Stage 2: offsets", "第 2 阶段：偏移量"),
    ("Stage 3: the version", "第 3 阶段：版本号"),
    ("A solution", "参考解答"),
    ("Solutions", "参考解答"),
    // The README of the course.
    ("Eight socket programs, in Python and in Rust", "中文"),
    ("First run", "第一次运行"),
    ("The programs", "八个程序"),
    ("The course", "课程"),
    ("The exercises", "练习"),
    ("The scripts", "脚本"),
    ("Pairing a program with a script, or two machines", "程序与脚本配对，两台机器配对"),
    ("Tools", "工具"),
    ("What is promised", "承诺"),
    ("How the workspace is laid out", "工作空间的结构"),
    ("Is the Rust one faster, and why?", "Rust 版更快吗，为什么"),
    ("What the tutorial says, put right", "教程的说法与实际情况"),
    ("Notes that belong to all labs", "所有实验共用的知识"),
];

/// What the fold of a hint is called, before its own title.
pub const HINT: (&str, &str) = ("Hint: ", "提示：");
