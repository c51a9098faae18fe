//! What the network tells of a run that keeps its story: which connection, which way,
//! which bytes, and what became of them. Changes nothing, and is called only in such runs.

use crate::connection::{CLIENT, Connection, Handshake, Phase, SERVER};
use crate::flow::{Cargo, Departure, Flow};
use crate::kinds;
use crate::link::Path;
use wavetank_engine::{MachineId, Mark, Telling, Value, mix, name_key};

/// Marks the opening of a connection, by the entity of one of its flows.
const FLOW: [u64; 2] = [name_key("tcp.flow.0"), name_key("tcp.flow.1")];
/// Marks what landed last in a direction.
const LANDED: u64 = name_key("tcp.landed");
/// Marks what was lost last in a direction.
const LOST: u64 = name_key("tcp.lost");
/// Marks the last cut of a path.
const CUT: u64 = name_key("network.cut");
/// Marks that a path was made slow.
const SLOWED: u64 = name_key("network.slowed");
/// Marks that a path holds what departs.
const CLOGGED: u64 = name_key("network.clogged");
/// Marks a datagram on its way.
const SENT: u64 = name_key("udp.depart");
/// Marks a datagram that has landed.
const RECEIVED: u64 = name_key("udp.land");

/// A connection is begun.
pub(crate) fn opens(telling: &mut Telling<'_>, connection: &Connection) {
    let conn = telling.short("c", connection.entity);
    let [client, server] = &connection.ends;
    telling
        .arg("conn", conn)
        .arg("from", client.address.to_string())
        .arg("to", server.address.to_string())
        .arg("client", client.machine.0)
        .arg("server", server.machine.0)
        .marked((connection.flows[0].entity, FLOW[0]))
        .marked((connection.flows[1].entity, FLOW[1]));
}

/// A direction of a connection, as its opening told of it.
struct Way {
    conn: String,
    side: usize,
    from: MachineId,
    to: MachineId,
}

fn way(telling: &Telling<'_>, flow: u64) -> Option<Way> {
    let (opening, side) = (0..2).find_map(|side| Some((telling.find((flow, FLOW[side]))?, side)))?;
    let machine = |name| match telling.said(opening, name) {
        Some(Value::Number(id)) => MachineId(*id as u32),
        _ => MachineId(u32::MAX),
    };
    let ends = [machine("client"), machine("server")];
    let Some(Value::Text(conn)) = telling.said(opening, "conn") else { return None };
    Some(Way { conn: conn.clone(), side, from: ends[side], to: ends[side ^ 1] })
}

/// Something happened on a direction, at the machine that writes.
pub(crate) fn at_writer(telling: &mut Telling<'_>, flow: u64) {
    if let Some(Way { conn, side, from, .. }) = way(telling, flow) {
        telling.on_machine(from).arg("conn", conn).arg("side", side);
    }
}

/// Something happened on a direction, at the machine that reads.
pub(crate) fn at_reader(telling: &mut Telling<'_>, flow: u64) {
    if let Some(Way { conn, side, to, .. }) = way(telling, flow) {
        telling.on_machine(to).arg("conn", conn).arg("side", side);
    }
}

/// A connection is accepted.
pub(crate) fn accepts(telling: &mut Telling<'_>, incoming: u64) {
    at_reader(telling, incoming);
    telling.also((incoming, LANDED));
}

/// Bytes are written, from the offset `written` on.
pub(crate) fn writes(telling: &mut Telling<'_>, flow: &Flow, bytes: usize) {
    at_writer(telling, flow.entity);
    telling.arg("offset", flow.written).arg("bytes", bytes);
}

/// Bytes that had landed are read, up to the offset `read`.
pub(crate) fn reads(telling: &mut Telling<'_>, flow: &Flow, bytes: u64) {
    at_reader(telling, flow.entity);
    telling.arg("offset", flow.read - bytes).arg("bytes", bytes).also((flow.entity, LANDED));
}

fn segment(flow: u64, departure: &Departure) -> Mark {
    (flow, mix(departure.end, departure.cargo as u64 + 1))
}

const fn cargo(cargo: Cargo) -> &'static str {
    match cargo {
        Cargo::Data => "data",
        Cargo::Fin => "fin",
        Cargo::Reset => "reset",
    }
}

/// A segment departs: what the flow has on its way already lies before it.
pub(crate) fn departs(telling: &mut Telling<'_>, flow: &Flow, departure: Departure) {
    let Some(Way { conn, side, from, to }) = way(telling, flow.entity) else { return };
    let offset = flow.last().map_or(flow.landed, |before| before.end).min(departure.end);
    let mut message = match departure.cargo {
        Cargo::Data => format!("{conn}:{side}:{offset}"),
        other => format!("{conn}:{side}:{offset}:{}", cargo(other)),
    };
    if flow.repeats() > 0 {
        message.push_str(&format!("+{}", flow.repeats()));
    }
    telling
        .on_machine(from)
        .message(&message)
        .marked(segment(flow.entity, &departure))
        .arg("conn", conn)
        .arg("side", side)
        .arg("what", cargo(departure.cargo))
        .arg("offset", offset)
        .arg("bytes", departure.end - offset)
        .arg("due", departure.due)
        .arg("to", to.0);
    blame(telling, departure.marks, Path { from, to });
}

/// A segment lands, whatever its receiver makes of it.
pub(crate) fn lands(telling: &mut Telling<'_>, flow: u64, departure: &Departure) {
    arrives(telling, flow, departure);
    telling.marked((flow, LANDED));
}

