"""Draws the pictures of the sheets from their captures: `python3 draw.py [DIRECTORY]`.

Each picture goes to PROGRAM/NAME.svg in DIRECTORY, which is the project unless it is given.
"""

import pathlib
import struct
import sys

PROJECT = pathlib.Path(__file__).resolve().parents[3]
WIDTH = 720
STYLE = """\
<style>
text { font-family: sans-serif; font-size: 20px }
.code { font-family: monospace } .bold { font-weight: bold }
.small { font-size: 17px; fill: #444 } .middle { text-anchor: middle } .end { text-anchor: end }
.accent { fill: #0b5394 } rect { fill: #fff; stroke: #000 }
.header { fill: #eee } .data { fill: #cfe2f3 } path { stroke: #000; stroke-width: 2 }
.reset { fill: #0b5394; stroke: #0b5394; stroke-width: 5 }
.life { stroke: #888; stroke-width: 4 } .wait { stroke-dasharray: 8 6 }
</style>"""


class Picture:
    """Lines of SVG, of which a later one covers an earlier one."""

    def __init__(self):
        self.lines = []

    def text(self, x, y, text, classes):
        self.lines.append(f'<text x="{x}" y="{y}" class="{classes}">{text}</text>')

    def box(self, x, y, width, height, classes):
        size = f'width="{width}" height="{height}"'
        self.lines.append(f'<rect x="{x}" y="{y}" {size} class="{classes}"/>')

    def path(self, path, classes):
        self.lines.append(f'<path d="{path}" class="{classes}"/>')

    def svg(self, height):
        start = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}">'
        background = f'<rect width="{WIDTH}" height="{height}" style="stroke: none"/>'
        return "\n".join([start, STYLE, background, *self.lines, "</svg>", ""])


def packets(program):
    """The IP packets of PROGRAM/wire.pcap: a header of 24 bytes, then 16 before each packet."""
    capture = (PROJECT / program / "wire.pcap").read_bytes()
    position = 24
    while position < len(capture):
        _, _, length, _ = struct.unpack_from("<4I", capture, position)
        position += 16
        yield capture[position + 14 : position + length]  # the first 14 are Ethernet's
        position += length


# The bytes of a datagram: four in a row, as the RFCs draw a header.


def number(data):
    return int.from_bytes(data, "big")


def address(data):
    return ".".join(str(byte) for byte in data)


IP = [  # RFC 791: the name of a field, its first byte, the byte after its last, what it says
    ("Version, IHL", 0, 1, lambda field: f"{field[0] >> 4}, {field[0] & 15}×4"),
    ("Type of Service", 1, 2, number),
    ("Total Length", 2, 4, lambda field: f"{number(field)} = 20 + 8 + {number(field) - 28}"),
    ("Identification", 4, 6, number),
    ("Flags, Fragment Offset", 6, 8, {b"\x40\x00": "DF, 0"}.get),
    ("Time to Live", 8, 9, number),
    ("Protocol", 9, 10, {b"\x11": "17 UDP"}.get),
    ("Header Checksum", 10, 12, lambda field: ""),
    ("Source Address", 12, 16, address),
    ("Destination Address", 16, 20, address),
]
UDP = [  # RFC 768
    ("Source Port", 20, 22, number),
    ("Destination Port", 22, 24, number),
    ("Length", 24, 26, lambda field: f"{number(field)} = 8 + {number(field) - 8}"),
    ("Checksum", 26, 28, lambda field: ""),
]
LEFT, BYTE, ROW = 104, 152, 62


