"""Reads a script as somebody has typed it in, and tells a beginner in Chinese what is wrong.

`check TABLE DIRECTORY SCRIPT COPY` also writes a copy with the right addresses. Status: 0 all is right, 3
only addresses are wrong, 4 it need not be tried, 5 it is not there. `explain TABLE DIRECTORY SCRIPT WHO
TYPED` reads from standard input what has gone wrong in a conversation.
"""
import ast, builtins, difflib, io, keyword, os, re, socket, sys, tokenize

TASK, TABLE, DIRECTORY, SCRIPT, *MORE = sys.argv[1:]
with open(TABLE, encoding="utf-8") as table:
    SECTIONS = dict(section.split("\n", 1) for section in table.read().split("\n## ")[1:])
PATH = os.path.join(DIRECTORY, SCRIPT)
QUOTED = re.compile(r"'''.*?'''|\"\"\".*?\"\"\"|'(\\.|[^'\\\n])*'|\"(\\.|[^\"\\\n])*\"|#[^\n]*", re.S)
LAN = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{0,3}")
CALLED = ["accept", "close", "decode", "encode", "read", "recv", "recvfrom", "input"]
METHODS = {name for kind in (socket, socket.socket, str, bytes, io.BytesIO, os) for name in dir(kind)}
lines, told, addresses, edits = [], {}, set(), []


def tell(what, line, column=0):
    told.setdefault((line, column), what)


def tell_at(node, what):
    before = lines[node.lineno - 1].encode()[: node.col_offset].decode()
    tell(what, node.lineno, len(before) + 1)
    return node.lineno, len(before) + 1


def tell_address(node, what, right):
    """The same for an address, which is mended in the copy."""
    addresses.add(tell_at(node, what))
    edits.append((node.lineno, node.col_offset, node.end_col_offset, repr(right)))


def finish(status):
    """Tells the first four, each with its line; addresses come last."""
    for (line, column), what in sorted(told.items(), key=lambda one: (one[0] in addresses, one[0]))[:4]:
        print(f"第 {line} 行" + (f"第 {column} 列" if column else "") + f"：{what}")
        print("    " + "".join(lines[line - 1 : line]).strip()[:70])
    if len(told) > 4:
        print(f"还有 {len(told) - 4} 处")
    sys.exit(status)


def meaning(section, error):
    """What a beginner is told about an error of Python's."""
    for row in SECTIONS[section].strip().split("\n"):
        pattern, means = map(str.strip, row.split("=>"))
        if found := re.search(pattern, error):
            return means.format(*filter(None, found.groups()))
    return "出错了"


def near(name, names, cutoff=0.6):
    return next(iter(difflib.get_close_matches(name, names, 1, cutoff)), None)


def half(char):
    """The half-width character in place of a full-width one."""
    other = dict(zip("“”‘’。、【】\u3000", "\"\"''.,[] "))
    return other.get(char) or (chr(ord(char) - 0xFEE0) if "！" <= char <= "～" else None)


def read():
    with open(PATH, "rb") as file:
        data = file.read(1 << 20)
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding).replace("\r\n", "\n")
    except (SyntaxError, UnicodeDecodeError):
        kind = "UTF-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "GBK"
        text = data.decode(kind, "replace")
        lines.extend(text.split("\n"))
        before = re.match("[\0-~]*", text)[0].split("\n")
        what = f"文件不是用 UTF-8 保存的（像是 {kind}）：用编辑器“另存为”，编码选 UTF-8"
        tell(what, len(before), len(before[-1]) + 1)
        finish(4)


def syntax(error, source):
    """Why it is no Python: what beginners get wrong, or else what Python says."""
    blank = lambda quoted: re.sub(r"[^\n]", " " if quoted[0].startswith("#") else "s", quoted[0])
    rows = QUOTED.sub(blank, source).split("\n")
    line, column = getattr(error, "lineno", 0) or 1, getattr(error, "offset", 0) or 1
    code, cause = (rows + [""])[line - 1], meaning("语法错误", str(error))
    if "引号" in cause:
        wide = re.search("[“”‘’＂＇][^“”‘’＂＇]*$", "".join(lines[line - 1 : line]))
        what = f"结尾的引号 {wide[0][0]} 是全角的，要写成半角的" if wide else cause
        return tell(what, line, wide.start() + 1 if wide else column)
    chars = [(char, number, place) for number, row in enumerate(rows, 1) for place, char in enumerate(row, 1)]
    for char, *place in chars:
        if half(char):
            return tell(f"全角的 {char} 要写成半角的 {half(char)}", *place)
    begin = re.match(r"\s*(def|if|elif|else(?!\s+if)|while|for|try|except|finally|with)\b[^:]*$", code.rstrip())
    if begin and code.count("(") == code.count(")") and not isinstance(error, IndentationError):
        return tell("行末少了冒号", line, len(code.rstrip()) + 1)
    opened = []
    for char, *place in chars if not isinstance(error, IndentationError) else ():
        if char in "([{":
            opened.append((char, *place))
        elif char in ")]}" and (not opened or opened.pop()[0] + char not in "()[]{}"):
            return tell(f"右括号 {char} 多余，或者前面少了与它配对的左括号", *place)
    if opened:
        return tell(f"左括号 {opened[-1][0]} 没有配对的右括号", *opened[-1][1:])
    tell(cause or meaning("写法错误", code), line, column)


