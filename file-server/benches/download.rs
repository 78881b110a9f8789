//! Downloads: `file-server` and `file-client` beside `nc`, `socat` and the scripts.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Instant;
use testing::bench::*;

const ADDRESS: &str = "127.0.0.1:{port}";
const LISTEN: &str = "TCP-LISTEN:{port},bind=127.0.0.1,fork,backlog=128";
const NC: &[&str] = &["nc", "-l", "-N", "127.0.0.1", "{port}"];
const NC_CLIENT: &[&str] = &["sh", "-c", "exec nc -d 127.0.0.1 {port} > 512"];
const SOCAT: &[&str] = &["socat", "-b262144", "-u", "OPEN:512,rdonly", LISTEN];
const SOCAT_CLIENT: &[&str] = &["socat", "-b262144", "-u", "TCP:127.0.0.1:{port}", "CREATE:512"];

/// It takes the name of the file as well, and throws it away.
const MANY: &[&str] = &["socat", "-b262144", LISTEN, "OPEN:1,rdonly!!OPEN:/dev/null,wronly"];

fn main() -> io::Result<()> {
    let file_client = testing::sibling("file-client");
    let file_client = &*file_client.to_string_lossy();
    let input = "input = lambda _, lines=iter(['127.0.0.1', '{port}', '32']): next(lines)\n";
    let client = input.to_string() + &script("file_client.py", "6664");
    let server_script = script("file_server.py", "6664");
    let ours = &[env!("CARGO_BIN_EXE_file-server"), ADDRESS];
    let python = &["python3", "-c", &server_script];
    // In memory where that is possible: `file-client` waits for a disk, and others do not.
    let directory = testing::TempDir::new_in("/dev/shm").or_else(|_| testing::tempdir())?;
    std::env::set_current_dir(&directory)?;
    fs::create_dir("copies")?;
    for (name, mebibytes) in [("512", 512), ("32", 32), ("1", 1)] {
        fs::write(name, testing::sample(mebibytes << 20))?;
    }

    section("Download");
    let fetch = |file| download(file, ours, &[file_client, ADDRESS, file]);
    let large = vec![
        Contender::new("file-server + file-client, 512 MiB", || fetch("512")),
        Contender::new("nc, 512 MiB", || download("512", NC, NC_CLIENT)),
        Contender::new("socat -b 262144, 512 MiB", || download("512", SOCAT, SOCAT_CLIENT)),
    ];
    let small = vec![
        Contender::new("file-server + file-client, 32 MiB", || fetch("32")),
        Contender::new("the scripts, 32 MiB", || {
            download("32", python, &["python3", "-c", &client])
        }),
    ];
    compare("One client", &["MiB/s", "server, MiB", "client, MiB"], vec![large, small]);
    let servers = &[
        Server { name: "file-server", words: ours },
        Server { name: "socat -b 262144, a process for each", words: MANY },
        Server { name: "the script", words: python },
    ];
    let file = &fs::read("1")?;
    let groups = [1, 10, 100, 1000].map(|count| {
        group(servers, &format!(", {count}"), move |server| many(server, count, file))
    });
    compare("Many clients at once, 1 MiB each", &["MiB/s", "server, MiB"], groups.into());
    Ok(())
}

/// Downloads `file`. The server has it as its standard input too, for `nc`.
fn download(file: &str, server: &[&str], client: &[&str]) -> Figures {
    let server = Process::serve(server, File::open(file)?.into())?;
    let begin = Instant::now();
    let mut client = Process::start(command(client, server.port).current_dir("copies"))?;
    let [mut of_server, mut of_client] = [f64::NAN; 2];
    while let Some(memory) = client.memory() {
        of_client = memory;
        of_server = server.memory().unwrap_or(of_server);
        #[allow(clippy::disallowed_methods, reason = "the memory is looked at again and again")]
        thread::sleep(POLL);
    }
    let status = client.child.wait()?;
    let seconds = begin.elapsed().as_secs_f64();
    let (copy, mebibytes) = (Path::new("copies").join(file), file.parse::<f64>());
    if !status.success() || fs::read(file)? != fs::read(&copy)? {
        return Err(io::Error::other(format!("not the whole file; {status}")));
    }
    fs::remove_file(copy)?;
    Ok(vec![mebibytes.map_err(io::Error::other)? / seconds, of_server, of_client])
}

/// `count` clients at once, each of which must get all of the file `1`.
fn many(server: &Process, count: usize, file: &[u8]) -> Figures {
    at_once(server, (0..count).collect(), count as f64, &|_| {
        let mut socket = connect(server.port)?;
        socket.write_all(b"1")?;
        // In pieces: a thousand whole files would take a gibibyte here.
        file.chunks(64 * 1024).try_for_each(|piece| expect(&socket, piece))
    })
}
