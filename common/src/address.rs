//! Addresses as people type them: `HOST:PORT`, `[IPV6]:PORT`, `HOST`, `:PORT` or `PORT`.
//!
//! What is left out comes from a default. A Chinese input method may leave full-width characters
//! behind, as in `１２７。０。０。１：８０８０`; they are understood.
//!
//! A *remote* address is where to send or connect; its port cannot be 0. A *local* address is where
//! to receive: port 0 lets the system choose one, and `0.0.0.0` or `::` means every network interface.

use crate::{Context, Error};
use std::net::{Ipv6Addr, SocketAddr, ToSocketAddrs, UdpSocket};

/// An address in two parts, either of which may be missing: a host name or an IP address (without the
/// brackets of IPv6), and a port.
pub type Address = (Option<String>, Option<u16>);

/// Takes an address apart, without asking anybody what its host name means.
///
/// # Errors
/// [`Error::Refused`], saying what is wrong with `text`.
///
/// ```
/// use common::address::parse;
///
/// assert_eq!(parse("８０８０")?, (None, Some(8080)));
/// assert_eq!(parse("[::1]:80")?, (Some("::1".into()), Some(80)));
/// assert_eq!(parse("a:65536").unwrap_err().to_string(), "端口 65536 不是 0 到 65535 的整数");
/// # Ok::<(), common::Error>(())
/// ```
pub fn parse(text: &str) -> Result<Address, Error> {
    let text = &half_width(text);
    let bad = |problem: &str| Err(Error::Refused(format!("地址 {text} 有误：{problem}")));
    if text.is_empty() {
        return Err(Error::Refused("地址不能为空".into()));
    }
    if text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok((None, Some(port(text)?)));
    }
    // A bare IPv6 address is full of colons, and none of them begins a port.
    if text.parse::<Ipv6Addr>().is_ok() {
        return Ok((Some(text.into()), None));
    }
    let (host, rest) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
        None => text.split_at(text.find(':').unwrap_or(text.len())),
        Some(Some((host, rest))) if host.contains(':') => (host, rest),
        Some(_) => return bad("方括号里应当是 IPv6 地址，如 [::1]:8080"),
    };
    let port = match rest.strip_prefix(':') {
        None if rest.is_empty() => None,
        None => return bad("方括号后面只能是 :PORT"),
        Some("") => return bad("冒号后面没有端口"),
        Some(digits) if digits.contains(':') => {
            return bad("冒号太多，IPv6 地址要写在方括号里，如 [::1]:8080");
        }
        Some(digits) => Some(port(digits)?),
    };
    Ok(((!host.is_empty()).then(|| host.into()), port))
}

/// Takes the address of an argument apart; where there is no argument, both parts are missing.
///
/// # Errors
/// [`Error::Refused`], for the reasons of [`parse`].
///
/// ```
/// use common::address::parse_argument;
///
/// assert_eq!(parse_argument(Some("localhost".into()))?, (Some("localhost".into()), None));
/// assert_eq!(parse_argument(None)?, (None, None));
/// # Ok::<(), common::Error>(())
/// ```
pub fn parse_argument(argument: Option<String>) -> Result<Address, Error> {
    argument.map_or(Ok((None, None)), |text| parse(&text))
}

/// Reads a port, as the scripts do with `int(input("端口:"))`: `+80` and `8_080` are numbers as well.
///
/// # Errors
/// [`Error::Refused`] for anything but a whole number from 0 to 65535.
///
/// ```
/// use common::address::port;
///
/// assert_eq!(port(" ６６６６ ")?, 6666);
/// assert_eq!(port("abc").unwrap_err().to_string(), "端口 abc 不是 0 到 65535 的整数");
/// # Ok::<(), common::Error>(())
/// ```
pub fn port(text: &str) -> Result<u16, Error> {
    let text = half_width(text);
    let number = text.strip_prefix('+').unwrap_or(&text);
    // An underscore may stand between two digits.
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    match number.replace('_', "").parse() {
        Ok(port) if number.split('_').all(is_digits) => Ok(port),
        _ if text.is_empty() => Err(Error::Refused("端口不能为空".into())),
        _ => Err(Error::Refused(format!("端口 {text} 不是 0 到 65535 的整数"))),
    }
}

/// Finds the socket addresses of a destination. A host name may have several, of both families.
///
/// # Errors
/// [`Error::Refused`] for an empty host, for port 0, and for a name that nobody knows.
///
/// ```
/// use common::address::resolve;
///
/// assert_eq!(resolve("127.0.0.1", 80)?, ["127.0.0.1:80".parse().unwrap()]);
/// assert_eq!(resolve("", 80).unwrap_err().to_string(), "主机地址不能为空");
/// assert_eq!(resolve("::1", 0).unwrap_err().to_string(), "端口 0 不能作为目的端口");
/// # Ok::<(), common::Error>(())
/// ```
pub fn resolve(host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
    if port == 0 {
        return Err(Error::Refused("端口 0 不能作为目的端口".into()));
    }
    look_up(host, port)
}

