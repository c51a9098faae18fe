//! The table of all contracts, from which everything else that lists them is made. Says
//! nothing of how a contract is checked.

use crate::Stage;
use std::future::Future;
use std::pin::Pin;
use wavetank_core::Providers;

/// What a contract is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Sockets and names.
    Network,
    /// Clocks, sleeps, time-outs, intervals.
    Time,
    /// Tasks.
    Task,
    /// Application randomness and entropy.
    Random,
    /// Files and directories.
    Storage,
}

/// A contract's code.
pub type Body<P> = fn(Stage<P>) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// One promise of the provider traits.
#[derive(Debug)]
pub struct Contract<P: Providers> {
    /// Its name, unique, as in the names of the tests.
    pub name: &'static str,
    /// What it is about.
    pub topic: Topic,
    /// What is promised.
    pub promise: &'static str,
    /// How to break a model so that this contract, and no other, turns red.
    pub switch: Break,
    /// Panics if the promise is broken.
    pub body: Body<P>,
}

/// The table. Each row: topic, module and function, switch, promise.
#[doc(hidden)]
#[macro_export]
macro_rules! __table {
    ($use:ident $($context:tt)*) => { $crate::$use! { [$($context)*]
        Network tcp::connecting_where_nobody_listens_is_refused NobodyAccepts "A connection to a port where nobody listens is refused."
        Network tcp::bytes_arrive_whole_and_in_order SegmentsSwapped "A stream's bytes arrive all, unchanged and in the order in which they were written."
        Network tcp::both_directions_flow_at_once OneDirectionAtATime "Both directions of a stream flow at the same time."
        Network tcp::a_shutdown_closes_one_direction_only ShutdownClosesBoth "After a shutdown the peer reads to the end and can still answer."
        Network tcp::writing_after_a_shutdown_fails ShutdownForgotten "Writing after a shutdown fails with `BrokenPipe`."
        Network tcp::shutting_down_again_is_no_error ShutdownFailsTwice "Shutting a stream down again is no error."
        Network tcp::a_dropped_stream_ends_the_peers_reading DropIsSilent "Dropping a stream lets the peer read the end."
        Network tcp::what_was_written_before_a_drop_arrives DropDiscardsUnsent "What was written before a stream was dropped still arrives."
        Network tcp::the_end_of_a_stream_stays_the_end EndReadOnce "At the end of a stream every read says so."
        Network tcp::dropping_unread_bytes_resets_the_peer UnreadBytesForgiven "Dropping a stream with unread bytes resets the connection."
        Network tcp::a_reset_is_told_once ResetRepeated "A reset is told once: reads that follow find the end."
        Network tcp::writing_to_a_peer_that_is_gone_fails_in_the_end PeerNeverGone "Writing to a peer that is gone fails in the end."
        Network tcp::a_writer_far_ahead_of_its_reader_is_held_back WindowUnlimited "A writer whose peer does not read is held back, and nothing is lost by it."
        Network listener::port_zero_picks_a_free_port PortZeroKept "Binding port 0 picks a port that is free."
        Network tcp::both_ends_agree_on_their_addresses PeerAddressWrong "Both ends of a stream agree on both addresses, and `accept` says the same."
        Network tcp::a_stream_that_both_ends_closed_has_no_peer PeerKept "A stream that both ends have closed has no peer any more: `NotConnected`."
        Network tcp::a_stream_that_was_reset_has_no_peer ResetPeerKept "A stream that was reset has no peer any more: `NotConnected`."
        Network listener::a_port_that_is_listened_on_cannot_be_bound PortShared "A port that is listened on cannot be bound again."
        Network listener::a_foreign_address_cannot_be_bound ForeignAddressBound "An address that the machine does not have cannot be bound."
        Network listener::a_wildcard_listener_is_reached_at_the_hosts_address WildcardUnreachable "A listener on the unspecified address is reached at the host's own."
        Network listener::connections_wait_for_an_accept BacklogNone "A connection is established, and takes bytes, before it is accepted."
        Network listener::connections_are_accepted_in_the_order_they_were_made BacklogReversed "Connections are accepted in the order in which they were made."
        Network listener::an_accept_that_is_given_up_loses_no_connection AcceptNotCancelSafe "An accept whose future is dropped loses no connection."
        Network tcp::a_read_that_is_given_up_loses_no_bytes ReadNotCancelSafe "A read whose future is dropped loses no bytes."
        Network tcp::several_slices_are_one_write SlicesLeft "A write of several slices is one write of what they hold together."
        Network tcp::a_read_into_no_room_waits_and_takes_nothing EmptyReadReady "A read into no room waits for bytes as any other does, and takes none."
        Network listener::a_dropped_listener_refuses_what_comes_later ListenerLingers "When a listener is dropped, later connections are refused."
        Network listener::a_dropped_listeners_port_can_be_bound_again PortLeaked "When a listener is dropped, its port can be bound again."
        Network tcp::a_stream_outlives_its_listener ListenerTakesStreams "An accepted stream outlives its listener."
        Network tcp::a_dropped_write_half_ends_the_peers_reading WriteHalfLingers "Dropping the writing half ends the peer's reading and no more."
        Network tcp::halves_end_before_they_reset HalvesReset "Dropping both halves of a stream, the writing one last, ends the peer's reading, whatever was unread."
        Network listener::several_tasks_may_accept_at_once AcceptWakesLast "Several tasks may wait on one listener, and each connection wakes one."
        Network udp::a_datagram_arrives_with_its_senders_address SenderWrong "A datagram arrives whole, with its sender's address, at which an answer finds it."
        Network udp::datagrams_keep_their_boundaries DatagramsMerged "Datagrams keep their boundaries, and an empty one is one."
        Network udp::what_does_not_fit_the_buffer_is_cut_off DatagramKept "What does not fit into the receiver's buffer is cut off and gone."
        Network udp::a_datagram_over_the_largest_is_refused DatagramUnlimited "A datagram of more than 65,507 bytes is refused with `EMSGSIZE`."
        Network udp::a_datagram_to_port_zero_is_refused PortZeroSentTo "A datagram to port 0 is refused with `InvalidInput`."
        Network udp::a_datagram_to_another_family_is_refused FamiliesMixed "A datagram from a socket for IPv4 to an IPv6 address is refused with `EAFNOSUPPORT`."
        Network udp::a_datagram_to_everybody_is_refused EverybodySentTo "A datagram to a broadcast address is refused with `PermissionDenied`."
        Network udp::several_tasks_may_receive_at_once ReceiveWakesLast "Several tasks may wait on one datagram socket, and each datagram ends the wait of one."
        Network udp::a_receive_that_is_given_up_loses_no_datagram ReceiveNotCancelSafe "A receive whose future is dropped loses no datagram."
        Network udp::sending_to_nobody_is_no_error DatagramRefused "Sending a datagram to nobody is no error."
        Network udp::a_port_with_a_socket_cannot_be_bound UdpPortShared "A port with a datagram socket cannot be bound again before that is dropped."
        Network udp::a_wildcard_socket_is_reached_at_the_hosts_address UdpWildcardUnreachable "A datagram socket on the unspecified address is reached at the host's own."
        Network udp::a_socket_is_not_bound_to_a_foreign_address UdpForeignAddressBound "A datagram socket cannot be bound to an address that the machine does not have."
        Network udp::tcp_and_udp_ports_are_apart PortsTogether "TCP and UDP have port numbers of their own."
        Network name::a_numeric_address_is_its_own_name NumericUnknown "A numeric address is its own name."
        Network name::a_name_without_a_port_is_refused PortGuessed "A name without a valid port is refused with `InvalidInput`."
        Network name::connecting_by_name_reaches_the_listener NameIgnored "Connecting by name reaches who listens there."
        Time time::a_sleep_is_never_early SleepEarly "A sleep is never over before its deadline."
        Time time::sleeps_end_in_the_order_of_their_deadlines SleepsReversed "Sleeps end in the order of their deadlines."
        Time time::a_deadline_that_has_passed_is_ready PastDeadlineMissed "A sleep until a time that has passed is over."
        Time time::the_monotonic_clock_never_goes_back ClockGoesBack "The monotonic clock never goes back, and moves while one sleeps."
        Time time::a_clone_reads_the_same_clock ClonesApart "A clone of a clock reads the same clock, in another task too."
        Time time::the_wall_clock_moves_with_the_monotonic_one WallStands "The wall clock moves with the monotonic one unless it is set."
        Time time::a_timeout_gives_up_and_drops_its_future TimeoutEarly "A time-out is not early, and its future is gone by then."
        Time time::a_timeout_passes_a_result_on TimeoutWins "A future that is ready within the time, or at its end, beats the time-out."
        Time time::an_interval_ticks_at_once_and_then_by_its_period IntervalEarly "An interval ticks at once, and then never before its period has passed."
        Time time::an_interval_does_not_catch_up_in_a_burst IntervalBursts "Ticks that were missed are not made up for in a burst."
        Time time::a_sleep_can_be_put_off ResetIgnoredBefore "A sleep can be put off."
        Time time::a_sleep_can_be_brought_forward_while_it_waits ResetIgnoredWaiting "A sleep can be brought forward while it is being waited for."
        Time time::a_sleep_that_is_over_can_be_used_again ResetIgnoredAfter "A sleep that is over can be used again."
        Task task::joining_a_task_gives_its_result ResultLost "Joining a task gives its result."
        Task task::a_result_is_given_once ResultForgotten "A task's result is given once: who asks for it again panics."
        Task task::an_aborted_task_is_cancelled AbortIgnored "Joining an aborted task says that it was cancelled."
        Task task::an_aborted_task_drops_what_it_owned AbortLeaks "A task that was aborted and joined has dropped what it owned."
        Task task::who_aborts_itself_goes_on_to_its_next_await AbortAtOnce "A task that aborts itself goes on to its next await point, and may end before that."
        Task task::aborting_a_finished_task_leaves_its_result AbortAfterEnd "Aborting a task that is finished leaves its result."
        Task task::a_panic_is_a_join_error_with_its_words PanicSwallowed "A task's panic reaches who joins it, with its payload."
        Task task::a_task_is_finished_when_it_is_and_not_before FinishedAtOnce "A task is finished when it has ended, not before."
        Task task::a_detached_task_runs_on DetachAborts "A task whose handle is dropped runs on."
        Task task::yielding_lets_others_run YieldStarves "Yielding lets other tasks run."
        Task task::a_local_task_may_hold_what_is_not_send LocalLost "A local task may hold, and give back, what is not `Send`."
        Task task::blocking_work_gives_its_result BlockingLost "Joining blocking work gives its result."
        Task task::blocking_work_that_has_begun_is_not_aborted BlockingAborted "Blocking work that has begun cannot be aborted: its result is there."
        Task task::a_panic_of_blocking_work_is_a_join_error BlockingPanicSwallowed "A panic of blocking work reaches who joins it."
        Random random::every_bit_of_a_random_number_varies BitStuck "Every bit of a random number is 0 and 1 at times."
        Random random::numbers_below_a_bound_reach_all_of_them BoundMissed "Numbers below a bound are below it, and reach all of them."
        Random random::a_ratio_is_met RatioBiased "A ratio is met, and exactly so at none and all."
        Random random::clones_and_forks_do_not_repeat_each_other ClonesRepeat "Clones and forks of a random provider do not repeat each other."
        Random random::the_hosts_draw_different_numbers HostsAlike "Two hosts draw different numbers."
        Random random::entropy_fills_all_it_is_given EntropyShort "Entropy fills all bytes, and differs each time."
        Storage file::opening_what_is_not_there_fails OpenCreates "Opening what is not there fails with `NotFound`."
        Storage file::creating_keeps_what_is_there CreateEmpties "Opening with `create` keeps what is there."
        Storage file::creating_anew_fails_on_what_is_there CreateNewOpens "Opening with `create_new` fails if the name exists."
        Storage file::truncating_empties TruncateIgnored "Opening with `truncate` empties the file."
        Storage file::options_without_sense_are_refused OptionsUnchecked "Options that make no sense together are refused and change nothing."
        Storage file::a_directory_does_not_open_as_a_file DirectoryOpens "A directory does not open as a file."
        Storage file::there_is_nothing_below_a_file FileAsDirectory "A path below a file fails with `NotADirectory`."
        Storage file::what_is_written_is_read_through_another_handle WritesKeptBack "A write that is ready is seen through another handle."
        Storage file::large_writes_come_back_whole LargeWriteTorn "What is written in many pieces comes back whole."
        Storage file::reading_and_writing_move_the_cursor CursorStands "Reading and writing move the handle's one cursor."
        Storage file::seeking_moves_the_cursor SeekIgnored "Seeking counts from the start, the cursor or the end."
        Storage file::seeking_before_the_beginning_fails SeekClamped "Seeking before the beginning fails and leaves the cursor."
        Storage file::handles_have_cursors_of_their_own CursorShared "Each handle has a cursor of its own."
        Storage file::reading_at_the_end_gives_nothing EndIsAnError "At and behind the end a read gives no bytes, and what is left before it."
        Storage file::an_offset_beyond_the_kernels_is_refused OffsetsUnsigned "Reading or writing at, or seeking to, an offset of 2^63 or more is invalid and changes nothing."
        Storage file::positioned_reads_and_writes_leave_the_cursor PositionedMoves "Reading and writing by position leave the cursor, which sees what they wrote."
        Storage file::a_gap_reads_as_zeros GapIsGarbage "A gap that was never written reads as zeros."
        Storage file::an_exact_read_over_the_end_fails ExactReadShort "An exact read over the end fails with `UnexpectedEof`."
        Storage file::appending_goes_to_the_end AppendAtCursor "In append mode each write goes to the end of that moment, and the cursor follows."
        Storage file::a_positioned_write_in_append_mode_appends AppendAtOffset "In append mode a write by position appends."
        Storage file::setting_the_length_cuts_and_extends CutComesBack "Setting the length cuts off for good and extends with zeros."
        Storage file::a_cut_comes_after_a_write_that_was_given_up LargeCutIgnored "A file that is cut off after a write was given up stays as it is then."
        Storage file::a_file_that_is_opened_again_stays_as_it_is LargeSizeWrong "A file that is opened again stays as it is, although a write was given up before it was closed."
        Storage file::a_read_that_was_given_up_answers_none_after_a_seek RewindForgotten "What a read that was given up has found answers none that follows a seek."
        Storage file::a_handle_for_writing_does_not_read WriteOnlyReads "A handle that is not open for reading fails to read with `EBADF`."
        Storage file::a_handle_for_reading_does_not_write ReadOnlyWrites "A handle that is not open for writing fails to write with `EBADF` and to set the length with `EINVAL`."
        Storage file::a_healthy_disk_syncs SyncFails "On a healthy disk syncing succeeds, on a handle for reading too."
        Storage file::the_hosts_have_disks_of_their_own DisksShared "Each host has files of its own."
        Storage directory::a_name_exists_when_it_was_created ExistsLies "A name exists when it was created, and not otherwise."
        Storage directory::a_renamed_file_moves RenameCopies "A renamed file is at its new name only, and open handles follow it."
        Storage directory::a_rename_replaces_a_file RenameRefusesToReplace "A rename replaces a file, which lives on for those who have it open."
        Storage directory::a_renamed_directory_takes_its_entries_along RenameForgetsChildren "A renamed directory takes its entries along."
        Storage directory::a_rename_of_nothing_fails RenameOfNothing "A rename of what is not there, or to where no directory is, fails and changes nothing."
        Storage directory::a_rename_does_not_mix_files_and_directories RenameMixes "A rename puts no file over a directory, no directory over a file or over one that is not empty."
        Storage directory::a_deleted_file_lives_while_it_is_open DeleteEmpties "A deleted file lives on while it is open, apart from a new one of its name."
        Storage directory::deleting_what_is_no_file_fails DeleteOfDirectory "Deleting what is no file fails."
        Storage directory::directories_are_created_with_those_above ParentsMissing "Directories are created with those above; one that exists is no error."
        Storage directory::a_file_in_the_way_of_a_directory_fails_it FileReplacedByDirectory "A file in the way of a directory fails its creation."
        Storage directory::a_directory_lists_its_entries_by_name ListUnsorted "A directory lists its entries, and no others, sorted by name."
        Storage directory::listing_what_is_no_directory_fails ListOfNothing "Listing what is no directory fails."
        Storage directory::only_an_empty_directory_is_removed FullDirectoryRemoved "Only an empty directory is removed."
        Storage directory::removing_what_is_no_directory_fails RemoveOfFile "Removing what is no directory fails."
        Storage directory::a_directory_syncs DirectorySyncFails "On a healthy disk syncing a directory succeeds, the root included."
        Storage directory::syncing_what_is_no_directory_fails SyncOfNothing "Syncing what is no directory fails."
    } };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ([$world:expr] $($topic:ident $module:ident::$name:ident $switch:ident $promise:literal)+) => {$(
        #[test]
        fn $name() {
            $crate::check(&$world, $crate::$module::$name);
        }
    )+};
}

/// One `#[test]` per contract, each on the world that the expression builds anew.
#[macro_export]
macro_rules! tests {
    ($world:expr) => { $crate::__table!(__tests $world); };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __rows {
    ([] $($topic:ident $module:ident::$name:ident $switch:ident $promise:literal)+) => {
        /// How to break a model: one switch per contract, named by what goes wrong. The
        /// text is the promise that no longer holds.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Break {
            $(#[doc = $promise] $switch,)+
        }

        impl Break {
            /// Every switch, in the order of the table.
            pub const ALL: &'static [Break] = &[$(Break::$switch),+];
        }

        /// Every contract, in the order of the table.
        pub fn contracts<P: Providers>() -> Vec<Contract<P>> {
            vec![$(Contract {
                name: stringify!($name),
                topic: Topic::$topic,
                promise: $promise,
                switch: Break::$switch,
                body: |stage| Box::pin($crate::$module::$name(stage)),
            }),+]
        }
    };
}

__table!(__rows);