def names(nodes):
    """Names that nothing defines, what is not called, and whether there is a call of main."""
    defined = {name: 0 for name in [*dir(builtins), "__file__"]}  # and the line where each is first
    for node in nodes:
        name = getattr(node, "asname", None) or getattr(node, "name", None) or getattr(node, "arg", None)
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            name = node.id
        line = 0 if isinstance(node, ast.alias) else getattr(node, "lineno", 0)
        defined.update({other: 0 for other in METHODS} if name == "*" else {})
        defined[name] = min(line, defined.get(name, line))
    del defined[None]
    functions = [node.name for node in nodes if isinstance(node, ast.FunctionDef)]
    called = {node.func for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        name = getattr(node, "id", getattr(node, "attr", ""))
        if isinstance(node, ast.Name) and name not in defined:
            before = [other for other, line in defined.items() if 0 < line < node.lineno]
            others = [*defined, *keyword.kwlist]
            tries = [(before, 0.7), (others, 0.8), (before, 0.5), (others, 0.6)]
            meant = next(filter(None, (near(name, *one) for one in tries)), None)
            hint = f"是 {meant} 吗" if meant else "检查拼写，以及前面有没有给它赋值"
            hint = f"文件开头少了 import {name}" if name in ("socket", "os") else hint
            tell_at(node, f"名字 {name} 没有定义：{hint}")
            defined[name] = 0  # once is enough
        elif name in CALLED + functions and node not in called and isinstance(node.ctx, ast.Load):
            tell_at(node, f"{name} 的后面少了 ()，没有调用它")
        if isinstance(node, ast.Compare) and getattr(node.left, "id", "") == "__name__":
            if getattr(node.comparators[0], "value", "") != "__main__":
                tell_at(node, '要写 "__main__"，否则下面不会执行，程序立即结束了')
    if "main" in functions and not any(getattr(func, "id", "") == "main" for func in called) and not told:
        tell("没有调用 main：程序立即结束了，文件最后要有 main()", len(lines))


def facts(nodes):
    """Its socket, ports, size of a receive, encoding and texts."""
    table, texts, *_ = SECTIONS[SCRIPT].split("\n")
    needs = dict(field.split(" ") for field in table.split(", "))
    values = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            values.setdefault(node.targets[0].id, []).append(node.value)
    constant = lambda node: (values.get(getattr(node, "id", ""), []) + [node])[0]
    strings, bound = {}, False
    for node in nodes:
        name = getattr(node, "attr", "")
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            if LAN.fullmatch(node.value) and not node.value.startswith(("127.", "0.0.0.")):
                addresses.add(tell_at(node, f"地址 {node.value} 要改为 127.0.0.1，才能在一台机器上通信"))
            strings.update(dict.fromkeys(re.split(r"%\w|\{\w*\}|\n", node.value), node))
        if name in ("SOCK_DGRAM", "SOCK_STREAM") and name != needs["kind"]:
            tell_at(node, f"这里要用 {needs['kind']}")
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", "")
        first, last = (constant(node.args[at]) if node.args else None for at in (0, -1))
        value = getattr(first, "value", "utf-8")
        if name in ("recv", "recvfrom") and type(value) is int and str(value) != needs.get("recv"):
            tell_at(node, f"教程里一次接收 {needs.get('recv')} 字节，这里是 {value}")
        if name in ("encode", "decode") and "codec" in needs:
            codec = re.sub("^(gb2312|gb18030|cp936)$", "gbk", str(value).lower().replace("utf8", "utf-8"))
            if codec != needs["codec"]:
                tell_at(node, f"编码要用 {needs['codec']}，这里是 {value}")
        if name in ("bind", "connect", "sendto") and isinstance(last, ast.Tuple) and len(last.elts) == 2:
            host, port = map(constant, last.elts)
            need, given = needs.get("bind" if name == "bind" else "to"), getattr(port, "value", None)
            if need and given is not None and given != int(need):
                tell_address(port, f"{name} 的端口是 {given!r}，对方用的是 {need}", int(need))
            right, given = "" if name == "bind" else "127.0.0.1", getattr(host, "value", "")
            is_mapped = right and LAN.fullmatch(str(given))  # and it was told above
            if given not in ("", "0.0.0.0", "127.0.0.1", "localhost") and not is_mapped:
                tell_address(host, f"{name} 的地址 {given!r} 要改为 {right!r}", right)
        bound |= name == "bind"
    if "bind" in needs and not bound:
        tell(f"没有 bind：脚本要绑定端口 {needs['bind']}", len(lines))
    texts = texts[5:].split(" | ") if texts.startswith("text ") else []
    for text in set(texts) - set(strings):
        if wrong := near(text, [piece for piece in strings if piece not in texts]):
            same = len(os.path.commonprefix([wrong, text]))
            tell_at(strings[wrong], f"写的是 “{wrong}”，要写 “{text}”（从第 {same + 1} 个字起不同）")


def check():
    if not os.path.isfile(PATH):
        plain = lambda name: re.sub(r"[^a-z0-9.]", "_", name.lower().replace(".txt", ""))
        others = {plain(name): name for name in os.listdir(DIRECTORY) if name not in SECTIONS}
        other = others.get(near(SCRIPT, others, 0.85))
        print("没有这个文件" + (f"，有一个名字相近的 {other}，把它改名为 {SCRIPT}" if other else ""))
        sys.exit(5)
    source = read()
    lines.extend(source.rstrip().split("\n"))
    try:
        compile(source, SCRIPT, "exec")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        syntax(error, source)
        finish(4)
    nodes = list(ast.walk(ast.parse(source)))
    names(nodes)
    facts(nodes)
    copy = source.encode().split(b"\n")
    for line, begin, end, text in sorted(edits, reverse=True):
        copy[line - 1] = copy[line - 1][:begin] + text.encode() + copy[line - 1][end:]
    with open(os.path.join(MORE[0], SCRIPT), "wb") as file:
        file.write(b"\n".join(copy))
    finish(0 if not told else 3 if set(told) <= addresses else 4)


def explain():
    who, typed = MORE
    problem = sys.stdin.read().replace("\\n", "\n").replace('\\"', '"').replace("\\'", "'")
    problem = problem.replace("\\\\", "\\")
    source = read()
    lines.extend(source.split("\n"))
    if frames := re.findall(rf'File "[^"]*{re.escape(SCRIPT)}", line (\d+)', problem):
        errors = re.findall(r"^[\w.]*(?:Error|Exception|gaierror|timeout)\b.*", problem, re.M)
        error = errors[-1].rstrip('"') if errors else "没有说明原因"
        wrong = re.search(r"name '(\w+)'|attribute '(\w+)'|module named '(\w+)'", error)
        wrong = wrong and next(filter(None, wrong.groups()))
        meant = wrong and near(wrong, {*METHODS, "socket", *re.findall(r"\w+", source)} - {wrong})
        what = meaning("运行错误", error)
        what += f"，是 {meant} 吗" if meant and what.startswith("没有") else ""
        tell(f"{what}（{error.split('. Did')[0][:90]}）", int(frames[-1]))
        finish(0)
    when, where = f"输入“{typed}”以后，" if typed else "", f"对方（{who}）" if who else ""
    found = [re.search(f'{begin}[^"]*"(.*?)"(?:，终端上是 |$)', problem, re.S) for begin in ("讲义上", "终端上")]
    need, shown = (match[1].strip() if match else "" for match in found)
    plain = [re.sub("(?: [0-9a-f]{2}){9,}", " …", text) for text in (need, shown)]
    if plain[0] not in plain[1]:
        need, shown = plain
    shown = f"显示的是 “{shown[:150]}”".replace("\n", "⏎") if shown else "什么也没有显示"
    needed = f"应该显示 “{need[:150]}”"
    if not need:
        other = {"终端上": "不应该再有输出", "状态码": "应该正常结束"}
        needed = other.get(problem[:3], problem.split("，")[0])
    print(f"{when}{where}{needed}，{shown}")


{"check": check, "explain": explain}[TASK]()
