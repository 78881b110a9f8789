//! Echoes: `tcp-echo-server`, and its example `many_clients`, beside `socat`, `ncat` and Python
//! peers.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on may panic"
)]

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::Command;
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};
use testing::bench::{
    Contender, Figures, Measured, compare, compare_clients, connect_when_ready, free_port,
    installed, section,
};

const SERVER: &str = env!("CARGO_BIN_EXE_tcp-echo-server");

/// How many bytes make the throughput, in writes of this size.
const TOTAL: usize = 128 << 20;
const WRITE: usize = 64 * 1024;

/// The round trip: so many, of so many bytes.
const TRIPS: usize = 5_000;
const TRIP: usize = 64;

/// Works as the document's server does: 1,024 bytes at a time, each chunk printed.
const PYTHON: &str = "
import socket, sys
with socket.create_server(('127.0.0.1', int(sys.argv[1]))) as server:
    client, _ = server.accept()
    while data := client.recv(1024):
        client.sendall(data)
        print(data)
";

/// Many clients at once: how many bytes all of them exchange together, in writes of this size, and
/// how many of these a client sends ahead of the echo. (More would fill the pipe of `socat`, which
/// then waits for itself.)
const SHARED_TOTAL: usize = 64 << 20;
const SHARED_WRITE: usize = 16 * 1024;
const AHEAD: usize = 3;

/// A thread for each client, as a Python program would be written that serves many.
const PYTHON_THREADS: &str = "
import socketserver, sys
class Echo(socketserver.BaseRequestHandler):
    def handle(self):
        while data := self.request.recv(16384):
            self.request.sendall(data)
class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    request_queue_size = 128
Server(('127.0.0.1', int(sys.argv[1])), Echo).serve_forever()
";

fn main() {
    section("Echo");
    compare("One client, 64 KiB writes", contenders(throughput));
    compare("One client, round trip of 64 bytes", contenders(round_trip));
    let ours = testing::example("tcp-echo-server", "many_clients");
    let ours = ours.to_str().unwrap();
    compare_clients("Many clients at once, 16 KiB writes", |count| {
        contenders_for_many(ours, count)
    });
}

/// Starts `tool`, lets `work` use its port, and adds to the figures the memory it has used.
fn measure(
    tool: &str,
    arguments: &[&str],
    port: u16,
    work: impl FnOnce(SocketAddr) -> Result<Figures, String>,
) -> Result<Figures, String> {
    let server = Measured::start(Command::new(tool).args(arguments))?;
    let mut figures = work(([127, 0, 0, 1], port).into())?;
    figures.push(("server, MiB", server.peak()));
    Ok(figures)
}

fn contenders_for_many(ours: &str, count: usize) -> Vec<Contender<'_>> {
    vec![
        Contender::new("many_clients", move || {
            let port = free_port();
            let listen = format!("127.0.0.1:{port}");
            measure(ours, &[&listen], port, |address| many(count, address))
        }),
        Contender::new("socat -b 16384 … PIPE, a process for each", move || {
            installed("socat")?;
            let port = free_port();
            let listen = format!("TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,backlog=128");
            let arguments = ["-b", "16384", &listen, "PIPE"];
            measure("socat", &arguments, port, |address| many(count, address))
        }),
        Contender::new("Python, a thread for each", move || {
            installed("python3")?;
            let port = free_port();
            let arguments = ["-c", PYTHON_THREADS, &port.to_string()];
            measure("python3", &arguments, port, |address| many(count, address))
        }),
    ]
}

fn contenders(work: fn(TcpStream) -> Result<Figures, String>) -> Vec<Contender<'static>> {
    let contender = move |name: &str, tool: &'static str, arguments: fn(u16) -> Vec<String>| {
        Contender::new(name, move || {
            if tool != SERVER {
                installed(tool)?;
            }
            let port = free_port();
            let arguments = arguments(port);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            measure(tool, &arguments, port, |address| work(connect_when_ready(address)?))
        })
    };
    vec![
        contender("tcp-echo-server", SERVER, |port| vec![format!("127.0.0.1:{port}")]),
        contender("socat -b 4096 … PIPE", "socat", |port| {
            // A larger block can fill the pipe, and then socat waits for itself.
            let listen = format!("TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr");
            vec!["-b".into(), "4096".into(), listen, "PIPE".into()]
        }),
        contender("ncat --exec /bin/cat", "ncat", |port| {
            ["-l", "127.0.0.1", &port.to_string(), "--exec", "/bin/cat"].map(String::from).into()
        }),
        contender("Python as in the document", "python3", |port| {
            vec!["-c".into(), PYTHON.into(), port.to_string()]
        }),
    ]
}

