//! The checks of the exercise `resumable`, server's side. On your own `src/main.rs`:
//! `cargo test -p file-server --test exercises -- --ignored resumable`

use std::fs::{self, File};
use std::net::Shutdown;
use std::time::{Duration, SystemTime};
use testing::exercise::{Check, Subject};
use testing::{Program, TempDir, example, tempdir};

testing::exercise! {
    resumable: example "resumable_server" of "file-server" {
        the_rest_is_served_from_any_offset => "the size, the version and all of it",
        an_empty_file_is_a_file => "the size, 0",
        a_request_may_come_in_pieces => "the size, the version and all of it",
        a_changed_file_has_another_version => "the size, the version and all of it",
        only_what_is_in_the_directory_is_served => "the size, the version and all of it",
        it_understands_the_client => "the size, the version and all of it",
    }
}

/// A server of a directory with `f.txt`, which says `helloworld`.
fn start(check: &Check) -> (Subject<'_>, TempDir) {
    let directory = tempdir().unwrap();
    fs::write(directory.path().join("f.txt"), "helloworld").unwrap();
    let server = check.start(&["127.0.0.1:0", directory.path().to_str().unwrap()]);
    (server, directory)
}

/// Sends a request in these pieces, and returns the answer up to its end.
#[track_caller]
fn answer(check: &Check, server: &Subject, request: &[&str], expected: &str) -> String {
    let client = check.connect("a client's connection", server.address());
    client.socket().set_nodelay(true).unwrap();
    for piece in request {
        client.sends(piece);
    }
    let answer = client.receives_the_end(expected);
    String::from_utf8_lossy(&answer).into_owned()
}

/// All of `f.txt`; returns its version.
#[track_caller]
fn all(check: &Check, server: &Subject, request: &[&str], size: u64, content: &str) -> String {
    let expected = "the size, the version and all of it";
    let answer = answer(check, server, request, expected);
    let version = answer.strip_prefix(&format!("{size} "));
    let version = version.and_then(|rest| rest.strip_suffix(&format!("\n{content}")));
    let version = version.filter(|version| version.parse::<u128>().is_ok());
    let expected = format!("{size} VERSION, a line end and {content}: {expected}");
    check.expect(expected, version.map(String::from).ok_or(answer))
}

#[track_caller]
fn expect_answer(check: &Check, answer: String, expected: &str) {
    let right = answer == expected;
    check.expect(
        format!("{expected:?}"),
        right.then_some(()).ok_or(format!("{answer:?}")),
    );
}

fn the_rest_is_served_from_any_offset(check: &Check) {
    let (server, _directory) = start(check);
    let version = all(check, &server, &["0 f.txt\n"], 10, "helloworld");
    for (offset, rest) in [
        (5, "world"),
        (9, "d"),
        (10, ""),
        (11, ""),
        (u64::MAX >> 1, ""),
    ] {
        let request = format!("{offset} f.txt\n");
        let came = answer(check, &server, &[&request], "the rest, and the end");
        expect_answer(check, came, &format!("10 {version}\n{rest}"));
    }
}

fn an_empty_file_is_a_file(check: &Check) {
    let (server, directory) = start(check);
    fs::write(directory.path().join("empty"), "").unwrap();
    let came = answer(check, &server, &["0 empty\n"], "an answer and its end");
    let right = came.starts_with("0 ") && came.ends_with('\n');
    let expected = "the size, 0, a version and a line end";
    check.expect(expected, right.then_some(()).ok_or(format!("{came:?}")));
}

fn a_request_may_come_in_pieces(check: &Check) {
    let (server, directory) = start(check);
    all(check, &server, &["0 ", "f.", "txt", "\n"], 10, "helloworld");
    all(check, &server, &["0 f.txt\r\n"], 10, "helloworld");
    // What follows the line is passed over, however much it is, and the end stays orderly.
    let more = "more ".repeat(50_000);
    all(check, &server, &["0 f.txt\n", &more], 10, "helloworld");
    fs::write(directory.path().join("a b.txt"), "space").unwrap();
    all(check, &server, &["0 a", " b.txt\n"], 5, "space");
}

fn a_changed_file_has_another_version(check: &Check) {
    let (server, directory) = start(check);
    let one = all(check, &server, &["0 f.txt\n"], 10, "helloworld");
    let path = directory.path().join("f.txt");
    fs::write(&path, "HELLOWORLD").unwrap();
    // Some file systems tell the time in steps of two seconds.
    let later = SystemTime::now() + Duration::from_secs(10);
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(later).unwrap();
    let other = all(check, &server, &["0 f.txt\n"], 10, "HELLOWORLD");
    let expected = "another version, since the content has changed";
    check.expect(expected, (one != other).then_some(()).ok_or(other));
}

fn only_what_is_in_the_directory_is_served(check: &Check) {
    let (server, directory) = start(check);
    all(check, &server, &["0 f.txt\n"], 10, "helloworld");
    fs::create_dir(directory.path().join("sub")).unwrap();
    let outside = tempdir().unwrap();
    let secret = outside.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let up = format!(
        "0 ../{}/secret\n",
        outside.path().file_name().unwrap().to_str().unwrap()
    );
    let absolute = format!("0 {}\n", secret.display());
    for wrong in [
        &up[..],
        &absolute,
        "0 sub\n",
        "0 nothing\n",
        "0 \n",
        "0\n",
        "f.txt\n",
        "-1 f.txt\n",
        "x f.txt\n",
        "99999999999999999999 f.txt\n",
        "\n",
    ] {
        let came = answer(check, &server, &[wrong], "an orderly end");
        expect_answer(check, came, "");
    }
    server.shows("你下载的文件不存在\n");
    let cut = check.connect("a client that is cut off", server.address());
    cut.sends("0 f.txt");
    cut.socket().shutdown(Shutdown::Write).unwrap();
    let came = cut.receives_the_end("an orderly end, since this was not the whole request");
    expect_answer(check, String::from_utf8_lossy(&came).into_owned(), "");
    // And it goes on.
    all(check, &server, &["0 f.txt\n"], 10, "helloworld");
}

/// Together with the other solution.
fn it_understands_the_client(check: &Check) {
    let (server, directory) = start(check);
    all(check, &server, &["0 f.txt\n"], 10, "helloworld");
    let target = tempdir().unwrap();
    let client = example("file-client", "resumable");
    let address = server.address().to_string();
    for (name, content) in [
        ("f.txt", "helloworld"),
        ("large", &"large ".repeat(1_000_000)[..]),
    ] {
        fs::write(directory.path().join(name), content).unwrap();
        let client = client.to_str().unwrap();
        let ended = Program::start_in(target.path(), client, &[&address, name]).end();
        check.did(format!("downloaded {name} with the solution of the client"));
        let came = fs::read_to_string(target.path().join(name)).unwrap_or_default();
        let right = ended.status == Some(0) && came == content;
        check.expect(
            "the whole file",
            right.then_some(()).ok_or(format!("{ended:?}")),
        );
    }
}
