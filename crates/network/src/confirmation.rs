//! How a server learns that a connection is open: the client's confirmation, which may be
//! lost and is sent again, or what the client sends behind it; and what becomes of a
//! connection that is open at one end only.

use crate::broken::Broken;
use crate::connection::{CLIENT, Phase, SERVER, State};
use crate::fabric::Fabric;
use crate::handshake::CONFIRMATION;
use crate::recovery::GIVE_UP;
use crate::told;
use wavetank_engine::Kernel;

impl Fabric {
    pub(crate) fn send_confirmation(&mut self, kernel: &mut Kernel, index: u32) {
        self.send_packet(kernel, index, CLIENT, Phase::Confirming, CONFIRMATION);
        // Data that follows does not overtake it.
        let connection = self.connections.at(index);
        let flow = &mut connection.flows[CLIENT];
        flow.last_due = flow.last_due.max(connection.handshake.due);
    }

    pub(crate) fn land_confirmation(&mut self, kernel: &mut Kernel, index: u32) {
        if self.is_packet_lost(index, CLIENT) {
            return self.lose_confirmation(kernel, index);
        }
        self.open(kernel, index);
    }

    /// The server knows that the client knows.
    fn open(&mut self, kernel: &mut Kernel, index: u32) {
        let connection = self.connections.peek(index);
        let machine = connection.ends[SERVER].machine;
        let (listener, generation) = connection.handshake.listener.expect("a listener holds a place for it");
        if connection.ends[SERVER].state == State::Gone {
            // The server's machine crashed meanwhile; the client learns it the hard way.
            self.connections.at(index).handshake.phase = Phase::Established;
            if !self.is_down(machine, kernel) {
                self.send_reset(kernel, index, SERVER, 0);
            }
            return;
        }
        let connection = self.connections.at(index);
        connection.handshake.phase = Phase::Established;
        // What held the confirmation up is felt by who reads at last.
        connection.flows[CLIENT].marks |= connection.handshake.marks;
        let broken = self.config.broken;
        self.listeners.at(listener).queue_up(index, generation, broken, kernel);
        if self.config.broken == Some(Broken::ConnectBeforeAccept) {
            self.connections.at(index).handshake.phase = Phase::SynReceived;
        }
    }

    /// The server, which knows of no confirmation, answers again, and so the client confirms again.
    fn lose_confirmation(&mut self, kernel: &mut Kernel, index: u32) {
        let flow = &self.connections.peek(index).flows[CLIENT];
        if flow.landed > 0 || flow.fin_landed {
            // At this very instant, and just before.
            return self.open(kernel, index);
        }
        self.confirmation_lost = true;
        self.refresh();
        // The answer has a timer of its own, a SYN's, for nobody knows the way's length yet
        // (RFC 6298, 2.1; Linux: `TCP_TIMEOUT_INIT`).
        let again = self.next_attempt(kernel, index);
        let handshake = &mut self.connections.at(index).handshake;
        handshake.phase = Phase::ConfirmLost;
        let due = again.min(handshake.since.saturating_add(self.config.connect_limit));
        self.queue_handshake(kernel, index, due);
    }

    /// What the client has sent has landed, and that confirms as well: who still waited for its
    /// confirmation waits no more.
    pub(crate) fn confirm_by_bytes(&mut self, kernel: &mut Kernel, index: u32) {
        let handshake = &mut self.connections.at(index).handshake;
        if handshake.phase == Phase::ConfirmLost {
            handshake.ticket.take().into_iter().for_each(|ticket| kernel.cancel(ticket));
            self.open(kernel, index);
        }
    }

    /// Whether nobody is left who would confirm, or the server has waited for it as long as it does.
    pub(crate) fn is_half_open_over(&self, kernel: &Kernel, index: u32) -> bool {
        let connection = self.connections.peek(index);
        let is_over_due = kernel.now() - connection.handshake.since >= self.config.connect_limit;
        is_over_due || !matches!(connection.ends[CLIENT].state, State::Open | State::Orphan)
    }

    /// The server forgets the connection and tells nobody: the client believes that it is
    /// open, and is reset when it sends something.
    pub(crate) fn end_half_open(&mut self, kernel: &mut Kernel, index: u32) {
        self.release_place(index);
        let connection = self.connections.at(index);
        connection.handshake.phase = Phase::Established;
        connection.ends[SERVER].state = State::Gone;
        let (flow, attempt) = (&connection.flows[SERVER], connection.handshake.attempt);
        kernel.note_and_tell(GIVE_UP, flow.entity, u64::from(attempt), |telling| {
            told::retries(telling, flow.entity, attempt);
        });
    }
}