/// Sends and receives at the same time; the echo must be what was sent.
fn throughput(mut socket: TcpStream) -> Result<Figures, String> {
    // One that stalls must not take a minute to be found out.
    let limit = Some(Duration::from_secs(10));
    socket.set_read_timeout(limit).unwrap();
    let block: Vec<u8> = (0..WRITE).map(|at| (at * 31 % 251) as u8).collect();
    let begin = Instant::now();
    thread::scope(|scope| {
        let mut sender = socket.try_clone().unwrap();
        let block = &block;
        scope.spawn(move || {
            for _ in 0..TOTAL / WRITE {
                if sender.write_all(block).is_err() {
                    return;
                }
            }
        });
        let mut echo = vec![0; WRITE];
        for _ in 0..TOTAL / WRITE {
            let result = socket.read_exact(&mut echo);
            if result.is_err() || &echo != block {
                let _ = socket.shutdown(Shutdown::Both); // ends the sender
                return Err("it stalls, or its echo differs".to_string());
            }
        }
        Ok(())
    })?;
    let mebibytes = TOTAL as f64 / f64::from(1 << 20);
    Ok(vec![("MiB/s", mebibytes / begin.elapsed().as_secs_f64())])
}

/// `count` clients at once. All are connected, and have been accepted, before the first one sends.
fn many(count: usize, address: SocketAddr) -> Result<Figures, String> {
    let ready = Barrier::new(count + 1);
    let writes = SHARED_TOTAL / SHARED_WRITE / count;
    let client = |number: usize| {
        let block = vec![number as u8; SHARED_WRITE];
        let send = |mut socket: &TcpStream, length| socket.write_all(&block[..length]).ok();
        let receive = |mut socket: &TcpStream, length| {
            let mut echo = vec![0; length];
            socket.read_exact(&mut echo).ok()?;
            (echo == block[..length]).then_some(())
        };
        let accepted = connect_when_ready(address).ok().filter(|socket| {
            let sent = send(socket, 1);
            sent.and_then(|()| receive(socket, 1)).is_some()
        });
        ready.wait();
        let socket = accepted?;
        for number in 0..writes + AHEAD {
            if number < writes {
                send(&socket, SHARED_WRITE)?;
            }
            if number >= AHEAD {
                receive(&socket, SHARED_WRITE)?;
            }
        }
        Some(())
    };
    let client = &client;
    thread::scope(|scope| {
        let clients: Vec<_> =
            (0..count).map(|number| scope.spawn(move || client(number))).collect();
        ready.wait();
        let begin = Instant::now();
        let served = clients.into_iter().map(|client| client.join().unwrap());
        let wrong = served.filter(Option::is_none).count();
        let seconds = begin.elapsed().as_secs_f64();
        if wrong > 0 {
            return Err(format!("{wrong} of {count} clients were not served"));
        }
        let mebibytes = (writes * SHARED_WRITE * count) as f64 / f64::from(1 << 20);
        Ok(vec![("MiB/s", mebibytes / seconds)])
    })
}

/// One message at a time: send, wait for the echo, send the next.
fn round_trip(mut socket: TcpStream) -> Result<Figures, String> {
    socket.set_nodelay(true).unwrap();
    let mut times = Vec::with_capacity(TRIPS);
    for trip in 0..TRIPS {
        let message = [trip as u8; TRIP];
        let mut echo = [0; TRIP];
        let begin = Instant::now();
        socket.write_all(&message).map_err(|error| error.to_string())?;
        socket.read_exact(&mut echo).map_err(|error| error.to_string())?;
        times.push(begin.elapsed().as_secs_f64() * 1e6);
        if echo != message {
            return Err("the echo differs".into());
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(vec![("median, µs", times[TRIPS / 2]), ("99 %, µs", times[TRIPS * 99 / 100])])
}
