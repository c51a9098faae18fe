//! What the production stream passes on to tokio's beyond what both worlds promise.

use wavetank_core::{NetworkProvider, TcpListener, TcpStream};
use wavetank_tokio::{TokioNetworkProvider, TokioTcpStream};

async fn both_ends() -> (TokioTcpStream, TokioTcpStream) {
    let network = TokioNetworkProvider;
    let listener = network.bind("127.0.0.1:0".parse().expect("an address")).await.expect("a free port is there");
    let near = network.connect(listener.local_addr().expect("it is bound")).await.expect("we listen");
    (near, listener.accept().await.expect("we connected").0)
}

#[tokio::test]
async fn the_kernel_is_told_of_nodelay() {
    let (near, far) = both_ends().await;
    near.set_nodelay(true).expect("the socket is there");
    far.set_nodelay(true).and_then(|()| far.set_nodelay(false)).expect("the socket is there");
    let [near, far] = [near, far].map(tokio::net::TcpStream::from);
    assert!(near.nodelay().expect("the socket is there") && !far.nodelay().expect("the socket is there"));
}
