//! Downloads: `file-server` and `file-client` beside `nc`, `socat` and Python peers.

#![allow(
    clippy::disallowed_macros,
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a benchmark that cannot go on may panic"
)]

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use testing::address_in;
use testing::bench::{
    Contender, Figures, Measured, compare, compare_clients, compare_often, connect_when_ready,
    directory_in_memory, free_port, installed, section,
};

const SERVER: &str = env!("CARGO_BIN_EXE_file-server");
const MIB: u64 = 1 << 20;

/// Works as the document's server does: the whole file at once, one client after the other.
const PYTHON_SERVER: &str = "
import socket, sys
with socket.create_server(('127.0.0.1', int(sys.argv[1])), backlog=128) as server:
    while True:
        client, _ = server.accept()
        name = client.recv(1024)
        if name:
            with open(sys.argv[2] + '/' + name.decode(), 'rb') as file:
                content = file.read()
            print(content)
            client.sendall(content)
        client.close()
";

/// Works as the document's client does: 1,024 bytes at a time, and a line for each.
const PYTHON_CLIENT: &str = "
import socket, sys, time
while True:
    try:
        client = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
        break
    except ConnectionRefusedError:
        time.sleep(0.002)
client.sendall(sys.argv[2].encode())
with open(sys.argv[3], 'wb') as file:
    while data := client.recv(1024):
        print('got data')
        file.write(data)
";

fn main() {
    let directory = directory_in_memory();
    let directory = directory.path();
    fs::create_dir(directory.join("target")).unwrap();
    let client = testing::sibling("file-client");
    for (name, mebibytes) in [("512", 512), ("32", 32), ("1", 1)] {
        make(directory, name, mebibytes);
    }
    section("Download");
    one_client(directory, &client);
    resumed(directory, &client);
    fs::remove_file(directory.join("512")).unwrap();
    growing(directory, &client);
    compare_clients("Many clients at once, 1 MiB each", |count| clients_at_once(directory, count));
}

/// Fills the file `name` with bytes that no compression shrinks.
fn make(directory: &Path, name: &str, mebibytes: u64) {
    let mut random = noise();
    let mut file = File::create(directory.join(name)).unwrap();
    for _ in 0..mebibytes {
        file.write_all(&random(MIB as usize)).unwrap();
    }
}

fn one_client(directory: &Path, client: &Path) {
    let ours = |name: &'static str| {
        Contender::new(format!("file-server + file-client, {name} MiB"), move || {
            let (server, address) = start_ours(directory)?;
            let (client, time) = download(client, address, directory, name)?;
            let figures = figures(time, directory, name)?;
            Ok(with_memory(figures, server, client))
        })
    };
    compare_often(
        15, // half a gibibyte in memory is at the mercy of what else is in it
        "One client",
        vec![
            ours("512"),
            Contender::new("nc, 512 MiB", || nc_pair(directory, "512")),
            Contender::new("socat -b 262144, 512 MiB", || socat_pair(directory, "512")),
            ours("32"),
            Contender::new("Python as in the document, 32 MiB", || python_pair(directory, "32")),
        ],
    );
}

fn resumed(directory: &Path, client: &Path) {
    let resumable_server = testing::example("file-server", "resumable_server");
    let resumable = testing::example("file-client", "resumable");
    compare_often(
        15,
        "512 MiB that were cut off in the middle",
        vec![
            Contender::new("resumable, from the middle", || {
                timed(directory, &resumable_server, &resumable, true)
            }),
            Contender::new("resumable, from the beginning", || {
                timed(directory, &resumable_server, &resumable, false)
            }),
            Contender::new("file-server + file-client", || {
                timed(directory, Path::new(SERVER), client, false)
            }),
        ],
    );
}

/// Downloads 512 MiB; with `begun`, the first half of it is there already.
fn timed(directory: &Path, server: &Path, client: &Path, begun: bool) -> Result<Figures, String> {
    let (_server, address) = start(server, directory)?;
    if begun {
        let breaks_in_the_middle = testing::relay(address, &[256 * MIB]);
        let cut = download(client, breaks_in_the_middle, directory, "512");
        assert!(cut.is_err(), "it was not cut off");
    }
    let (_, time) = download(client, address, directory, "512")?;
    figures(time, directory, "512")?;
    Ok(vec![("seconds", time.as_secs_f64())])
}

