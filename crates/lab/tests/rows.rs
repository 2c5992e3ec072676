//! Every row of "what could go wrong here?" occurs in the chart that the table names for it. A row without
//! a test here fails the last one.

use std::path::Path;

use lab::chart::Chart;
use lab::laws::Row;

/// Plays the row's chart: the row must occur, and every law must hold.
fn comes_through(row: Row) {
    let charts = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../charts"));
    let file = charts.join(row.chart()).with_extension("chart");
    let text =
        std::fs::read_to_string(&file).unwrap_or_else(|why| panic!("{}: {why}", row.chart()));
    let played = Chart::parse(&text).and_then(|chart| chart.play());
    let played = played.unwrap_or_else(|why| panic!("{}: {why}", row.chart()));
    assert!(played.wrong.count(row) > 0, "{} does not come through {}", row.chart(), row.name());
}

macro_rules! rows {
    ($($test:ident: $row:ident,)*) => {
        $(#[test] fn $test() { comes_through(Row::$row); })*

        #[test]
        fn every_row_has_a_test() {
            let tested = [$((Row::$row, stringify!($test)),)*];
            for row in Row::ALL {
                let test = tested.iter().find(|(other, _)| other == row);
                assert_eq!(test.map(|(_, name)| *name), Some(&*row.test()), "no test of {}", row.name());
            }
        }
    };
}

rows! {
    before_the_proposal_the_incoming_order_dies: BeforeProposalTakerDies,
    at_introduce_the_resting_order_dies: AtIntroduceMakerDies,
    after_the_proposal_the_maker_dies: AfterProposalMakerDies,
    after_the_proposal_the_incoming_order_dies: AfterProposalTakerDies,
    after_the_acceptance_the_maker_dies: AfterAcceptMakerDies,
    after_the_acceptance_the_incoming_order_dies: AfterAcceptTakerDies,
    at_record_the_ledger_dies: AtRecordLedgerDies,
    after_recorded_the_maker_dies: AfterRecordedMakerDies,
    the_floor_dies: FloorDies,
    a_cancel_or_replace_arrives: ChangeArrives,
    a_message_kills_each_time: KillsEachTime,
    the_machine_dies: WorldDies,
}
