//! Processes and workloads as trait objects, and as plain async functions. Who
//! runs them when is the run's business.

use crate::context::SimContext;
use crate::launch::Launch;
use crate::metrics::SimulationMetrics;
use crate::outcome::{Ended, Outcome};
use async_trait::async_trait;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// An error of a process or workload.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A driver that survives every fault: it puts load on the processes and judges
/// what it saw.
#[async_trait]
pub trait Workload: Send + 'static {
    /// Before any workload runs; all of them finish it first.
    ///
    /// # Errors
    /// Any: the run is then red.
    async fn setup(&mut self, _context: &SimContext) -> Result<(), BoxError> {
        Ok(())
    }

    /// The load itself.
    ///
    /// # Errors
    /// Any: the run is then red.
    async fn run(&mut self, context: &SimContext) -> Result<SimulationMetrics, BoxError>;

    /// After all workloads ran and all faults are over.
    ///
    /// # Errors
    /// Any: the run is then red.
    async fn check(&mut self, _context: &SimContext) -> Result<(), BoxError> {
        Ok(())
    }
}

/// A process under test: what a crash kills and a restart begins anew.
#[async_trait]
pub trait Process: Send + 'static {
    /// Runs until it is done or killed.
    ///
    /// # Errors
    /// Any: the run is then red.
    async fn run(&mut self, context: &SimContext) -> Result<(), BoxError>;
}

pub(crate) type Body = Pin<Box<dyn Future<Output = Ended>>>;

/// What makes one process or workload for one run.
#[derive(Clone)]
pub(crate) enum Factory {
    Function(Arc<dyn Fn(SimContext, Launch) + Send + Sync>),
    Workload(Arc<dyn Fn() -> Box<dyn Workload> + Send + Sync>),
    Process(Arc<dyn Fn() -> Box<dyn Process> + Send + Sync>),
}

impl Factory {
    pub(crate) fn function<F, Fut>(function: F) -> Factory
    where
        F: Fn(SimContext) -> Fut + Send + Sync + 'static,
        Fut: Future<Output: Outcome> + 'static,
    {
        Factory::Function(Arc::new(move |context, launch: Launch| launch.spawn(function(context))))
    }
}