/// A segment is lost, by the kinds of fault in `marks`.
pub(crate) fn loses(telling: &mut Telling<'_>, flow: u64, departure: &Departure, marks: u16) {
    arrives(telling, flow, departure);
    telling.marked((flow, LOST));
    if let Some(Way { from, to, .. }) = way(telling, flow) {
        blame(telling, marks, Path { from, to });
    }
}

fn arrives(telling: &mut Telling<'_>, flow: u64, departure: &Departure) {
    at_reader(telling, flow);
    telling.after(segment(flow, departure)).arg("what", cargo(departure.cargo)).arg("end", departure.end);
}

/// Names the kinds of fault that touched a packet, and what made its path as it is.
fn blame(telling: &mut Telling<'_>, marks: u16, path: Path) {
    let names: Vec<&str> =
        kinds::ALL.iter().filter(|kind| marks & kinds::mark(kind) != 0).map(|kind| kind.name()).collect();
    if names.is_empty() {
        return;
    }
    telling.arg("faults", names.join(" "));
    for (kind, mark) in [(&kinds::PARTITION, CUT), (&kinds::SLOW, SLOWED), (&kinds::CLOG, CLOGGED)] {
        if marks & kinds::mark(kind) != 0 {
            telling.also((path.entity(), mark));
        }
    }
}

/// What was lost is sent again, or is not any more.
pub(crate) fn retries(telling: &mut Telling<'_>, flow: u64, attempt: u32) {
    at_writer(telling, flow);
    let lost = telling.find((flow, LOST));
    telling.caused_by(lost).arg("attempt", attempt);
}

/// An acknowledgement that somebody waits for has arrived.
pub(crate) fn acknowledges(telling: &mut Telling<'_>, flow: &Flow) {
    at_writer(telling, flow.entity);
    let landed = telling.find((flow.entity, LANDED));
    telling.caused_by(landed).arg("end", flow.acked);
}

/// A packet of a handshake: which connection, which side sends it, what it is, which attempt.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packet {
    pub(crate) flow: u64,
    pub(crate) what: &'static str,
    pub(crate) attempt: u32,
    pub(crate) marks: u16,
}

impl Packet {
    /// The packet that is on its way in a phase.
    pub(crate) fn of(connection: &Connection, phase: Phase) -> Packet {
        let (side, what) = match phase {
            Phase::SynReceived => (SERVER, "syn-ack"),
            Phase::Refused => (SERVER, "refusal"),
            Phase::Confirming | Phase::ConfirmLost => (CLIENT, "ack"),
            _ => (CLIENT, "syn"),
        };
        let Handshake { attempt, marks, .. } = connection.handshake;
        Packet { flow: connection.flows[side].entity, what, attempt, marks }
    }

    fn mark(self) -> Mark {
        (self.flow, mix(name_key(self.what), u64::from(self.attempt)))
    }

    pub(crate) fn departs(self, telling: &mut Telling<'_>, due: u64) {
        let Some(Way { conn, side, from, to }) = way(telling, self.flow) else { return };
        let again = if self.attempt > 0 { format!("+{}", self.attempt) } else { String::new() };
        telling
            .on_machine(from)
            .message(&format!("{conn}:{side}:{}{again}", self.what))
            .marked(self.mark())
            .arg("conn", conn)
            .arg("side", side)
            .arg("what", self.what)
            .arg("due", due)
            .arg("to", to.0);
        let lost = telling.find((self.flow, LOST)).filter(|_| self.attempt > 0);
        if lost.is_some() {
            telling.caused_by(lost);
        }
        blame(telling, self.marks, Path { from, to });
    }

    pub(crate) fn ends(self, telling: &mut Telling<'_>, is_lost: bool) {
        telling.kind(if is_lost { "tcp.lost" } else { "tcp.land" });
        at_reader(telling, self.flow);
        telling.after(self.mark()).arg("what", self.what).marked((self.flow, if is_lost { LOST } else { LANDED }));
        if let Some(Way { from, to, .. }) = way(telling, self.flow).filter(|_| is_lost) {
            blame(telling, self.marks, Path { from, to });
        }
    }
}

/// A link is cut or made slow, or is as it should be again.
pub(crate) fn changes(telling: &mut Telling<'_>, path: Path, what: &'static str, begins: bool) {
    telling.arg("from", path.from.0).arg("to", path.to.0).arg("what", what);
    let state = match what {
        "cut" => CUT,
        "slow" => SLOWED,
        _ => CLOGGED,
    };
    let mark = (path.entity(), state);
    if begins {
        telling.marked(mark);
    } else {
        telling.also(mark);
    }
}

/// A datagram departs.
pub(crate) fn sends(telling: &mut Telling<'_>, datagram: u64, path: Path, bytes: usize, due: u64, marks: u16) {
    let message = telling.short("d", datagram);
    telling.on_machine(path.from).message(&message).marked((datagram, SENT));
    telling.arg("bytes", bytes).arg("due", due).arg("to", path.to.0);
    blame(telling, marks, path);
}

/// A datagram has reached its socket, or is lost by the kinds of fault in `lost`.
pub(crate) fn delivers(telling: &mut Telling<'_>, datagram: u64, path: Path, lost: Option<u16>) {
    telling.on_machine(path.to).after((datagram, SENT));
    if let Some(marks) = lost {
        return blame(telling, marks, path);
    }
    telling.marked((datagram, RECEIVED));
}

/// A datagram is received.
pub(crate) fn receives(telling: &mut Telling<'_>, datagram: u64, bytes: usize) {
    telling.arg("bytes", bytes).also((datagram, RECEIVED));
}
