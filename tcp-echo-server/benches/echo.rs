//! Echoes: `tcp-echo-server` beside `socat`, `ncat` and a Python peer.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};
use testing::bench::{
    Contender, Figures, Measured, compare, connect_when_ready, free_port, installed,
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

fn main() {
    compare("Echo: throughput, 64 KiB writes", contenders(throughput));
    compare("Echo: round trip of 64 bytes", contenders(round_trip));
}

fn contenders(work: fn(TcpStream) -> Result<Figures, String>) -> Vec<Contender<'static>> {
    let contender = move |name: &str, tool: &'static str, arguments: fn(u16) -> Vec<String>| {
        Contender::new(name, move || {
            if tool != SERVER {
                installed(tool)?;
            }
            let port = free_port();
            let server = Measured::start(Command::new(tool).args(arguments(port)))?;
            let mut figures = work(connect_when_ready(([127, 0, 0, 1], port).into())?)?;
            figures.push(("server, MiB", server.peak()));
            Ok(figures)
        })
    };
    vec![
        contender("tcp-echo-server", SERVER, |port| {
            vec![format!("127.0.0.1:{port}")]
        }),
        contender("socat -b 4096 … PIPE", "socat", |port| {
            // A larger block can fill the pipe, and then socat waits for itself.
            let listen = format!("TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr");
            vec!["-b".into(), "4096".into(), listen, "PIPE".into()]
        }),
        contender("ncat --exec /bin/cat", "ncat", |port| {
            ["-l", "127.0.0.1", &port.to_string(), "--exec", "/bin/cat"]
                .map(String::from)
                .into()
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

/// One message at a time: send, wait for the echo, send the next.
fn round_trip(mut socket: TcpStream) -> Result<Figures, String> {
    socket.set_nodelay(true).unwrap();
    let mut times = Vec::with_capacity(TRIPS);
    for trip in 0..TRIPS {
        let message = [trip as u8; TRIP];
        let mut echo = [0; TRIP];
        let begin = Instant::now();
        socket
            .write_all(&message)
            .map_err(|error| error.to_string())?;
        socket
            .read_exact(&mut echo)
            .map_err(|error| error.to_string())?;
        times.push(begin.elapsed().as_secs_f64() * 1e6);
        if echo != message {
            return Err("the echo differs".into());
        }
    }
    times.sort_by(f64::total_cmp);
    Ok(vec![
        ("median, µs", times[TRIPS / 2]),
        ("99 %, µs", times[TRIPS * 99 / 100]),
    ])
}
