//! Results as tables or JSON.

use super::{Cost, Part, Plan, Report};

/// What a key of the report means, in a few words.
fn words(key: &str) -> &'static str {
    match key {
        "spawn_exit_ns" => "spawn and exit, one by one",
        "spawn_many_ns" => "spawn and exit, 100 thousand at once",
        "burst_message_ns" => "message, in a burst",
        "ping_pong_ns" => "round trip of a message",
        "monitor_fired_ns" => "monitor set, fired, heard",
        "restart_ns" => "restart by a supervisor",
        _ => "",
    }
}

/// All results as tables.
pub fn tables(report: &Report) {
    println!("\nruntimes on one thread, ns each by the thread's own processor time");
    print!("{:<38}", "");
    for part in &report.costs[0].parts {
        print!("{:>12}", part.name);
    }
    println!("   best peer / ours");
    for cost in &report.costs {
        print!("{:<38}", words(cost.key));
        for part in &cost.parts {
            match part.median() {
                Some(ns) => print!("{ns:>12.1}"),
                None => print!("{:>12}", "-"),
            }
        }
        let by_best = cost.best_peer(Part::best).map_or(f64::NAN, |(_, ratio)| ratio);
        match cost.best_peer(Part::median) {
            Some((name, ratio)) => println!("   x {ratio:.1}, best rounds x {by_best:.1} ({name})"),
            None => println!(),
        }
    }
    print!("{:<38}", "bytes an idle process");
    for held in &report.held {
        match held.bytes {
            Some(bytes) => print!("{bytes:>12.0}"),
            None => print!("{:>12}", "-"),
        }
    }
    println!("\n\nLife, {} cells", report.lives.cells);
    for part in &report.lives.parts {
        if let Some(ns) = part.median() {
            println!("{:<38}{:>12.1} ns a cell's step, {:>12.0} a second", part.name, ns, 1e9 / ns);
        }
    }
    let orders = &report.orders;
    println!(
        "\nan order per process: {} orders, {} cancels, {} trades",
        orders.orders, orders.cancels, orders.trades
    );
    for part in &orders.parts {
        if let Some(ns) = part.median() {
            println!("{:<38}{:>12.1} ns an order, {:>12.0} a second", part.name, ns, 1e9 / ns);
        }
    }
    let [before, after] = report.load_average;
    if let (Some(before), Some(after)) = (before, after) {
        println!("\nmedians; load average {before} when it began, {after} when it ended");
    }
}

/// All results as one JSON object. Names have no characters that would need escaping.
pub fn json(plan: &Plan, report: &Report) -> String {
    let costs: Vec<String> = report.costs.iter().map(cost_json).collect();
    let held: Vec<String> = report
        .held
        .iter()
        .map(|held| format!("{{\"runtime\":\"{}\",\"bytes\":{}}}", held.name, number(held.bytes)))
        .collect();
    let lives: Vec<String> =
        report.lives.parts.iter().map(|part| rate_json(part, "cell_steps_per_second")).collect();
    let orders: Vec<String> =
        report.orders.parts.iter().map(|part| rate_json(part, "orders_per_second")).collect();
    let [before, after] = report.load_average;
    format!(
        "{{\"rounds\":{},\"alive\":{},\"quick\":{},\"load_average\":[{},{}],{},\
         \"bytes_per_process\":[{}],\"life\":{{\"cells\":{},\"runtimes\":[{}]}},\
         \"orders\":{{\"orders\":{},\"cancels\":{},\"trades\":{},\"runtimes\":[{}]}}}}",
        plan.rounds,
        plan.alive,
        plan.quick,
        number(before),
        number(after),
        costs.join(","),
        held.join(","),
        report.lives.cells,
        lives.join(","),
        report.orders.orders,
        report.orders.cancels,
        report.orders.trades,
        orders.join(",")
    )
}

fn cost_json(cost: &Cost) -> String {
    let parts: Vec<String> = cost.parts.iter().map(part_json).collect();
    let ratio = |by| number(cost.best_peer(by).map(|(_, ratio)| ratio));
    format!(
        "\"{}\":{{\"runtimes\":[{}],\"best_peer_to_ours\":{},\"best_peer_to_ours_in_best_rounds\":{}}}",
        cost.key,
        parts.join(","),
        ratio(Part::median),
        ratio(Part::best)
    )
}

fn part_json(part: &Part) -> String {
    let (median, best) = (number(part.median()), number(part.best()));
    format!("{{\"runtime\":\"{}\",\"ns\":{median},\"best_ns\":{best}}}", part.name)
}

fn rate_json(part: &Part, key: &str) -> String {
    let rate = part.median().map_or("null".to_owned(), |ns| format!("{:.0}", 1e9 / ns));
    let ns = number(part.median());
    format!("{{\"runtime\":\"{}\",\"ns\":{ns},\"{key}\":{rate}}}", part.name)
}

fn number(value: Option<f64>) -> String {
    value.map_or("null".to_owned(), |value| format!("{value:.2}"))
}
