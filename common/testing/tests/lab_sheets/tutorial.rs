//! What the tutorial says beside its scripts has its place in a lab, as it is or put right.

use testing::sheets::Sheet;

/// For each lab, in Chinese, the words in which what the tutorial says there is found again.
const PLACES: [(&str, &str); 9] = [
    (
        "common",
        "传递信息、共享数据|网络接口|网络号|主机号|4 个字节|16 个字节|`ping`|DNS|www.baidu.com|ifconfig\
         |ip addr add|知名端口|21 FTP|80 HTTP|443 HTTPS|动态端口|插座|API|`sendto`|编码|解码|不是“不用编码”\
         |网络调试助手|五元组|端口标识一个应用程序|能 `ping` 通，网络一定是通的",
    ),
    ("udp-client", "绑定端口|服务器已关闭|校验和|不建立连接"),
    ("udp-server", "接收队列|目的地址"),
    ("udp-chat", "阻塞|select"),
    ("feiq-sender", "正向|逆向|`i`"),
    (
        "tcp-client",
        "面向连接|应答|累积|滑动窗口|重传：超时|重复|校验和|流量控制|拥塞控制|20 字节|8 字节|一对多\
         |超时，Linux|不可达|三次握手|粘包|边界",
    ),
    (
        "tcp-echo-server",
        "主动套接字|被动套接字|128|somaxconn|SYN 队列|已完成连接队列|accept|2MSL|30 秒|SO_REUSEADDR\
         |流量控制|循环",
    ),
    ("file-client", "十步|四次挥手|FIN|finish|主动关闭方|被动关闭方|2MSL|当前目录"),
    ("file-server", "PyCharm|SO_REUSEADDR|你下载的文件不存在|整个文件读入内存"),
];

#[test]
fn what_the_tutorial_says_has_its_place() {
    let missing = PLACES.iter().flat_map(|(lab, words)| {
        let sheet = Sheet::open_chinese(lab);
        let missing = words.split('|').filter(move |word| !sheet.text.contains(word));
        missing.map(move |word| format!("{lab}: {word}"))
    });
    assert_eq!(Vec::from_iter(missing), Vec::<String>::new());
}
