//! Nobody is told what is not durable: the law *outside facts*, at the edge where a world's facts leave it.

use exchange::mutation::EARLY_TELL;
use exchange::steps::{Answering, Batch, Keeping, Moment, Reply};
use exchange::{Exchange, Options};
use journal::MemoryJournal;
use kernel::mutation::with;
use lab::world::market_spec;
use units::Time;
use words::Ask;

/// A start of the world and its first ask: facts of which clients were told, and those that are durable.
fn told_and_durable() -> (u64, u64) {
    let mut exchange = Exchange::new(Options::default());
    let mut answering = Answering::new(0, 1_000);
    let mut keeping = Keeping::new(Box::new(MemoryJournal::new()));
    let now = |time| Moment { time: Time(time), uptime: time, room: true };
    answering.begin(&mut exchange, now(0));
    let asks = vec![Ask::OpenMarket(market_spec(0))];
    let batch = Batch { asks, reply: Reply::new(|_| ()) };
    answering.take(&mut exchange, batch, now(1));
    keeping.take(answering.hand_on(&exchange));
    let turn = keeping.turn(false);
    let told = turn.told.iter().map(|chunk| chunk.groups().facts()).sum();
    (told, turn.durable)
}

#[test]
fn an_early_tell_is_told_before_it_is_durable() {
    assert_eq!(told_and_durable(), (2, 2));
    assert_eq!(with(&[EARLY_TELL], told_and_durable), (2, 0));
}
