//! The starter: starts and restarts who takes part, from inside a run. Knows no faults
//! and no verdicts.

use crate::context::{SimContext, View, Whom};
use crate::launch::Launch;
use crate::ledger::StateRegistry;
use crate::outcome::Ended;
use crate::rig::Handles;
use crate::setting::Setting;
use crate::simulation::Role;
use crate::workload::Factory;
use std::any::Any;
use std::future::Future;
use std::net::IpAddr;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::sync::Arc;
use wavetank_engine::{Home, NodeId};

/// What it takes to start and restart the cast from inside a run.
#[derive(Clone)]
pub(crate) struct Starter {
    pub(crate) setting: Arc<Setting>,
    pub(crate) handles: Handles,
    pub(crate) seed: u64,
}

impl Starter {
    /// The context of a process or workload that was just booted.
    #[inline]
    pub(crate) fn context(&self, home: Home) -> SimContext {
        let part = self.setting.part(home.node).expect("who is started has a part");
        self.view(home, self.setting.peer(home.node).ip, Whom::Member, part.number)
    }

    /// The context of what belongs to no group: demands for progress, injectors. It runs on
    /// the harness's own machine.
    pub(crate) fn context_of_harness(&self, home: Home, name: &Arc<str>) -> SimContext {
        let machine = self.handles.control.kernel(|kernel| kernel.topology.node(home.node).machine);
        self.view(home, wavetank_network::address_of(machine), Whom::Harness(name.clone()), 0)
    }

    fn view(&self, home: Home, ip: IpAddr, whom: Whom, number: u32) -> SimContext {
        SimContext::new(View {
            setting: self.setting.clone(),
            home,
            ip,
            number,
            whom,
            state: StateRegistry::new(self.handles.ledger),
            seed: self.seed,
            control: self.handles.control,
        })
    }

    /// Boots a node and starts what it is for.
    pub(crate) fn start(&self, node: NodeId) {
        let home = self.handles.control.boot(node);
        let group = self.setting.group(node).expect("who is started belongs to a group");
        let context = self.context(home);
        match &group.factory {
            Factory::Function(function) => function(context, self.launch_as(group.role, home, node)),
            Factory::Process(make) => {
                let mut process = make();
                self.launch_as(group.role, home, node).spawn(async move { process.run(&context).await });
            }
            // Objects are started phase by phase.
            Factory::Workload(_) => {}
        }
    }

    /// What a node of that role starts with. A call of its own would copy it.
    #[inline(always)]
    fn launch_as(&self, role: Role, home: Home, node: NodeId) -> Launch {
        let (what, awaited) = match role {
            Role::Process => ("process", false),
            Role::Workload => ("workload", true),
        };
        self.launch(home, what, self.setting.peer(node).name.clone(), awaited)
    }

    /// As [`start`](Self::start), of a process that was there before: a panic of its factory is
    /// its own, and not of whoever restarts it.
    pub(crate) fn restart(&self, node: NodeId) {
        if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.start(node))) {
            let home = self.handles.control.home(node);
            let name = self.setting.peer(node).name.clone();
            self.launch(home, "process", name, false).spawn(panic_again(payload));
        }
    }

    /// Where the test said who takes part.
    fn site(&self, home: Home) -> &'static Location<'static> {
        // The director belongs to no group: what it runs is the harness's own.
        self.setting.group(home.node).map_or(Location::caller(), |group| group.site)
    }

    /// Spawns what the run waits for.
    pub(crate) fn await_end(
        &self,
        home: Home,
        what: &'static str,
        name: Arc<str>,
        body: impl Future<Output = Ended> + 'static,
    ) {
        self.launch(home, what, name, true).spawn(body);
    }

    fn launch(&self, home: Home, what: &'static str, name: Arc<str>, awaited: bool) -> Launch {
        Launch { handles: self.handles, home, site: self.site(home), what, name, awaited }
    }
}

/// A process that could not be made.
async fn panic_again(payload: Box<dyn Any + Send>) {
    resume_unwind(payload)
}