def datagram(program, encoding, names):
    """The first datagram of a capture. `names` are those of the fields that colons separate."""
    packet = next(packets(program))
    picture, top = Picture(), 8
    for group, fields in [("IP", IP), ("UDP", UDP)]:
        first_of_group, end_of_group = fields[0][1], fields[-1][2]
        heading(picture, top, group, end_of_group - first_of_group)
        for name, first, end, meaning in fields:
            x, y = LEFT + first % 4 * BYTE, top + (first - first_of_group) // 4 * ROW
            width = (end - first) * BYTE
            picture.box(x, y, width, ROW, "header")
            picture.text(x + 8, y + 26, packet[first:end].hex(" "), "code")
            picture.text(x + width - 8, y + 26, meaning(packet[first:end]), "end bold accent")
            picture.text(x + 8, y + 51, name, "small")
        top += (end_of_group - first_of_group) // 4 * ROW + 14
    pseudo_header = packet[12:20] + b"\0" + packet[9:10] + packet[24:26]
    if packet[26:28] == ones_complement_sum(pseudo_header):
        # The kernel leaves the rest to a network card, and loopback has none.
        picture.text(WIDTH - 16, top - 50, "伪首部 pseudo header", "end small accent")

    text = packet[28:].decode(encoding)
    heading(picture, top, "data", len(packet) - 28)
    for name, field in zip(names, text.split(":", len(names) - 1)):
        x = LEFT
        for character in field if name == names[-1] else field + ":":
            data = character.encode(encoding)
            width = 48 * len(data)
            picture.box(x, top, width, ROW, "data" if character != ":" else "")
            picture.text(x + width // 2, top + 26, character, "bold middle")
            picture.text(x + width // 2, top + 52, data.hex(" "), "code middle")
            x += width
        picture.text(x + 12, top + 38, name, "small")
        top += ROW + 8
    return picture.svg(top + 2)


def heading(picture, top, name, length):
    picture.text(8, top + 26, name, "bold")
    picture.text(8, top + 51, f"{length} bytes", "small")


def ones_complement_sum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    return struct.pack("!H", (total & 0xFFFF) + (total >> 16))


# The ladder of a connection.


def state_sent(state, flags):
    """The state of a side that has sent a segment (RFC 9293, figure 5)."""
    if "RST" in flags:
        return "CLOSED"
    if "FIN" in flags:
        return {"ESTABLISHED": "FIN_WAIT_1", "CLOSE_WAIT": "LAST_ACK"}[state]
    return "SYN_SENT" if flags == ["SYN"] else state


def states_received(state, flags, fin_acknowledged):
    """The state of a side when a segment has arrived, after the one that it has passed, if any."""
    states = [state]
    if "RST" in flags:
        states.append("CLOSED")
    elif state == "LISTEN":
        states.append("SYN_RCVD")
    elif state in ("SYN_SENT", "SYN_RCVD"):
        states.append("ESTABLISHED")
    elif fin_acknowledged and state in ("FIN_WAIT_1", "LAST_ACK"):
        states.append({"FIN_WAIT_1": "FIN_WAIT_2", "LAST_ACK": "CLOSED"}[state])
    if "FIN" in flags:
        states.append({"ESTABLISHED": "CLOSE_WAIT", "FIN_WAIT_2": "TIME_WAIT"}[states[-1]])
    return states[1:]


FLAGS = ["FIN", "SYN", "RST", "PSH", "ACK"]  # from the lowest bit
TOP = 68  # where the lifelines begin


class Side:
    """The client or the server: its lifeline, and the states written beside it."""

    def __init__(self, picture, x, direction, name, port, state):
        self.picture, self.x, self.direction, self.state = picture, x, direction, state
        self.first_seq, self.fin_seq, self.changed = 0, None, TOP
        picture.text(x, 24, name, "bold middle")
        picture.text(x, 50, f"127.0.0.1:{port}", "code middle")
        self.label(86, state)

    def label(self, y, text):
        anchor = "end" if self.direction < 0 else ""
        self.picture.text(self.x + 12 * self.direction, y, text, f"{anchor} code bold accent small")

    def enter(self, states, y):
        """Goes through the states at the height `y`."""
        for line, state in enumerate(states):
            if state != self.state:
                self.live(y)
                self.label(y + 6 + 22 * line, state)
                self.state = state

    def live(self, y):
        """Draws the life in one state, which ends at `y`: TIME_WAIT is dashed, CLOSED is none."""
        if self.state != "CLOSED" or self.changed == TOP:
            style = "life wait" if self.state == "TIME_WAIT" else "life"
            self.picture.path(f"M{self.x} {self.changed}V{y}", style)
        self.changed = y


def ladder(program):
    """The connection of a capture, with the numbers counted from each side's first."""
    picture, sides, y = Picture(), {}, TOP + 8
    for packet in packets(program):
        tcp = packet[20:]
        source, destination, seq, ack, offset, bits, window = struct.unpack("!HHIIBBH", tcp[:16])
        length = number(packet[2:4]) - 20 - (offset >> 4) * 4
        flags = [name for bit, name in enumerate(FLAGS) if bits >> bit & 1]
        if not sides:
            sides[source] = Side(picture, 150, -1, "客户端 client", source, "CLOSED")
            sides[destination] = Side(picture, 570, 1, "服务器 server", destination, "LISTEN")
        sender, receiver = sides[source], sides[destination]

        if "SYN" in flags:
            sender.first_seq = seq
        seq, ack = seq - sender.first_seq, ack - receiver.first_seq
        label = " ".join(flags) + f" seq {seq}" + (f":{seq + length}" if length else "")
        label += f" ack {ack}" if "ACK" in flags else ""
        label += " win 0" if window == 0 else ""
        if "FIN" in flags:
            sender.fin_seq = seq + length
        sender.enter([state_sent(sender.state, flags)], y + 28)
        fin_acknowledged = receiver.fin_seq is not None and ack > receiver.fin_seq
        receiver.enter(states_received(receiver.state, flags, fin_acknowledged), y + 40)
        style = "reset" if "RST" in flags else ""
        classes = "code middle bold" if {"SYN", "FIN", "RST"} & set(flags) else "code middle"
        picture.text(WIDTH // 2, y + 20, label, classes)
        tail, tip = sender.x - 3 * sender.direction, receiver.x - 3 * receiver.direction
        line = f"M{tail} {y + 28}L{tip + 14 * sender.direction} {y + 39.6}"
        picture.path(line + f"M{tip} {y + 40}l{14 * sender.direction} -6.4v12z", style)
        y += 48
    for side in sides.values():
        if side.state == "TIME_WAIT":
            side.label(side.changed + 50, "2MSL")
        side.live(y + 20)
    return picture.svg(y + 28)


FEIQ = ["版本 version", "包编号 packet number", "用户名 user name", "主机名 host name"]
FEIQ += ["命令 command", "内容 text (GBK)"]
PICTURES = {
    "udp-client/datagram.svg": lambda: datagram("udp-client", "utf-8", ["UTF-8"]),
    "feiq-sender/datagram.svg": lambda: datagram("feiq-sender", "gbk", FEIQ),
    "tcp-client/ladder.svg": lambda: ladder("tcp-client"),
    "tcp-echo-server/ladder.svg": lambda: ladder("tcp-echo-server"),
    "file-client/ladder.svg": lambda: ladder("file-client"),
    "file-server/ladder.svg": lambda: ladder("file-server"),
}

if __name__ == "__main__":
    directory = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT
    for name, draw in PICTURES.items():
        (directory / name).parent.mkdir(exist_ok=True)
        (directory / name).write_bytes(draw().encode())