fn growing(directory: &Path, client: &Path) {
    let sizes = [("1", 1), ("16", 16), ("128", 128), ("1024", 1024)];
    for (name, mebibytes) in sizes {
        make(directory, name, mebibytes);
    }
    let contenders = sizes.map(|(name, _)| {
        Contender::new(format!("{name} MiB"), move || {
            let (server, address) = start_ours(directory)?;
            let (client, time) = download(client, address, directory, name)?;
            let mut all = vec![("seconds", time.as_secs_f64())];
            all.extend(figures(time, directory, name)?);
            Ok(with_memory(all, server, client))
        })
    });
    compare("How the time grows", contenders.into());
    fs::remove_file(directory.join("1024")).unwrap();
}

fn clients_at_once(directory: &Path, count: usize) -> Vec<Contender<'_>> {
    vec![
        Contender::new("file-server", move || {
            let (server, address) = start_ours(directory)?;
            let figures = many(count, address, directory, b"1")?;
            Ok(with_server_memory(figures, server))
        }),
        Contender::new("socat -b 262144, a process for each", move || {
            let (server, address) = start_socat(&directory.join("1"))?;
            let figures = many(count, address, directory, b"")?;
            Ok(with_server_memory(figures, server))
        }),
        Contender::new("Python as in the document", move || {
            let (server, address) = start_python(directory)?;
            let figures = many(count, address, directory, b"1")?;
            Ok(with_server_memory(figures, server))
        }),
    ]
}

/// Runs a client of ours to its end, and tells how long it took.
fn download(
    client: &Path,
    address: SocketAddr,
    directory: &Path,
    name: &str,
) -> Result<(Measured, Duration), String> {
    let begin = Instant::now();
    let mut command = Command::new(client);
    command.args([&address.to_string(), name]).current_dir(directory.join("target"));
    let mut client = Measured::start(&mut command)?;
    client.wait()?;
    Ok((client, begin.elapsed()))
}

/// Bytes that no compression shrinks, and the same ones in every run.
fn noise() -> impl FnMut(usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move |length| {
        let mut bytes = Vec::with_capacity(length);
        while bytes.len() < length {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.extend_from_slice(&state.to_le_bytes());
        }
        bytes
    }
}

fn start_ours(directory: &Path) -> Result<(Measured, SocketAddr), String> {
    start(Path::new(SERVER), directory)
}

fn start(server: &Path, directory: &Path) -> Result<(Measured, SocketAddr), String> {
    let mut command = Command::new(server);
    command.arg("127.0.0.1:0").arg(directory);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut server = Measured::start_as_is(&mut command)?;
    let mut notes = BufReader::new(server.child().stderr.take().unwrap());
    let mut line = String::new();
    let read = notes.read_line(&mut line);
    read.map_err(|error| error.to_string())?;
    // The rest is read as well, so that the server never waits for it.
    thread::spawn(move || std::io::copy(&mut notes, &mut std::io::sink()));
    let address = address_in(&line).ok_or(format!("no address in {line:?}"))?;
    Ok((server, address))
}

fn start_python(directory: &Path) -> Result<(Measured, SocketAddr), String> {
    installed("python3")?;
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let mut command = Command::new("python3");
    command.args(["-c", PYTHON_SERVER, &address.port().to_string()]).arg(directory);
    let server = Measured::start(&mut command)?;
    drop(connect_when_ready(address)?);
    Ok((server, address))
}

/// Sends `file` to whoever connects, with a process for each.
fn start_socat(file: &Path) -> Result<(Measured, SocketAddr), String> {
    installed("socat")?;
    let port = free_port();
    let listen = format!("TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr,fork,backlog=128");
    let open = format!("OPEN:{},rdonly", file.display());
    let mut command = Command::new("socat");
    command.args(["-b", "262144", "-U", &listen, &open]);
    let server = Measured::start(&mut command)?;
    Ok((server, ([127, 0, 0, 1], port).into()))
}

fn nc_pair(directory: &Path, name: &str) -> Result<Figures, String> {
    installed("nc")?;
    let port = free_port().to_string();
    let mut sender = Command::new("nc");
    sender.args(["-l", "-N", "127.0.0.1", &port]);
    let mut receiver = Command::new("nc");
    receiver.args(["-d", "127.0.0.1", &port]);
    pair(directory, name, sender, receiver)
}

