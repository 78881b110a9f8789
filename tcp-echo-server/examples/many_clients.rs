//! 同时服务许多 TCP 客户端，把各自发来的字节原样发回，直到按 Ctrl-C。
//!
//! 要点：每个客户端一个线程。`read` 和 `write` 会阻塞，但每个线程只阻塞在自己的客户端上，无论它是不
//! 发送，还是发送却不读取。后一种也不会多占内存：线程阻塞在 `write` 时不再 `read`，只占用一个缓冲
//! 区，TCP 的流量控制会让客户端等待。
//!
//! `tcp-echo-server` 讲义中练习的参考解答。

use common::{Context, Error, address, console, explain};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// 在哪里监听：端口与脚本相同，地址是本机的所有地址。
const LISTEN: &str = "0.0.0.0:10050";

/// 一次最多取多少字节：比脚本的 1024 大，系统调用就少。每个客户端一个缓冲区，一千个共 32 MiB。
const RECV_SIZE: usize = 32 * 1024;

/// 最多同时服务多少个客户端，超过时立即关闭新的连接：没有上限，不停地连接就能占满内存。
const MAX_CLIENTS: usize = 1000;

/// `accept` 出错后等多久再试：文件描述符用完时，立即再试也没有用。
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

const HELP: &str = "\
用法：many_clients [LISTEN]

同时服务许多 TCP 客户端（最多 1000 个），把各自发来的字节原样发回，直到按 Ctrl-C。

  LISTEN  监听的地址，默认 0.0.0.0:10050

例如：many_clients 127.0.0.1:10050
";

fn main() -> ExitCode {
    common::run(HELP, many_clients)
}

fn many_clients([listen]: [Option<String>; 1]) -> Result<(), Error> {
    let listen = address::local(listen, LISTEN)?;
    let listener = TcpListener::bind(listen).context(format!("监听 {listen}"))?;
    let listen = listener.local_addr().context("查询本机地址")?;
    console::note(format!("正在监听 {listen}"));

    // 每个客户端的线程持有一个克隆，克隆的个数就是客户端的个数。
    let places = Arc::new(());
    let mut is_told = false; // 同样的情况连续发生，只提示一次
    loop {
        let (client, address) = match listener.accept() {
            Ok(accepted) => accepted,
            Err(reason) => {
                if !is_told {
                    console::note(format!("无法接受连接，稍后再试：{}", explain(&reason)));
                }
                is_told = true;
                #[expect(clippy::disallowed_methods, reason = "no event tells of it")]
                thread::sleep(ACCEPT_PAUSE);
                continue;
            }
        };
        if Arc::strong_count(&places) > MAX_CLIENTS {
            if !is_told {
                console::note(format!("已有 {MAX_CLIENTS} 个客户端，关闭 {address} 和后面的连接"));
            }
            is_told = true;
            continue; // 丢弃 `client`，连接随之关闭
        }
        is_told = false;
        let place = places.clone();
        let serve = move || {
            let ended = echo(client, address);
            drop(place);
            ended.unwrap_or_else(|error| console::note(format!("客户端 {address}：{error}")));
        };
        let started = thread::Builder::new().spawn(serve).context("创建线程");
        console::note_failure(started)?;
    }
}

fn echo(mut client: TcpStream, address: SocketAddr) -> Result<(), Error> {
    let mut buffer = vec![0; RECV_SIZE];
    loop {
        let length = client.read(&mut buffer).context("接收")?;
        if length == 0 {
            console::note(format!("客户端 {address} 已关闭"));
            return Ok(());
        }
        client.write_all(&buffer[..length]).context("发送")?;
    }
}
