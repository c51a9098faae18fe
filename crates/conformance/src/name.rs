//! Contracts of looking names up.

use crate::Stage;
use std::io::ErrorKind;
use wavetank_core::{NetworkProvider, Providers, TcpListener};

/// A numeric address is its own name.
pub async fn a_numeric_address_is_its_own_name<P: Providers>(stage: Stage<P>) {
    for name in ["192.0.2.7:80", "[2001:db8::7]:443"] {
        let found = stage.a.world.network().lookup(name).await.expect("nobody needs to be asked");
        assert_eq!(found, [name.parse().expect("it is an address")]);
    }
}

/// A name without a valid port is refused with `InvalidInput`.
pub async fn a_name_without_a_port_is_refused<P: Providers>(stage: Stage<P>) {
    for name in ["192.0.2.7", "", "192.0.2.7:http", "192.0.2.7:65536"] {
        let error = stage.a.world.network().lookup(name).await.expect_err("the port is missing");
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{name:?}");
    }
}

/// Connecting by name reaches who listens there.
pub async fn connecting_by_name_reaches_the_listener<P: Providers>(stage: Stage<P>) {
    let listener = stage.a.listen().await;
    let name = listener.local_addr().expect("it is bound").to_string();
    stage.a.world.connect_to(&name).await.expect("we listen there");
    listener.accept().await.expect("we connected");
}
