//! Client ids: remembered, repeated and forgotten.

use super::*;

#[test]
fn a_client_id_names_one_command() {
    let mut desk = desk();
    let first = named(order(Side::Buy, 5, 100), 7);
    assert!(matches!(desk.submit(first)[..], [Outcome::Entered(e)] if e.new.client.is_some()));
    assert_eq!(desk.submit(first), [Outcome::Repeated(OrderId(2))]);
    let used = refused(RejectCode::ClientIdUsed);
    assert_eq!(desk.submit(named(order(Side::Buy, 6, 100), 7)), used);
    assert_eq!(
        desk.submit(named(order(Side::Buy, 0, 100), 7)),
        used,
        "before its numbers are read"
    );
    let replace = |order, client| {
        Command::Replace(Replace {
            account: ANN,
            client: ClientId::new(client),
            order: OrderId(order),
            price: Price(100),
            quantity: Lots(4),
        })
    };
    assert_eq!(desk.submit(replace(99, 7)), used, "before its order is looked for");
    assert!(matches!(desk.submit(replace(2, 8))[..], [Outcome::Replaced { .. }]));
    desk.cancel(2);
    assert_eq!(desk.submit(replace(2, 8)), [Outcome::Repeated(OrderId(2))], "also when it is gone");
    assert_eq!(desk.submit(first), [Outcome::Repeated(OrderId(2))]);
    // Another account's ids are its own.
    let bobs = named(NewOrder { account: BOB, ..order(Side::Buy, 6, 100) }, 7);
    assert!(matches!(desk.submit(bobs)[..], [Outcome::Entered(_)]));
    let nowhere = NewOrder { market: MarketId(5), ..order(Side::Buy, 6, 100) };
    assert_eq!(
        desk.submit(named(nowhere, 7)),
        refused(RejectCode::UnknownMarket),
        "which goes before"
    );
}

#[test]
fn a_rejected_command_leaves_its_client_id_free() {
    let mut desk = desk();
    assert_eq!(desk.submit(named(order(Side::Buy, 0, 100), 7)), refused(RejectCode::BadQuantity));
    assert!(matches!(desk.submit(named(order(Side::Buy, 1, 100), 7))[..], [Outcome::Entered(_)]));
}

#[test]
fn the_newest_client_ids_are_remembered_for_a_bounded_number_of_accounts() {
    let mut desk = bounded(Bounds { accounts: 1, client_ids: 2, ..Bounds::default() });
    let command = |id: u128| named(order(Side::Buy, 1, 100), id);
    for id in 1..=3 {
        assert!(matches!(desk.submit(command(id))[..], [Outcome::Entered(_)]));
    }
    assert_eq!(desk.submit(command(2)), [Outcome::Repeated(OrderId(3))]);
    assert!(
        matches!(desk.submit(command(1))[..], [Outcome::Entered(_)]),
        "forgotten, so it is new"
    );
    let bobs = NewOrder { account: BOB, ..order(Side::Buy, 1, 100) };
    assert_eq!(desk.submit(named(bobs, 1)), refused(RejectCode::TooManyAccounts));
    assert_eq!(desk.place(bobs), [], "an account that uses no client ids is not counted");
}
