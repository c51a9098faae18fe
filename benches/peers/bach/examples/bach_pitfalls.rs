//! Checks of what the notes say about bach.

use bach::ext::*;

fn main() {
    // Spawn and join without time moving forward.
    bach::sim(|| {
        async move {
            let n: u32 = std::env::args().nth(1).map_or(200_000, |s| s.parse().unwrap());
            for _ in 0..n {
                bach::spawn(bach::task::yield_now()).await.unwrap();
            }
            println!("{n} spawns without sleeping: ok");
        }
        .primary()
        .spawn();
    });
}
