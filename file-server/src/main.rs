//! Serves the files of one directory: every client sends a name and gets that file's bytes.
//!
//! What it shows: a server for many clients at once, one thread for each; what it must refuse
//! ([`Directory`]); and how a protocol without lengths can still tell a whole file from a broken one:
//! **peek first, consume last** ([`file_server::client`]). The client's name stays in the receive
//! queue until the last byte of the file is on its way, so whatever ends this program before, the
//! client sees a reset and not the end of a file.
//!
//! Mirrors `file_server.py`.

use common::{Context, Error, address, console};
use file_server::{Directory, OpenFile, Server};
use std::net::TcpListener;
use std::process::ExitCode;

/// Where to listen: the script's port, on every network interface (its `""`). The standard library
/// sets `SO_REUSEADDR` where that is safe, and a backlog of 128, as the script does itself.
const LISTEN: &str = "0.0.0.0:6664";

/// Which files to serve: those of the current directory, as the script does.
const DIRECTORY: &str = ".";

/// How many clients are served at the same time; the others wait in the backlog. Each takes a thread
/// and two file descriptors, of which a process often has 1,024.
const MAX_CLIENTS: usize = 500;

const HELP: &str = "\
用法：file-server [LISTEN [DIR]]

让客户端下载 DIR 里的文件。

  LISTEN  监听的地址，默认 0.0.0.0:6664
  DIR     目录，默认是当前目录

第一次 Ctrl-C 等正在进行的下载结束（最多 10 秒），第二次立即结束。

例如：file-server 6664 /srv/files
";

fn main() -> ExitCode {
    common::run(HELP, file_server)
}

/// `get_add()` of the script: shows the name and opens the file, or says that there is none.
fn get_file(directory: &Directory, name: &[u8]) -> Result<Option<OpenFile>, Error> {
    console::print_bytes(name)?;
    match directory.open_file(name) {
        Err(Error::Refused(reason)) => {
            console::print("你下载的文件不存在")?;
            console::note(reason);
            Ok(None)
        }
        Ok(file) => Ok(Some(file)),
        Err(error) => Err(error),
    }
}

/// `main()` of the script.
fn file_server([listen, directory]: [Option<String>; 2]) -> Result<(), Error> {
    let listen = address::local(listen, LISTEN)?;
    let directory = Directory::open(&directory.unwrap_or(DIRECTORY.into()))?;
    let listener = TcpListener::bind(listen).context(format!("监听 {listen}"))?;
    let listen = listener.local_addr().context("查询本机地址")?;
    let server = Server::new(listener, MAX_CLIENTS).stop_on_interrupt();
    console::note(format!("正在监听 {listen}，目录 {}", directory.name));

    loop {
        let client = server.accept();
        let directory = directory.clone(); // one for the thread of this client
        client.serve(move |client| {
            let name = client.peek_name()?;
            console::print_bytes(&name)?;
            if let Some(file) = get_file(&directory, &name)? {
                client.send_file(file)?;
            }
            client.consume_name()
        });
    }
}
