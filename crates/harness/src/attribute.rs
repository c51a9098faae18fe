//! What [`test`](macro@crate::test) expands to: a simulation of one workload. The
//! expansion itself is in `wavetank-macros`.

use crate::builder::SimulationBuilder;
use crate::context::SimContext;
use crate::outcome::Outcome;
use crate::providers::SimProviders;
use crate::reproduce::line_of_test;
use crate::strategy::TestStrategy;
use std::future::Future;

/// A test as its attribute found it.
#[derive(Debug)]
pub struct Test {
    /// Its package.
    pub package: &'static str,
    /// Its module, from the crate on.
    pub module: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Which seeds to run.
    pub strategy: TestStrategy,
}

/// What a test may take as its argument.
#[diagnostic::on_unimplemented(
    message = "a test in the tank is not given a `{Self}`",
    label = "take `SimProviders`, or `SimContext`, which has more"
)]
pub trait Given {
    /// That, out of all that a workload has.
    fn given(context: SimContext) -> Self;
}

impl Given for SimContext {
    fn given(context: SimContext) -> SimContext {
        context
    }
}

impl Given for SimProviders {
    fn given(context: SimContext) -> SimProviders {
        context.providers()
    }
}

/// Runs the test.
///
/// # Panics
/// Unless all its runs are green.
#[track_caller] // So that failures name the test's own line.
pub fn run<A, F, Fut>(test: &Test, function: F)
where
    A: Given,
    F: Fn(A) -> Fut + Send + Sync + 'static,
    Fut: Future<Output: Outcome> + 'static,
{
    // A test's name starts below its crate.
    let module = test.module.split_once("::").map_or(String::new(), |(_, module)| format!("{module}::"));
    let name = format!("{module}{}", test.name);
    SimulationBuilder::new()
        .with_reproduce_line(&line_of_test(Some(test.package), Some(&name)))
        .with_name(name)
        .workload(test.name, 1, move |context| function(A::given(context)))
        .with_strategy(test.strategy.clone())
        .run()
        .assert_green();
}
