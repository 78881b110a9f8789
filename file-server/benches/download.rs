//! Downloads: `file-server` and `file-client` beside `nc`, `socat` and the scripts.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::Path;
use std::thread;
use std::time::Instant;
use testing::bench::{
    Contender, Figures, POLL, Process, Server, at_once, command, compare, connect,
    directory_in_memory, expect, group, script, section,
};

const ADDRESS: &str = "127.0.0.1:{port}";
const LISTEN: &str = "TCP-LISTEN:{port},bind=127.0.0.1,fork,backlog=128";

const MIB: usize = 1 << 20;

fn main() -> io::Result<()> {
    let file_client = testing::sibling("file-client");
    let file_client = &*file_client.to_string_lossy();
    let answers =
        "answers = iter(['127.0.0.1', '{port}', '32'])\ninput = lambda _: next(answers)\n";
    let client_script = answers.to_string() + &script("file_client.py", "6664");
    let server_script = script("file_server.py", "6664");
    let ours = &[env!("CARGO_BIN_EXE_file-server"), ADDRESS];
    let python = &["python3", "-c", &server_script];
    let directory = directory_in_memory()?;
    std::env::set_current_dir(&directory)?;
    fs::create_dir("copies")?;
    for mebibytes in [512, 32, 1] {
        make(mebibytes)?;
    }

    section("Download");
    let large = vec![
        Contender::new("file-server + file-client, 512 MiB", || {
            download("512", ours, &[file_client, ADDRESS, "512"])
        }),
        Contender::new("nc, 512 MiB", || {
            let sender = ["nc", "-l", "-N", "127.0.0.1", "{port}"];
            download("512", &sender, &["nc", "-d", "127.0.0.1", "{port}"])
        }),
        Contender::new("socat -b 262144, 512 MiB", || {
            let sender = ["socat", "-b", "262144", "-u", "OPEN:512,rdonly", LISTEN];
            let receiver = ["socat", "-b", "262144", "-u", "TCP:127.0.0.1:{port}", "CREATE:512"];
            download("512", &sender, &receiver)
        }),
    ];
    let small = vec![
        Contender::new("file-server + file-client, 32 MiB", || {
            download("32", ours, &[file_client, ADDRESS, "32"])
        }),
        Contender::new("the scripts, 32 MiB", || {
            download("32", python, &["python3", "-c", &client_script])
        }),
    ];
    compare("One client", &["MiB/s", "server, MiB", "client, MiB"], vec![large, small]);

    let servers = &[
        Server { name: "file-server", words: ours },
        // It reads the name as well, and throws it away.
        Server {
            name: "socat -b 262144, a process for each",
            words: &["socat", "-b", "262144", LISTEN, "OPEN:1,rdonly!!OPEN:/dev/null,wronly"],
        },
        Server { name: "the script", words: python },
    ];
    let file = &fs::read("1")?;
    let groups = [1, 10, 100, 1000]
        .map(|count| group(servers, &format!(", {count}"), move |port| many(port, count, file)));
    compare("Many clients at once, 1 MiB each", &["MiB/s", "server, MiB"], groups.into());
    Ok(())
}

/// Makes a file of so many MiB, named after them, in which no eight bytes are like others.
fn make(mebibytes: usize) -> io::Result<()> {
    let numbers =
        (0..(mebibytes * MIB / 8) as u64).map(|at| at.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    fs::write(mebibytes.to_string(), numbers.flat_map(u64::to_le_bytes).collect::<Vec<u8>>())
}

/// Downloads `file`. `nc` reads and writes its standard streams; the others know the name.
fn download(file: &str, server: &[&str], client: &[&str]) -> Figures {
    let server = Process::serve(server, File::open(file)?.into())?;
    let copy = Path::new("copies").join(file);
    let mut command = command(client, server.port);
    command.current_dir("copies");
    if client[0] == "nc" {
        command.stdout(File::create(&copy)?);
    }
    let begin = Instant::now();
    let mut client = Process::start(&mut command)?;
    let [mut of_server, mut of_client] = [f64::NAN; 2];
    while let Some(memory) = client.memory() {
        of_client = memory;
        of_server = server.memory().unwrap_or(of_server);
        thread::sleep(POLL);
    }
    let status = client.child.wait()?;
    let seconds = begin.elapsed().as_secs_f64();
    if !status.success() || fs::read(file)? != fs::read(&copy)? {
        return Err(io::Error::other(format!("not the whole file; {status}")));
    }
    let mebibytes = copy.metadata()?.len() as f64 / MIB as f64;
    fs::remove_file(copy)?;
    Ok(vec![mebibytes / seconds, of_server, of_client])
}

/// `count` clients at once, each of which must get all of the file `1`.
fn many(port: u16, count: usize, file: &[u8]) -> Figures {
    let client = |_| {
        let mut socket = connect(port)?;
        socket.write_all(b"1")?;
        // In pieces: a thousand whole files would take a gibibyte here.
        file.chunks(MIB / 16).try_for_each(|piece| expect(&socket, piece))?;
        let rest = socket.read(&mut [0])?;
        if rest == 0 { Ok(()) } else { Err(ErrorKind::InvalidData.into()) }
    };
    let seconds = at_once((0..count).collect(), client)?;
    Ok(vec![count as f64 / seconds])
}
