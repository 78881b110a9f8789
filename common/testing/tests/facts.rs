//! What the sheets say of the kernel and no screen of theirs shows, seen in a kernel: that of Linux.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::process::Command;
use testing::{Program, python};

/// Compares what Python prints in a network of its own, of one interface with the MTU of Ethernet.
/// Where there may be no such network, this passes over it, but under CI.
#[track_caller]
fn check(code: &str, expected: &str) {
    let network = |way: &&str| {
        let mut command = Command::new(way.split(' ').next().unwrap());
        command.args(way.split(' ').skip(1));
        command
    };
    let is_allowed =
        |way: &&&str| network(way).arg("true").output().is_ok_and(|it| it.status.success());
    let way = ["unshare -rn", "sudo -n unshare -n"].iter().find(is_allowed).map(network);
    let (Some(mut command), Some(python)) = (way, python()) else {
        assert!(std::env::var_os("CI").is_none(), "no network namespace");
        return;
    };
    command.args(["sh", "-c", "ip link set lo mtu 1500 up && exec \"$0\" -c \"$1\""]);
    command.arg(python.get_program()).arg(BEGIN.to_owned() + code);
    let ended = Program::spawn(command).end();
    assert_eq!(ended.out, expected, "{ended:?}");
}

const BEGIN: &str = "
import errno, os, select, socket, time
here = ('127.0.0.1', 0)
one, other = socket.socket(2, 2), socket.socket(2, 2) # UDP
one.bind(here)
def state(client): return client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 12)
def queued(backlog):
    server = socket.create_server(here, backlog=backlog)
    clients = [socket.socket() for _ in range(backlog + 2)]
    for client in clients:
        client.setblocking(False)
        client.connect_ex(server.getsockname())
    for client in clients[:-1]: select.select([], [client], [], 20)
    return server, clients
";

/// tcp-echo-server: the queue of connections takes one more than the backlog; the next one is not
/// refused (2 is SYN-SENT, 1 ESTABLISHED).
#[test]
fn one_more_than_the_backlog_can_wait() {
    let code = "
for backlog in 0, 1, 128:
    server, clients = queued(backlog)
    print(backlog, [state(client)[0] for client in clients].count(1), state(clients[-1])[0])";
    check(code, "0 1 2\n1 2 2\n128 129 2\n");
}

/// tcp-client: since Linux 6.5 the first repetitions of a SYN are a second apart; before, each pause is
/// twice the last one.
#[test]
fn the_first_repetitions_of_a_syn_are_a_second_apart() {
    let code = "
server, clients = queued(0)
while (info := state(clients[-1]))[2] < 2: time.sleep(0.05)
try: linear = int(open('/proc/sys/net/ipv4/tcp_syn_linear_timeouts').read()) > 1
except FileNotFoundError: linear = False
print(int.from_bytes(info[8:], 'little') == (1_000_000 if linear else 4_000_000))";
    check(code, "True\n");
}

/// udp-client: how many fragments a datagram takes on Ethernet. (`FragCreates` of RFC 4293.)
#[test]
fn the_longest_datagram_is_45_fragments() {
    let code = "
def fragments():
    names, values = [line.split() for line in open('/proc/net/snmp') if line.startswith('Ip:')]
    return int(values[names.index('FragCreates')])
for length in 1472, 1473, 60000, 65507:
    before = fragments()
    other.sendto(bytes(length), one.getsockname())
    print(length, len(one.recv(65535)), fragments() - before)";
    check(code, "1472 1472 0\n1473 1473 2\n60000 60000 41\n65507 65507 45\n");
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
print(all > 4 * 100, used() * 4 == all * 3)";
    check(code, "True True\n");
}

/// tcp-client: what a `connect` fails of: nobody listens, no route, no such host in this network.
#[test]
fn a_connect_fails_in_several_ways() {
    let code = "
def fails(*address):
    with socket.socket() as client: print(errno.errorcode[client.connect_ex(address)])
fails('127.0.0.1', 9)
fails('192.0.2.1', 9)
os.system('ip link add v0 type veth peer v1 && ip addr add 192.0.2.2/24 dev v0'
          ' && ip link set v0 up && ip link set v1 up')
fails('192.0.2.1', 9)";
    check(code, "ECONNREFUSED\nENETUNREACH\nEHOSTUNREACH\n");
}
