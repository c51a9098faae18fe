//! Crashes of processes and machines, as their disks see them. What is left of a
//! single file or directory is judged elsewhere.

use crate::broken::Broken;
use crate::disks::Disks;
use crate::kinds;
use crate::operation::{Request, Underway};
use crate::survival::Judge;
use crate::told;
use wavetank_engine::{CrashKind, Domain, EventKind, Kernel, MachineId, NodeId, Scope, Target};

const SURVIVED: EventKind = EventKind::new("storage.survived");
/// The domain of how many of the directories that were being created are there.
const PARTS: Domain = Domain::new("storage.parts-landed");

impl Disks {
    /// The scope's processes are dead. Ends what they had under way, closes their
    /// files, and, if their machine went down too, judges what was not durable.
    ///
    /// Only a crash of kind `Process` strikes a node by itself; the engine sees to that.
    pub(crate) fn crash_scope(&mut self, scope: Scope, kind: CrashKind, kernel: &mut Kernel) {
        if self.formatted.is_empty() {
            return;
        }
        let machine = match scope {
            Scope::Machine(machine) => machine,
            Scope::Node(node) => kernel.topology.node(node).machine,
        };
        let is_dead = |kernel: &Kernel, node: NodeId| match scope {
            Scope::Node(dead) => node == dead,
            Scope::Machine(machine) => kernel.topology.node(node).machine == machine,
        };
        let mut dead: Vec<(u64, u32)> = self
            .underway
            .iter()
            .filter(|(_, underway)| is_dead(kernel, underway.home.node))
            .map(|(slot, underway)| (underway.sequence, slot))
            .collect();
        dead.sort_unstable();
        for (_, slot) in dead {
            self.end(slot, machine, kernel);
        }
        // Only now: that of which nobody was told that it is open is among them.
        let files: Vec<u32> =
            self.handles.iter().filter(|(_, handle)| is_dead(kernel, handle.home.node)).map(|(slot, _)| slot).collect();
        for slot in files {
            self.close_file(slot);
        }
        let cache_is_lost = kind > CrashKind::Process || self.config.breaks(Broken::ProcessCrashKeepsCache);
        if cache_is_lost {
            self.crash_volume(machine, kernel);
        }
    }

    /// Ends an operation whose process died: it happened, or in part, or not.
    fn end(&mut self, slot: u32, machine: MachineId, kernel: &mut Kernel) {
        let Underway { home, volume, name, request, record, waiter, .. } = self.underway.remove(slot);
        kernel.discard(waiter);
        if let Some(record) = record {
            kernel.cancel(record);
        }
        let Some(request) = request else { return };
        let (ratio, target) = (self.config.crash_fault_probability, Target::Machine(machine));
        let Self { volumes, pages, config, .. } = self;
        let disk = &mut volumes[volume as usize];
        disk.is_heard = false;
        if kernel.strikes(&kinds::IN_FLIGHT_LOST, name, 0, ratio, target) {
            kernel.tell("storage.land", |telling| told::lands(telling, volume, name, "lost with its process"));
            if let Request::CreateDirAll { route } = &request {
                let most = kernel.choose(PARTS, name, 0, 0, route.steps.len() as u64);
                // What stands in its way, nobody is left to hear.
                let _ = disk.create_dir_all(pages, route, most, config.broken);
            }
            if let Some(inode) = request.inode() {
                disk.unmention(pages, inode);
            }
            return;
        }
        kernel.tell("storage.land", |telling| told::lands(telling, volume, name, "landed as its process died"));
        // What came of it, nobody is left to hear.
        let _ = self.land(volume, home, request, false, kernel);
    }

    fn crash_volume(&mut self, machine: MachineId, kernel: &mut Kernel) {
        let index = self.volume_in(machine);
        let ratio = if self.config.breaks(Broken::UnsyncedMayVanish) {
            wavetank_engine::Ratio::ZERO
        } else {
            self.config.crash_fault_probability
        };
        let volume = &mut self.volumes[index as usize];
        volume.crash(&mut self.pages, &mut Judge { kernel, ratio, target: Target::Machine(machine) });
        volume.busy_until = kernel.now();
        kernel.note_and_tell(SURVIVED, u64::from(machine.0), volume.digest(), |telling| {
            telling.on_machine(machine);
        });
    }
}
