//! Echoes: `tcp-echo-server`, and its example `many_clients`, beside `socat`, `ncat` and Python.

use std::io::{self, Write};
use std::thread;
use std::time::Instant;
use testing::bench::*;

const PYTHON_THREADS: &str = "
import socketserver
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(16384):
            self.request.sendall(data)
socketserver.ThreadingTCPServer.request_queue_size = 128
socketserver.ThreadingTCPServer(('127.0.0.1', {port}), Echo).serve_forever()
";

const ADDRESS: &str = "127.0.0.1:{port}";
const LISTEN: &str = "TCP-LISTEN:{port},bind=127.0.0.1,fork,backlog=128";

fn main() {
    let script = &script("tcp_echo_server.py", "10050");
    let ours = env!("CARGO_BIN_EXE_tcp-echo-server");
    let many_clients = testing::example("tcp-echo-server", "many_clients");
    let many_clients = &many_clients.to_string_lossy();
    let for_one = &[
        Server { name: "tcp-echo-server", words: &[ours, ADDRESS] },
        Server { name: "socat -b 1024 … PIPE", words: &["socat", "-b1024", LISTEN, "PIPE"] },
        Server {
            name: "ncat -e /bin/cat",
            words: &["ncat", "-l", "127.0.0.1", "{port}", "-e", "/bin/cat"],
        },
        Server { name: "the script", words: &["python3", "-c", script] },
    ];
    let for_many = &[
        Server { name: "many_clients", words: &[many_clients, ADDRESS] },
        Server { name: "socat -b 16384 … PIPE", words: &["socat", "-b16384", LISTEN, "PIPE"] },
        Server { name: "Python, a thread for each", words: &["python3", "-c", PYTHON_THREADS] },
    ];
    let ascii = "The way that can be told is not\n".repeat(2048).into_bytes();
    let chinese = common::gbk::encode(&"道可道，非常道；名可名，非常名。".repeat(2048));
    let contents = [(", ASCII", ascii), (", Chinese in GBK", chinese.unwrap_or_default())];
    let columns = ["MiB/s", "server, MiB"];

    section("Echo");
    let groups = contents
        .each_ref()
        .map(|(case, block)| group(for_one, case, |server| throughput(server, block)));
    compare("One client, 64 KiB writes", &columns, groups.into());
    let trips = ["median, µs", "99 %, µs", "server, MiB"];
    compare("One client, round trip of 64 bytes", &trips, vec![group(for_one, "", round_trips)]);
    let groups = [1, 10, 100, 1000]
        .map(|count| group(for_many, &format!(", {count}"), move |server| many(server, count)));
    compare("Many clients at once, 16 KiB writes", &columns, groups.into());
}

/// Sends and receives 64 MiB at the same time.
fn throughput(server: &Process, block: &[u8]) -> Figures {
    let socket = connect(server.port)?;
    let mut sender = socket.try_clone()?;
    let times = (64 << 20) / block.len();
    let begin = Instant::now();
    thread::scope(|scope| {
        let send = move || (0..times).try_for_each(|_| sender.write_all(block));
        thread::Builder::new().spawn_scoped(scope, send)?;
        (0..times).try_for_each(|_| expect(&socket, block))
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    Ok(vec![64.0 / seconds, server.memory().unwrap_or(f64::NAN)])
}

/// One message at a time: send, wait for the echo, send the next.
fn round_trips(server: &Process) -> Figures {
    let mut socket = connect(server.port)?;
    socket.set_nodelay(true)?;
    let mut times = vec![];
    for trip in 0..5_000 {
        let begin = Instant::now();
        socket.write_all(&[trip as u8; 64])?;
        expect(&socket, &[trip as u8; 64])?;
        times.push(begin.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    let memory = server.memory().unwrap_or(f64::NAN);
    Ok(vec![times[times.len() / 2], times[times.len() * 99 / 100], memory])
}

/// 64 MiB for all clients together. Each sends three writes ahead of the echo: more fill the pipe of
/// `socat`, which then waits for itself.
fn many(server: &Process, count: usize) -> Figures {
    let client = |number| {
        let mut socket = connect(server.port)?;
        let block = [number as u8; 16 * 1024];
        socket.write_all(&block[..1])?;
        expect(&socket, &block[..1])?; // so it has been accepted
        Ok((socket, block))
    };
    let writes = 4096 / count;
    let clients = (0..count).map(client).collect::<io::Result<_>>()?;
    at_once(server, clients, (writes * count) as f64 / 64.0, &|(mut socket, block)| {
        (0..3).try_for_each(|_| socket.write_all(&block))?;
        for _ in 3..writes {
            expect(&socket, &block)?;
            socket.write_all(&block)?;
        }
        (0..3).try_for_each(|_| expect(&socket, &block))
    })
}
