//! Which contracts a world breaks, and the proof that each switch breaks exactly one.
//! Knows no world.

use crate::{Break, Contract, World, check, contracts};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// A world whose model can be broken on purpose.
pub trait Breakable: World + Sized {
    /// The world with one promise broken and all others kept; `None` if it has no such
    /// switch. Narrow by intention: `SleepEarly` may cut one kind of sleep short, not all.
    fn broken(switch: Break) -> Option<Self>;
}

/// The names of the contracts that `world` breaks.
pub fn red<W: World>(world: &W) -> Vec<&'static str> {
    let broken = |contract: &Contract<W::Providers>| {
        let body = contract.body;
        catch_unwind(AssertUnwindSafe(|| check(world, body))).is_err()
    };
    contracts().iter().filter(|contract| broken(contract)).map(|contract| contract.name).collect()
}

/// Runs every contract under each of `switches` and returns those that the world does not have.
///
/// # Panics
/// If a switch turns another contract red than its own, or its own stays green.
pub fn prove_switches<W: Breakable>(switches: &[Break]) -> Vec<Break> {
    let (mut missing, mut wrong) = (Vec::new(), Vec::new());
    for contract in contracts::<W::Providers>().iter().filter(|contract| switches.contains(&contract.switch)) {
        let Some(world) = W::broken(contract.switch) else {
            missing.push(contract.switch);
            continue;
        };
        let found = red(&world);
        if found != [contract.name] {
            wrong.push(format!("{:?} turns {found:?} red, not just {}", contract.switch, contract.name));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    missing
}