/// The remote address of an argument; what it leaves out comes from `default`.
///
/// # Errors
/// [`Error::Refused`], for the reasons of [`parse`] and [`resolve`].
///
/// ```
/// use common::address::remote;
///
/// assert_eq!(remote(Some(":9".into()), "127.0.0.1:8080")?, ["127.0.0.1:9".parse().unwrap()]);
/// assert_eq!(remote(None, "127.0.0.1:8080")?, ["127.0.0.1:8080".parse().unwrap()]);
/// # Ok::<(), common::Error>(())
/// ```
pub fn remote(argument: Option<String>, default: &str) -> Result<Vec<SocketAddr>, Error> {
    let (host, port) = complete(argument, default)?;
    resolve(&host, port)
}

/// The local address of an argument; what it leaves out comes from `default`.
///
/// # Errors
/// [`Error::Refused`], for the reasons of [`parse`] and for a name that nobody knows.
///
/// ```
/// use common::address::local;
///
/// assert_eq!(local(Some("[::1]".into()), "0.0.0.0:8080")?, "[::1]:8080".parse().unwrap());
/// # Ok::<(), common::Error>(())
/// ```
pub fn local(argument: Option<String>, default: &str) -> Result<SocketAddr, Error> {
    let (host, port) = complete(argument, default)?;
    Ok(look_up(&host, port)?[0])
}

/// The address of a destination that `socket` can send to, as a user has typed its two parts.
///
/// # Errors
/// [`Error::Refused`], for the reasons of [`resolve`], and where the destination has no address of the
/// socket's family, IPv4 or IPv6.
///
/// ```
/// let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
/// let to = common::address::resolve_for(&socket, "localhost", 80)?;
/// assert_eq!(to.to_string(), "127.0.0.1:80");
/// # Ok::<(), common::Error>(())
/// ```
pub fn resolve_for(socket: &UdpSocket, host: &str, port: u16) -> Result<SocketAddr, Error> {
    let local = socket.local_addr().context("查询本机地址")?;
    same_family(&resolve(host, port)?, local)
}

/// The remote address that an argument gives, for a UDP socket that will be bound to `local`.
///
/// # Errors
/// [`Error::Refused`], for the reasons of [`remote`], and where it has no address of that family.
///
/// ```
/// let local = "0.0.0.0:8080".parse().unwrap();
/// let to = common::address::remote_for(local, ":9".into(), "127.0.0.1:10086")?;
/// assert_eq!(to.to_string(), "127.0.0.1:9");
/// # Ok::<(), common::Error>(())
/// ```
pub fn remote_for(local: SocketAddr, given: String, default: &str) -> Result<SocketAddr, Error> {
    same_family(&remote(Some(given), default)?, local)
}

/// The two addresses of a UDP client: the remote one, and a local one of the same family.
///
/// A `local` argument decides the family. Where there is none, the local address is `local_default`
/// or, for a destination that has IPv6 addresses only, `[::]` with the same port.
///
/// # Errors
/// [`Error::Refused`], for the reasons of [`remote_for`] and [`local`].
///
/// ```
/// use common::address::remote_and_local;
///
/// let (remote, local) = remote_and_local(Some("[::1]".into()), "127.0.0.1:8080", None, "0.0.0.0:10086")?;
/// assert_eq!(remote.to_string(), "[::1]:8080");
/// assert_eq!(local.to_string(), "[::]:10086");
/// # Ok::<(), common::Error>(())
/// ```
pub fn remote_and_local(
    remote_argument: Option<String>,
    remote_default: &str,
    local_argument: Option<String>,
    local_default: &str,
) -> Result<(SocketAddr, SocketAddr), Error> {
    let remotes = remote(remote_argument, remote_default)?;
    let may_change = local_argument.is_none();
    let mut local = local(local_argument, local_default)?;
    if may_change && remotes.iter().all(SocketAddr::is_ipv6) {
        local = SocketAddr::from((Ipv6Addr::UNSPECIFIED, local.port()));
    }
    Ok((same_family(&remotes, local)?, local))
}

/// The first of the addresses that a UDP socket bound to `local` can send to.
fn same_family(addresses: &[SocketAddr], local: SocketAddr) -> Result<SocketAddr, Error> {
    let same = |address: &&SocketAddr| address.is_ipv4() == local.is_ipv4();
    addresses.iter().find(same).copied().ok_or_else(|| {
        let family = if local.is_ipv4() { "IPv4" } else { "IPv6" };
        let other = addresses[0].ip();
        Error::Refused(format!("本机套接字 {local} 只能发往 {family} 地址，不能发往 {other}"))
    })
}

/// Host and port, from the argument or else from the default.
fn complete(argument: Option<String>, default: &str) -> Result<(String, u16), Error> {
    let (host, port) = parse_argument(argument)?;
    let (default_host, default_port) = parse(default)?;
    let host = host.or(default_host).unwrap_or_default();
    Ok((host, port.or(default_port).unwrap_or_default()))
}