fn socat_pair(directory: &Path, name: &str) -> Result<Figures, String> {
    installed("socat")?;
    let port = free_port();
    let listen = format!("TCP-LISTEN:{port},bind=127.0.0.1,reuseaddr");
    let mut sender = Command::new("socat");
    sender.args(["-b", "262144", "-u", "-", &listen]);
    let mut receiver = Command::new("socat");
    receiver.args(["-b", "262144", "-u", &format!("TCP:127.0.0.1:{port}"), "-"]);
    pair(directory, name, sender, receiver)
}

/// A sender whose standard input is the file, and a receiver whose standard output becomes one.
fn pair(
    directory: &Path,
    name: &str,
    mut sender: Command,
    mut receiver: Command,
) -> Result<Figures, String> {
    let target = directory.join("target").join(name);
    let source = File::open(directory.join(name)).unwrap();
    sender.stdin(source).stdout(Stdio::null()).stderr(Stdio::null());
    let server = Measured::start_as_is(&mut sender)?;
    // It serves one connection only, so it cannot be asked whether it listens by making one.
    thread::sleep(Duration::from_millis(150));
    receiver.stdin(Stdio::null()).stdout(File::create(&target).unwrap()).stderr(Stdio::null());
    let begin = Instant::now();
    let mut client = Measured::start_as_is(&mut receiver)?;
    client.wait()?;
    let figures = figures(begin.elapsed(), directory, name)?;
    Ok(with_memory(figures, server, client))
}

fn python_pair(directory: &Path, name: &str) -> Result<Figures, String> {
    let (server, address) = start_python(directory)?;
    let begin = Instant::now();
    let mut command = Command::new("python3");
    command
        .args(["-c", PYTHON_CLIENT, &address.port().to_string(), name])
        .arg(directory.join("target").join(name));
    let mut client = Measured::start(&mut command)?;
    client.wait()?;
    let figures = figures(begin.elapsed(), directory, name)?;
    Ok(with_memory(figures, server, client))
}

/// The throughput, if what has arrived is what was sent. The copy is deleted.
fn figures(time: Duration, directory: &Path, name: &str) -> Result<Figures, String> {
    let copy = directory.join("target").join(name);
    let mut sent = File::open(directory.join(name)).unwrap();
    let mut received = File::open(&copy).unwrap();
    let length = sent.metadata().unwrap().len();
    let (mut one, mut other) = (vec![0; MIB as usize], vec![0; MIB as usize]);
    if received.metadata().unwrap().len() != length {
        return Err("not all bytes arrived".into());
    }
    for _ in 0..length / MIB {
        sent.read_exact(&mut one).unwrap();
        received.read_exact(&mut other).unwrap();
        if one != other {
            return Err("other bytes arrived".into());
        }
    }
    fs::remove_file(copy).unwrap();
    Ok(vec![("MiB/s", length as f64 / MIB as f64 / time.as_secs_f64())])
}

fn with_memory(mut figures: Figures, server: Measured, client: Measured) -> Figures {
    figures.push(("server, MiB", server.peak()));
    figures.push(("client, MiB", client.peak()));
    figures
}

fn with_server_memory(mut figures: Figures, server: Measured) -> Figures {
    figures.push(("server, MiB", server.peak()));
    figures
}

/// `count` clients at once, each of which asks with `request` and must get all of the file `1`.
fn many(
    count: usize,
    address: SocketAddr,
    directory: &Path,
    request: &'static [u8],
) -> Result<Figures, String> {
    let expected = fs::read(directory.join("1")).unwrap();
    drop(connect_when_ready(address)?);
    let begin = Instant::now();
    let wrong = thread::scope(|scope| {
        let clients: Vec<_> = (0..count)
            .map(|_| {
                let expected = &expected;
                let download = move || {
                    let mut socket = connect_when_ready(address).ok()?;
                    socket.write_all(request).ok()?;
                    let mut buffer = vec![0; 64 * 1024];
                    let mut rest = &expected[..];
                    loop {
                        let length = socket.read(&mut buffer).ok()?;
                        if length == 0 {
                            return rest.is_empty().then_some(());
                        }
                        rest = rest.strip_prefix(&buffer[..length])?;
                    }
                };
                scope.spawn(download)
            })
            .collect();
        clients.into_iter().map(|client| client.join().unwrap()).filter(Option::is_none).count()
    });
    if wrong > 0 {
        return Err(format!("{wrong} of {count} downloads were not whole"));
    }
    Ok(vec![("MiB/s", count as f64 / begin.elapsed().as_secs_f64())])
}
