//! How the network behaves: latencies, buffers, retransmission, and how often each
//! fault strikes. Decides nothing itself.

use crate::broken::Broken;
use wavetank_engine::Ratio;

const MICRO: u64 = 1_000;
const MILLI: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;

/// The network's behaviour in a run. Times are nanoseconds, sizes bytes.
///
/// Fields are public: start from [`lan`](Self::lan), [`wan`](Self::wan),
/// [`perfect`](Self::perfect) or [`hostile`](Self::hostile) and change what the
/// test is about.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkConfig {
    /// The shortest time from one machine to another.
    pub latency_min: u64,
    /// The longest, spikes aside; each packet draws uniformly between the two.
    pub latency_max: u64,
    /// The time between two sockets of one machine, always the same.
    pub loopback_latency: u64,
    /// How often a packet takes far longer.
    pub spike: Ratio,
    /// The longest that such a packet takes in addition.
    pub spike_max: u64,
    /// How often a segment is lost and sent again.
    pub segment_loss: Ratio,
    /// How often, per segment, a connection is reset from in between.
    pub reset: Ratio,
    /// How often a connection is refused although somebody listens.
    pub connect_refused: Ratio,
    /// How often the packets that would open a connection all vanish.
    pub connect_hang: Ratio,
    /// How often a read gives less than has arrived.
    pub short_read: Ratio,
    /// How often a write takes less than there is room for.
    pub short_write: Ratio,
    /// How often a datagram is lost.
    pub datagram_loss: Ratio,
    /// How often a datagram arrives twice.
    pub datagram_duplicate: Ratio,
    /// Bytes that a writer may have unacknowledged, per direction; at least 1.
    pub send_buffer: u32,
    /// Bytes that a receiver takes before they are read, per direction; at least 1.
    pub receive_window: u32,
    /// Connections that a listener holds before they are accepted; at least 1.
    pub backlog: u32,
    /// The largest datagram; 65,507 (what an IPv4 packet has room for) at most.
    pub datagram_max: u32,
    /// Bytes that a datagram socket holds before they are received; more are dropped. Each
    /// datagram takes 576 besides its own, as in Linux.
    pub datagram_buffer: u32,
    /// How long until a lost segment is sent again the first time; doubled each time.
    pub retransmit_first: u64,
    /// The longest time between two attempts.
    pub retransmit_max: u64,
    /// How long data may stay unacknowledged before the connection has timed out.
    pub retransmit_limit: u64,
    /// How long until a lost SYN, or its answer, is sent again the first time; doubled each time.
    pub connect_first: u64,
    /// How long a connection may take to open before it has timed out; how long, too, a
    /// server waits for the confirmation of one before it forgets it.
    pub connect_limit: u64,
    /// A promise of the model that is broken on purpose, to see a test turn red.
    #[serde(skip)]
    pub broken: Option<Broken>,
}

impl Default for NetworkConfig {
    /// [`lan`](Self::lan).
    fn default() -> Self {
        NetworkConfig::lan()
    }
}

impl NetworkConfig {
    /// Two racks of a quiet datacentre: 100 to 600 us one way, no fault. Kernel
    /// TCP between machines of one datacentre takes some 100 us, and half a
    /// millisecond under load (Guo et al., "Pingmesh", SIGCOMM 2015: median 216 us
    /// and 99th percentile 1.2 ms for a round trip between racks).
    ///
    /// Buffers are Linux's order of magnitude. Retransmission begins as Linux's does
    /// (`TCP_RTO_MIN` 200 ms; a SYN after 1 s, RFC 6298), but gives up after 15 s,
    /// where Linux takes 127 s for a SYN (`tcp_syn_retries` 6) and 924 s for data
    /// (`tcp_retries2` 15): systems that must notice set `TCP_USER_TIMEOUT`.
    pub fn lan() -> NetworkConfig {
        NetworkConfig {
            latency_min: 100 * MICRO,
            latency_max: 600 * MICRO,
            loopback_latency: 10 * MICRO,
            spike: Ratio::ZERO,
            spike_max: 0,
            segment_loss: Ratio::ZERO,
            reset: Ratio::ZERO,
            connect_refused: Ratio::ZERO,
            connect_hang: Ratio::ZERO,
            short_read: Ratio::ZERO,
            short_write: Ratio::ZERO,
            datagram_loss: Ratio::ZERO,
            datagram_duplicate: Ratio::ZERO,
            send_buffer: 64 * 1024,
            receive_window: 64 * 1024,
            backlog: 128,
            datagram_max: 65_507,
            datagram_buffer: 208 * 1024,
            retransmit_first: 200 * MILLI,
            retransmit_max: 3 * SECOND,
            retransmit_limit: 15 * SECOND,
            connect_first: SECOND,
            connect_limit: 15 * SECOND,
            broken: None,
        }
    }

