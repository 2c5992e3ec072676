//! Mistakes in what the ledger remembers of client ids: beyond its bound, or at the cost of an account that is active.

use kernel::mutation::with;
use lab::world::market_spec;
use ledger::mutation::{FORGETS_ACTIVE, NEVER_FORGETS};
use ledger::{Ledger, Repeat};
use protocol::{CancelReason, Command, Entered, Fact, NewOrder, TimeInForce};
use units::{AccountId, ClientId, Lots, MarketId, OrderId, Price, Side};

/// Capacity for some accounts with an id each.
const BOUND: usize = 4_000;

/// Account 1 has an open order; many others come and go. The most bytes in use, and what is known of account 1.
fn remembered() -> (usize, Repeat) {
    let (client, side, price, quantity) = (ClientId::new(7), Side::Buy, Price(100), Lots(1));
    let (market, time_in_force) = (MarketId(0), TimeInForce::GoodTillCancel);
    let mut ledger = Ledger::remembering(BOUND);
    ledger.apply(&Fact::MarketOpened { market, spec: market_spec(0) }).expect("the first market");
    let mut most = 0;
    for number in 1..100 {
        let (order, account) = (OrderId(u64::from(number)), AccountId(number));
        let entered = Entered {
            order,
            new: NewOrder { account, client, market, side, price, quantity, time_in_force },
        };
        ledger.apply(&Fact::Entered(entered)).expect("an order of a new number");
        if number > 1 {
            let reason = CancelReason::Requested;
            ledger.apply(&Fact::Cancelled { order, quantity, reason }).expect("it is open");
        }
        most = most.max(ledger.remembered_bytes());
    }
    let account = AccountId(1);
    let command = Command::NewOrder(NewOrder {
        account,
        client,
        market,
        side,
        price,
        quantity,
        time_in_force,
    });
    (most, ledger.repeat(account, client.expect("it is not 0"), &command))
}

#[test]
fn an_active_account_is_found_however_many_come_and_go_and_the_bound_holds() {
    let (most, repeat) = remembered();
    assert!(most <= BOUND, "{most}");
    assert_eq!(repeat, Repeat::Same(OrderId(1)));
}

#[test]
fn an_account_that_is_forgotten_while_it_is_active_is_noticed() {
    assert_eq!(with(&[FORGETS_ACTIVE], remembered).1, Repeat::New);
}

#[test]
fn a_ledger_that_never_forgets_grows_beyond_its_bound() {
    assert!(with(&[NEVER_FORGETS], remembered).0 > BOUND);
}
