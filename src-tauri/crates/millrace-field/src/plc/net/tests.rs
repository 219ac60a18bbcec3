//! The machine's own sockets: what each setting of a connection does to the socket.

use socket2::SockRef;
use tokio::net::TcpListener;

use super::*;

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .await
        .expect("loopback");
    let at = listener.local_addr().expect("bound");
    (listener, at)
}

fn free_port() -> u16 {
    std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|socket| socket.local_addr())
        .expect("loopback")
        .port()
}

#[tokio::test]
async fn a_fixed_port_is_ours_again_at_once() {
    let (listener, at) = listener().await;
    let how = Dial {
        local_port: free_port(),
        keepalive: None,
    };
    for _ in 0..3 {
        let line = Machine.connect(at, how).await.expect("connected");
        let (_peer, from) = listener.accept().await.expect("accepted");
        assert_eq!(from.port(), how.local_port);
        drop(line);
    }
}

#[tokio::test]
async fn a_silent_connection_is_probed_as_often_as_asked() {
    let (listener, at) = listener().await;
    for keepalive in [None, Some(Duration::from_secs(7))] {
        let how = Dial {
            local_port: 0,
            keepalive,
        };
        let socket = dial(at, how).await.expect("connected");
        let _peer = listener.accept().await.expect("accepted");
        let seen = SockRef::from(&socket);
        assert_eq!(seen.keepalive().expect("a TCP option"), keepalive.is_some());
        assert!(seen.tcp_nodelay().expect("a TCP option"));
        if let Some(idle) = keepalive {
            assert_eq!(seen.tcp_keepalive_time().expect("a TCP option"), idle);
            assert_eq!(seen.tcp_keepalive_interval().expect("a TCP option"), idle);
        }
    }
}

#[tokio::test]
async fn what_lies_unread_is_seen_without_waiting_and_so_is_the_end() {
    use tokio::io::AsyncWriteExt;

    let (listener, at) = listener().await;
    let mut line = Machine
        .connect(at, Dial::default())
        .await
        .expect("connected");
    let (mut peer, _) = listener.accept().await.expect("accepted");
    let mut buffer = [0; 8];
    assert_eq!(line.unread(&mut buffer).expect("stands"), None);
    peer.write_all(b"late").await.expect("connected");
    drop(peer);
    let mut seen = Vec::new();
    // Both ends run on this runtime: the bytes are here when the reactor has turned.
    for _ in 0..1_000 {
        match line.unread(&mut buffer) {
            Ok(Some(length)) => seen.extend_from_slice(&buffer[..length]),
            Ok(None) => tokio::task::yield_now().await,
            Err(error) => {
                assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
                break;
            }
        }
    }
    assert_eq!(seen, b"late");
}