    /// Quiet: no fault, and each packet takes exactly 100 us. Nothing is drawn.
    pub fn perfect() -> NetworkConfig {
        NetworkConfig { latency_max: 100 * MICRO, ..NetworkConfig::lan() }
    }

    /// Two continents: 40 to 60 ms one way (a light path of 6,000 km of fibre is 30 ms),
    /// one packet in 1,000 lost, one in 10,000 up to 200 ms late, one datagram in
    /// 10,000 duplicated. Loss on long paths is measured between 0.1 % and 1 %
    /// (PingER, SLAC, monthly reports).
    pub fn wan() -> NetworkConfig {
        NetworkConfig {
            latency_min: 40 * MILLI,
            latency_max: 60 * MILLI,
            spike: Ratio::new(1, 10_000),
            spike_max: 200 * MILLI,
            segment_loss: Ratio::new(1, 1_000),
            datagram_loss: Ratio::new(1, 1_000),
            datagram_duplicate: Ratio::new(1, 10_000),
            ..NetworkConfig::lan()
        }
    }

    /// Ten times worse than [`wan`](Self::wan)'s faults on [`lan`](Self::lan)'s
    /// distances, which are stretched tenfold too; reads and writes come in pieces,
    /// and connections fail to open and are reset, as behind a middlebox that forgets.
    pub fn hostile() -> NetworkConfig {
        NetworkConfig {
            latency_min: 100 * MICRO,
            latency_max: 6 * MILLI,
            spike: Ratio::new(1, 1_000),
            spike_max: 2 * SECOND,
            segment_loss: Ratio::new(1, 100),
            reset: Ratio::new(1, 2_000),
            connect_refused: Ratio::new(1, 100),
            connect_hang: Ratio::new(1, 200),
            short_read: Ratio::new(1, 20),
            short_write: Ratio::new(1, 20),
            datagram_loss: Ratio::new(1, 100),
            datagram_duplicate: Ratio::new(1, 100),
            ..NetworkConfig::lan()
        }
    }

    /// Whether anything but the plain latency may happen to a segment.
    pub(crate) fn is_rough(&self) -> bool {
        self.broken.is_some()
            || [self.spike, self.segment_loss, self.reset, self.short_read, self.short_write]
                .iter()
                .any(|ratio| !ratio.is_zero())
    }

    /// Says whether the figures make sense.
    ///
    /// # Errors
    /// The first that does not, and what it must be.
    pub fn validate(&self) -> Result<(), NetworkConfigError> {
        let check = |holds: bool, error: NetworkConfigError| if holds { Ok(()) } else { Err(error) };
        check(self.latency_min <= self.latency_max, NetworkConfigError::InvertedLatency)?;
        check(self.spike.is_zero() || self.spike_max > 0, NetworkConfigError::Zero("spike_max"))?;
        check(self.send_buffer > 0, NetworkConfigError::Zero("send_buffer"))?;
        check(self.receive_window > 0, NetworkConfigError::Zero("receive_window"))?;
        check(self.backlog > 0, NetworkConfigError::Zero("backlog"))?;
        check(self.datagram_max <= 65_507, NetworkConfigError::DatagramTooLarge(self.datagram_max))?;
        check(self.retransmit_first > 0, NetworkConfigError::Zero("retransmit_first"))?;
        check(self.connect_first > 0, NetworkConfigError::Zero("connect_first"))
    }
}

/// A network that cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NetworkConfigError {
    /// The shortest latency is longer than the longest.
    #[error("NetworkConfig: latency_min is above latency_max; swap them")]
    InvertedLatency,
    /// A figure that must be above zero is not.
    #[error("NetworkConfig: {0} must be above zero")]
    Zero(&'static str),
    /// A datagram larger than IPv4 has room for.
    #[error("NetworkConfig: datagram_max is {0}; no IPv4 datagram is larger than 65,507 bytes")]
    DatagramTooLarge(u32),
}
