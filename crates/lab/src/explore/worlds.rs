//! The named worlds, with a sentence each. Each is small, and exists for one thing that can happen in it.

use super::World;

/// A name, a sentence, the commands, and the options.
type Entry = (&'static str, &'static str, &'static [&'static str], fn(World) -> World);

const WORLDS: &[Entry] = &[
    (
        "buyer-and-seller",
        "One buys, one sells, and either comes first",
        &["ann buys 1 @ 100", "sam sells 1 @ 100"],
        |world| world.faults(2),
    ),
    (
        "two-buyers-one-seller",
        "Two want what one has; one of them goes without",
        &["ann buys 1 @ 100", "bob buys 1 @ 100", "sam sells 1 @ 100"],
        |world| world.faults(2),
    ),
    (
        "a-cancel-in-flight",
        "The seller is cancelled at any moment, also in the middle of its deal",
        &["ann buys 1 @ 100", "sam sells 1 @ 100", "sam cancels"],
        |world| world.faults(2),
    ),
    (
        "a-replace-in-flight",
        "The seller gets another size and price at any moment, also in the middle of its deal",
        &["ann buys 2 @ 100", "sam sells 1 @ 100", "sam replaces 2 @ 99"],
        |world| world.faults(2),
    ),
    (
        "a-cancel-and-a-replace-in-flight",
        "The seller is replaced by more and the buyer is cancelled, each at any moment",
        &["ann buys 2 @ 100", "sam sells 1 @ 100", "ann cancels", "sam replaces 2 @ 100"],
        |world| world.faults(2),
    ),
    (
        "two-buyers-and-a-cancel",
        "Two want what one has, and the seller is cancelled at any moment",
        &["ann buys 1 @ 100", "bob buys 1 @ 100", "sam sells 1 @ 100", "sam cancels"],
        |world| world.faults(1),
    ),
    (
        "two-buyers-and-a-replace",
        "Two want what one has, and the seller is replaced by more at any moment",
        &["ann buys 1 @ 100", "bob buys 1 @ 100", "sam sells 1 @ 100", "sam replaces 2 @ 100"],
        |world| world.faults(1),
    ),
    (
        "two-buyers-a-cancel-and-a-replace",
        "Two want what one has; one of them is cancelled and the seller replaced by more, each at any moment",
        &[
            "ann buys 1 @ 100",
            "bob buys 1 @ 100",
            "sam sells 1 @ 100",
            "ann cancels",
            "sam replaces 2 @ 100",
        ],
        |world| world.faults(1),
    ),
    (
        "a-sweep",
        "A seller of three takes a better price first, then a part of a worse one",
        &["ann buys 2 @ 101", "bob buys 2 @ 100", "sam sells 3 @ 100"],
        |world| world.faults(1),
    ),
    (
        "immediate-or-cancel",
        "An order that may not rest trades what it can, and the rest of it is cancelled",
        &["ann buys 1 @ 100", "sam sells 2 @ 100 ioc"],
        |world| world.faults(2),
    ),
    (
        "two-and-two",
        "Two buy two each, two sell one and two",
        &["ann buys 2 @ 100", "bob buys 2 @ 101", "sam sells 1 @ 100", "tom sells 2 @ 100"],
        |world| world.faults(1),
    ),
    (
        "one-at-a-time",
        "Commands come as they do live, each after the last: trades are those of price-time priority",
        &["ann buys 2 @ 100", "bob buys 1 @ 101", "sam sells 2 @ 100", "sam replaces 3 @ 100"],
        |world| world.one_at_a_time().faults(2),
    ),
    (
        "the-world-dies",
        "The world is lost at any moment, and recovers from its durable facts; clients submit again",
        &["ann buys 2 @ 100", "sam sells 1 @ 100", "sam replaces 2 @ 100"],
        |world| world.may_die().faults(2),
    ),
    (
        "two-and-two-of-one",
        "Two buy and two sell one each, at two prices",
        &["ann buys 1 @ 100", "bob buys 1 @ 101", "sam sells 1 @ 100", "tom sells 1 @ 101"],
        |world| world.faults(1),
    ),
    (
        "given-up",
        "A seller dies more often than its supervisor allows: it is suspended, and cancelled",
        &["ann buys 1 @ 100", "sam sells 1 @ 100", "sam cancels"],
        |world| world.in_a_rush().mortals(&["sam"]).faults(4),
    ),
];

/// All named worlds, each with the faults that it is explored with by default.
pub fn worlds() -> Vec<World> {
    let world = |(name, about, given, more): &Entry| {
        more(World::new(name, about, given).expect("its lines are read by a test"))
    };
    WORLDS.iter().map(world).collect()
}

impl World {
    /// One of [`worlds`].
    pub fn named(name: &str) -> Option<World> {
        worlds().into_iter().find(|world| world.name == name)
    }
}
