//! The store on a real machine: its file in the folder `data`.

use small_kv::{Filed, serve};
use wavetank_core::{Providers, StorageProvider};
use wavetank_tokio::TokioProviders;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let world = TokioProviders::new("data")?;
    world.storage().create_dir_all("").await?;
    println!("try: echo put pi 3 | nc -N 127.0.0.1 7878");
    serve::<_, Filed<_>>(&world, ([127, 0, 0, 1], 7878).into()).await
}
