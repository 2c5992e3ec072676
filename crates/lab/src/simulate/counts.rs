//! Counts of a run; and which interesting states it never reached. A run in which
//! nothing happened proves nothing.

macro_rules! counts {
    ($($name:ident = $text:literal;)*) => {
        /// Counts of events.
        #[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
        pub struct Counts { $(#[doc = $text] pub $name: u64,)* }

        impl Counts {
            /// Adds those of another run.
            pub fn add(&mut self, other: &Counts) {
                $(self.$name += other.$name;)*
            }

            /// Every count with its name and its meaning.
            pub fn all(&self) -> Vec<(&'static str, u64, &'static str)> {
                vec![$((stringify!($name), self.$name, $text),)*]
            }
        }
    };
}

counts! {
    order_lifetimes = "orders that entered";
    commands = "commands that a world has processed";
    steps = "signals delivered, each followed by a check of the laws";
    facts = "facts that were recorded";
    trades = "deals that became trades";
    voided_deals = "deals that the ledger voided";
    kills = "processes killed";
    restarts = "processes restarted";
    suspended = "orders that their supervisor suspended";
    suspended_cancelled = "of these: cancelled by their owner";
    released = "of these: released by the operator";
    released_trades = "trades of orders that were released";
    released_already = "releases that were rejected, since they had been done before a crash";
    markets_stopped = "markets stopped, since their floors died too often";
    markets_resumed = "of these: resumed by the operator";
    refused_by_stopped = "commands rejected because their market was stopped";
    clock_jumps = "times that the system's clock was set";
    clock_disbelieved = "batches that came while the exchange did not follow it";
    clock_refusals = "starts refused since the journal was ahead of the clock";
    world_deaths = "worlds lost, with the program or the machine";
    program_deaths = "of these: the program alone";
    power_losses = "of these: the machine";
    failed_disks = "of these: because the disk had failed, by name";
    deaths_in_recovery = "starts that were interrupted";
    torn_tails = "half-written records that were cut at a start";
    lost_facts = "facts that were lost before they were acknowledged";
    failed_syncs = "syncs that failed";
    failed_writes = "writes that failed";
    short_writes = "writes of which only a part was taken at first";
    slow_operations = "operations of the disk that took long";
    full_disks = "times that the disk was filled up";
    rejected_for_space = "commands rejected because there was no space for their facts";
    refused_for_price = "commands rejected because their market does not accept the price";
    cancelled_without_space = "cancels that worked on a full disk";
    stalls = "times that facts waited for disk space";
    cancels_refused = "of these: cancels, since the reserve was used up";
    no_inodes = "times that no new file could be made";
    failed_makes = "files that could not be made or renamed, since the disk failed";
    taken_away = "segments, locks and folders that another program took away from a service";
    taken_noticed = "of these: noticed by the service, which ended by name";
    kept_copies = "of these: segments that a start went on from as the service had kept them";
    missing_found = "of these: segments without which a start was refused, before they were put back";
    second_services = "second services on the same disk, which were refused";
    seconds_without_lock = "of these: though there was no lock file";
    clean_ends = "services that ended in good order";
    stale_bytes = "times that stale bytes came back on the disk";
    stale_found = "of these: found and named";
    bit_rots = "bits flipped on the disk";
    bit_rot_found = "of these: found and named";
    batches_cut = "of these: in the last batch before a loss of power, which was cut";
    snapshots_loaded = "starts that began from a snapshot";
    unknown = "commands of unknown outcome, submitted again";
    repeated = "of these: done before, with the same answer";
    in_flight = "batches that were answered while others waited for the disk";
}

/// Counts that must be above zero in a long enough run: each is a state that a law has to hold in.
pub const SOMETIMES: &[&str] = &[
    "order_lifetimes",
    "trades",
    "voided_deals",
    "kills",
    "restarts",
    "suspended",
    "suspended_cancelled",
    "released",
    "released_trades",
    "markets_stopped",
    "markets_resumed",
    "refused_by_stopped",
    "clock_jumps",
    "clock_disbelieved",
    "clock_refusals",
    "world_deaths",
    "program_deaths",
    "power_losses",
    "failed_disks",
    "deaths_in_recovery",
    "torn_tails",
    "lost_facts",
    "failed_syncs",
    "failed_writes",
    "short_writes",
    "slow_operations",
    "full_disks",
    "rejected_for_space",
    "refused_for_price",
    "cancelled_without_space",
    "stalls",
    "cancels_refused",
    "no_inodes",
    "failed_makes",
    "taken_away",
    "taken_noticed",
    "kept_copies",
    "missing_found",
    "second_services",
    "seconds_without_lock",
    "clean_ends",
    "stale_bytes",
    "stale_found",
    "bit_rots",
    "bit_rot_found",
    "snapshots_loaded",
    "unknown",
    "repeated",
    "in_flight",
];