/// Asks the system for the addresses of `host`; an IP address is its own answer.
fn look_up(host: &str, port: u16) -> Result<Vec<SocketAddr>, Error> {
    let host = half_width(host);
    if host.is_empty() {
        return Err(Error::Refused("主机地址不能为空".into()));
    }
    match (host.as_str(), port).to_socket_addrs().map(Vec::from_iter) {
        Ok(found) if !found.is_empty() => Ok(found),
        Ok(_) => Err(Error::Refused(format!("主机 {host} 没有地址"))),
        Err(reason) => Err(Error::Refused(format!("找不到主机 {host}：{reason}"))),
    }
}

/// Full-width characters (U+FF01 to U+FF5E, and the Chinese full stop) as their ASCII counterparts,
/// without white space around.
fn half_width(text: &str) -> String {
    let narrow = |c| match c {
        '。' => '.',
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        _ => c,
    };
    text.trim().chars().map(narrow).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn every_form_is_understood() {
        for (text, host, port) in [
            ("192.168.1.5:8080", Some("192.168.1.5"), Some(8080)),
            ("example.org:1", Some("example.org"), Some(1)),
            ("[::1]:8080", Some("::1"), Some(8080)),
            ("[fe80::1%eth0]:1", Some("fe80::1%eth0"), Some(1)),
            ("[::1]", Some("::1"), None),
            ("::1", Some("::1"), None),
            ("localhost", Some("localhost"), None),
            (":0", None, Some(0)),
            ("65535", None, Some(65535)),
            ("１２７。０．０。１：８０８０", Some("127.0.0.1"), Some(8080)),
            ("［：：１］：８０", Some("::1"), Some(80)),
            ("　８０８０ ", None, Some(8080)),
        ] {
            let host = host.map(String::from);
            assert_eq!(parse(text).unwrap(), (host, port), "{text}");
        }
        assert_eq!(port("+8_080").unwrap(), 8080);
    }

    #[test]
    fn every_refusal_says_what_is_wrong() {
        for (text, problem) in [
            ("", "地址不能为空"),
            ("  ", "地址不能为空"),
            ("65536", "端口 65536 不是 0 到 65535 的整数"),
            ("99999999999999999999", "端口 99999999999999999999 不是 0 到 65535 的整数"),
            ("a:-1", "端口 -1 不是 0 到 65535 的整数"),
            ("a:8o", "端口 8o 不是 0 到 65535 的整数"),
            ("a:", "地址 a: 有误：冒号后面没有端口"),
            (":", "地址 : 有误：冒号后面没有端口"),
            ("[::1", "地址 [::1 有误：方括号里应当是 IPv6 地址，如 [::1]:8080"),
            ("[::1]80", "地址 [::1]80 有误：方括号后面只能是 :PORT"),
            ("[a]:80", "地址 [a]:80 有误：方括号里应当是 IPv6 地址，如 [::1]:8080"),
            ("[]:80", "地址 []:80 有误：方括号里应当是 IPv6 地址，如 [::1]:8080"),
            ("a:b:c", "地址 a:b:c 有误：冒号太多，IPv6 地址要写在方括号里，如 [::1]:8080"),
        ] {
            assert_eq!(error(parse(text)), problem);
        }
        assert_eq!(error(port("")), "端口不能为空");
        for strange in ["8__0", "_8", "8_", "+", "-1", "8.0"] {
            assert_eq!(error(port(strange)), format!("端口 {strange} 不是 0 到 65535 的整数"));
        }
        assert_eq!(error(remote(None, "0")), "端口 0 不能作为目的端口");
        assert_eq!(error(remote(None, "80")), "主机地址不能为空");
        let unknown = error(remote(Some("no-such-host.invalid".into()), "0.0.0.0:80"));
        assert!(unknown.starts_with("找不到主机 no-such-host.invalid："), "{unknown}");
    }

    #[test]
    fn a_udp_client_gets_two_addresses_of_one_family() {
        let both = |remote: &str, local: Option<&str>| {
            let local = local.map(String::from);
            let both = remote_and_local(Some(remote.into()), "127.0.0.1:1", local, "0.0.0.0:2");
            both.map(|(remote, local)| format!("{remote} {local}"))
        };
        assert_eq!(both("9", None).unwrap(), "127.0.0.1:9 0.0.0.0:2");
        assert_eq!(both("[::1]:9", None).unwrap(), "[::1]:9 [::]:2");
        assert_eq!(both("localhost:9", Some("127.0.0.1")).unwrap(), "127.0.0.1:9 127.0.0.1:2");
        assert_eq!(
            error(both("127.0.0.1:9", Some("[::1]:0"))),
            "本机套接字 [::1]:0 只能发往 IPv6 地址，不能发往 127.0.0.1"
        );
    }
}
