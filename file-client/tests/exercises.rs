//! The checks of the exercise `resumable`, client's side. On your own `src/main.rs`:
//! `cargo test -p file-client --test exercises -- --ignored`

use std::fs;
use std::net::TcpListener;
use testing::exercise::{Check, Connection, Subject};
use testing::{TempDir, tempdir};

testing::exercise! {
    resumable: example "resumable" of "file-client" {
        a_cut_download_goes_on_where_it_stopped => "offset 0",
        a_killed_download_goes_on_as_well => "offset 0",
        a_changed_file_is_fetched_anew => "offset 0",
        an_empty_file_is_a_file => "offset 0",
        a_refusal_leaves_everything_as_it_was => "offset 0",
        nonsense_is_no_file => "offset 0",
    }
}

/// The server that the check plays, and the directory that the client runs in.
struct Lab<'a> {
    check: &'a Check,
    listener: TcpListener,
    directory: TempDir,
}

impl<'a> Lab<'a> {
    fn new(check: &'a Check) -> Lab<'a> {
        Lab {
            check,
            listener: TcpListener::bind("127.0.0.1:0").unwrap(),
            directory: tempdir().unwrap(),
        }
    }

    /// Starts the client, and receives its request for `f.txt` from this offset on.
    #[track_caller]
    fn asked(&self, offset: u64) -> (Subject<'a>, Connection<'a>) {
        let address = self.listener.local_addr().unwrap().to_string();
        let client = self
            .check
            .start_in(self.directory.path(), &[&address, "f.txt"]);
        let server = self.asked_again(offset);
        (client, server)
    }

    /// A client that is running connects once more, with a request from this offset on.
    #[track_caller]
    fn asked_again(&self, offset: u64) -> Connection<'a> {
        let server = self.check.accept("the server's connection", &self.listener);
        let expected = format!("a request with offset {offset} and a line end");
        server.receives(format!("{offset} f.txt\n"), &expected);
        server
    }

    /// `f.txt`, if there is one, and the number of other files.
    #[track_caller]
    fn has(&self, content: Option<&str>, others: usize) {
        let path = self.directory.path().join("f.txt");
        let found = fs::read_to_string(&path).ok();
        let count = fs::read_dir(&self.directory).unwrap().count();
        let found_others = count - usize::from(found.is_some());
        let right = found.as_deref() == content && found_others == others;
        let came = format!("{found:?} and {found_others} other file(s)");
        self.check.expect(
            format!("{content:?} in f.txt, and {others} other file(s) in the directory"),
            right.then_some(()).ok_or(came),
        );
    }
}

fn a_cut_download_goes_on_where_it_stopped(check: &Check) {
    let lab = Lab::new(check);
    fs::write(lab.directory.path().join("f.txt"), "old").unwrap();
    let (client, server) = lab.asked(0);
    server.sends("10 77\nhell");
    server.closes();
    client.ends(1);
    lab.has(Some("old"), 1);

    let (client, server) = lab.asked(4);
    server.sends("10 77\no");
    server.closes();
    client.ends(1);
    lab.has(Some("old"), 1);

    let (client, server) = lab.asked(5);
    server.sends("10 77\nworld");
    server.closes();
    client.shows("文件传输完毕\n");
    client.ends(0);
    lab.has(Some("helloworld"), 0);
}

fn a_killed_download_goes_on_as_well(check: &Check) {
    let lab = Lab::new(check);
    let (client, server) = lab.asked(0);
    server.sends("10 77\nhello");
    client.shows("收到消息\n");
    client.is_killed();

    // How much of it had reached the disk by then is not certain.
    let address = lab.listener.local_addr().unwrap().to_string();
    let client = check.start_in(lab.directory.path(), &[&address, "f.txt"]);
    let server = check.accept("the server's connection", &lab.listener);
    let digit = server.receives_one_of(b"012345", "an offset from 0 to 5");
    server.receives(" f.txt\n", "the rest of the request");
    let rest = &"helloworld"[usize::from(digit - b'0')..];
    server.sends(format!("10 77\n{rest}"));
    client.ends(0);
    lab.has(Some("helloworld"), 0);
}

fn a_changed_file_is_fetched_anew(check: &Check) {
    let lab = Lab::new(check);
    let (client, server) = lab.asked(0);
    server.sends("10 77\nhello");
    server.closes();
    client.ends(1);

    let (client, server) = lab.asked(5);
    server.sends("10 78\nWORLD");
    check.did("told a newer version, so the five bytes of the older one are worth nothing");
    let again = lab.asked_again(0);
    again.sends("10 78\nHELLOWORLD");
    again.closes();
    client.shows("文件传输完毕\n");
    client.ends(0);
    server.closes();
    lab.has(Some("HELLOWORLD"), 0);
}

fn an_empty_file_is_a_file(check: &Check) {
    let lab = Lab::new(check);
    let (client, server) = lab.asked(0);
    server.sends("0 77\n");
    server.closes();
    client.shows("文件传输完毕\n");
    client.ends(0);
    lab.has(Some(""), 0);
}

fn a_refusal_leaves_everything_as_it_was(check: &Check) {
    let lab = Lab::new(check);
    fs::write(lab.directory.path().join("f.txt"), "old").unwrap();
    let (client, server) = lab.asked(0);
    server.closes();
    client.shows("没有下载文件\n");
    client.ends(1);
    lab.has(Some("old"), 0);
}

fn nonsense_is_no_file(check: &Check) {
    let lab = Lab::new(check);
    for nonsense in ["<html>\n", "10\n", "-1 77\n", "10 77", &"1".repeat(10_000)] {
        let (client, server) = lab.asked(0);
        server.sends(nonsense);
        server.closes();
        client.ends(1);
        lab.has(None, 0);
    }
}
