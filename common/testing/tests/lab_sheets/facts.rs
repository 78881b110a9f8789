//! What the sheets say of the kernel and no screen of theirs shows, seen in a kernel: that of Linux.

use std::process::Command;
use testing::{Program, python};

/// Compares what Python prints in a network of its own, of one interface with the MTU of Ethernet.
/// Where there may be no such network, this passes over it, but under CI.
#[track_caller]
fn check(code: &str, expected: &str) {
    let network = |way: &&str| {
        let mut words = way.split(' ');
        let mut command = Command::new(words.next().unwrap());
        command.args(words).args(["sh", "-c", "ip link set lo mtu 1500 up && exec \"$@\"", "sh"]);
        command
    };
    let works = |way: &&&str| network(way).arg("true").output().is_ok_and(|it| it.status.success());
    let way = ["unshare -rn", "unshare -n", "sudo -n unshare -n"].iter().find(works).map(network);
    let (Some(mut command), Some(python)) = (way, python()) else {
        assert!(std::env::var_os("CI").is_none(), "no network namespace");
        return;
    };
    command.arg(python.get_program()).arg("-c").arg(BEGIN.to_owned() + code);
    let ended = Program::spawn(command).end();
    assert_eq!(ended.out, expected, "{ended:?}");
}

/// `info`: 0 the state (1 ESTABLISHED, 2 SYN-SENT), 2 repetitions, 8 microseconds until the next, 12 how
/// many connections a listener has waiting. The alarm ends what is left when `sudo` is killed.
const BEGIN: &str = "
import errno, os, signal, socket, struct, time
signal.alarm(30)
here = ('127.0.0.1', 0)
one, other = socket.socket(2, 2), socket.socket(2, 2) # UDP
one.bind(here)
def info(tcp): return struct.unpack('8B5I', tcp.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 28))
def overfull(backlog):
    server, clients = socket.create_server(here, backlog=backlog), []
    for number in range(backlog + 2):
        while info(server)[12] < number: pass # one by one, or SYN cookies let more connect
        clients.append(socket.socket())
        clients[-1].setblocking(False)
        clients[-1].connect_ex(server.getsockname())
    return server, clients
def unanswered(client):
    while info(client)[2] < 2: time.sleep(0.05)
    return info(client)
";

/// tcp-echo-server: the queue of connections takes one more than the backlog; the next one is not
/// refused, and repeats its SYN.
#[test]
fn one_more_than_the_backlog_can_wait() {
    let code = "
for server, clients in [overfull(backlog) for backlog in (0, 1, 128)]:
    print(unanswered(clients[-1])[0], [info(client)[0] for client in clients].count(1))";
    check(code, "2 1\n2 2\n2 129\n");
}

/// tcp-client: since Linux 6.5 the first repetitions of a SYN are a second apart; after them, and in
/// Linux before, each pause is twice the last one.
#[test]
fn the_first_repetitions_of_a_syn_are_a_second_apart() {
    let code = "
server, clients = overfull(0)
seen = unanswered(clients[-1])
try: linear = int(open('/proc/sys/net/ipv4/tcp_syn_linear_timeouts').read())
except FileNotFoundError: linear = 0
print(seen[8] / 1_000_000 / 2 ** max(0, seen[2] - linear))";
    check(code, "1.0\n");
}

/// udp-client: how many fragments a datagram takes on Ethernet. (`FragCreates` of RFC 4293.)
#[test]
fn the_longest_datagram_is_45_fragments() {
    let code = "
def counted(name):
    names, values = [line.split() for line in open('/proc/net/snmp') if line.startswith('Ip:')]
    return int(values[names.index(name)])
for length in 1472, 1473, 60000, 65507:
    before = counted('FragCreates')
    other.sendto(bytes(length), one.getsockname())
    print(len(one.recv(65535)), counted('FragCreates') - before, counted('ReasmOKs'))";
    check(code, "1472 0 0\n1473 2 1\n60000 41 2\n65507 45 3\n");
}

/// udp-server: the receive queue counts memory, and each datagram taken gives back its share.
#[test]
fn the_receive_queue_counts_memory() {
    let code = "
def used():
    port = ':%04X ' % one.getsockname()[1]
    line = next(line for line in open('/proc/net/udp') if port in line)
    return int(line.split()[4].split(':')[1], 16)
for number in range(4):
    before = used()
    other.sendto(b'hello', one.getsockname())
    while used() == before: pass
all = used()
one.recv(9)
print(all > 4 * 100, used() * 4 == all * 3)
print(one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF))";
    let limit = std::fs::read_to_string("/proc/sys/net/core/rmem_default");
    let limit = limit.unwrap_or("212992\n".into()); // older kernels hide it in a container
    check(code, &format!("True True\n{limit}"));
}

/// tcp-client: what a `connect` fails of: nobody listens, no route, no such host in this network.
#[test]
fn a_connect_fails_in_several_ways() {
    let code = "
def fails(*address):
    with socket.socket() as client: print(errno.errorcode[client.connect_ex(address)])
fails(*one.getsockname())
fails('192.0.2.1', 9)
os.system('ip link add v0 type veth peer v1 && ip addr add 192.0.2.2/24 dev v0'
          ' && ip link set v0 up && ip link set v1 up')
fails('192.0.2.1', 9)";
    check(code, "ECONNREFUSED\nENETUNREACH\nEHOSTUNREACH\n");
}
