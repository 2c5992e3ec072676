//! The real command on real disks: one that fills up and gets space again, and one that accepts writes and then
//! fails to sync them.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc::channel;

use serde_json::Value;

use crate::mount::{Mount, or_skip, sh};
use crate::server::{Gone, Http, Server, run};
use crate::trader::{Chance, Trader};

/// Orders that rest are placed in the name of this account.
pub(crate) const ACCOUNT: u32 = 7;

pub(crate) fn place(http: &Http, n: u32) -> Result<(u16, Value), Gone> {
    let body = serde_json::json!({
        "product_id": "TEA-USD", "side": "buy", "price": "1.00", "size": "1",
        "client_oid": format!("full-{n}"),
    });
    http.submit(ACCOUNT, "POST", "/orders", Some(&body))
}

/// Fills a file system to its last byte, as another program would.
pub(crate) fn fill(file: &Path) {
    let mut file = fs::OpenOptions::new().create(true).append(true).open(file).unwrap();
    for chunk in [1 << 20, 4096, 1] {
        let zeros = vec![1; chunk];
        loop {
            match file.write(&zeros) {
                Ok(written) if written > 0 => {}
                _ => break,
            }
        }
    }
}

/// Places orders until one is rejected for lack of space; gives the number of that one.
pub(crate) fn place_until_full(http: &Http, from: u32, orders: &mut Vec<String>) -> u32 {
    for n in from..from + 200_000 {
        match place(http, n).expect("the server runs") {
            (200, order) => orders.push(order["id"].as_str().unwrap().to_owned()),
            refused => return assert_full(refused, n),
        }
    }
    panic!("the disk never was full")
}

pub(crate) fn assert_full((status, problem): (u16, Value), n: u32) -> u32 {
    assert_eq!((status, problem["code"].as_str()), (503, Some("journal-full")), "{problem}");
    n
}

/// While the disk is full, new orders are rejected, acknowledged orders stay, and every order can be cancelled.
fn assert_works_as_when_full(http: &Http, refused: u32, orders: &[String], cancel: &[String]) {
    assert_full(place(http, refused).unwrap(), refused);
    let last = orders.last().unwrap();
    assert_eq!(http.get(ACCOUNT, &format!("/orders/{last}"))["status"], "open");
    let body = serde_json::json!({ "price": "1.01", "size": "1" });
    let path = format!("/orders/{last}");
    assert_full(http.submit(ACCOUNT, "PUT", &path, Some(&body)).unwrap(), 0);
    for id in cancel {
        let path = format!("/orders/{id}");
        let (status, body) = http.submit(ACCOUNT, "DELETE", &path, None).unwrap();
        assert_eq!(status, 200, "{body}");
        assert_eq!(http.get(ACCOUNT, &path)["done_reason"], "canceled");
    }
    let (status, ready) = http.submit(0, "GET", "/readyz", None).unwrap();
    assert_eq!((status, ready["code"].as_str()), (503, Some("journal-full")), "{ready}");
    assert!(http.get(0, "/products/TEA-USD/book")["bids"][0][2].as_u64() > Some(0));
}

/// Repeats the order until it is accepted; the journal checks for free space ten times a second.
pub(crate) fn resumes(http: &Http, n: u32, orders: &mut Vec<String>) {
    for _ in 0..20_000 {
        match place(http, n).expect("the server runs") {
            (200, order) => return orders.push(order["id"].as_str().unwrap().to_owned()),
            refused => assert_full(refused, n),
        };
    }
    panic!("the disk has space, and trading does not resume")
}

#[test]
fn a_full_disk_refuses_orders_and_trading_resumes_without_a_start_when_there_is_room() {
    let Some(disk) = or_skip(Mount::memory(40 << 20), "a full disk") else { return };
    let (dir, filler) = (disk.path().join("journal"), disk.path().join("other-file"));
    let mut server = Server::start(&dir, 2_000).unwrap();
    let (http, mut orders) = (server.http(), Vec::new());
    resumes(&http, 0, &mut orders);
    fill(&filler);
    let refused = place_until_full(&http, 1, &mut orders);
    let gone: Vec<String> = orders.drain(..50).collect();
    assert_works_as_when_full(&http, refused, &orders, &gone);
    server.wait_said("DISK IS FULL");
    server.kill();

    // Started again while it is full as ever.
    let mut server = Server::start(&dir, 2_000).unwrap();
    let http = server.http();
    let told = http.get(ACCOUNT, &format!("/orders/{}", gone[0]));
    assert_eq!(told["done_reason"], "canceled");
    let more: Vec<String> = orders.drain(..50).collect();
    assert_works_as_when_full(&http, refused, &orders, &more);
    server.wait_said("DISK IS FULL");
    fs::remove_file(&filler).unwrap();
    resumes(&http, refused, &mut orders);
    server.wait_said("has space again");
    let open = http.get(0, "/products/TEA-USD/book")["bids"][0][2].as_u64().unwrap();
    assert_eq!(open, orders.len() as u64, "all that were acknowledged, once");
    assert!(server.is_alive(), "trading has resumed without another start");
    server.interrupt();
    let (well, out, err) = run(&["journal", "verify", "--json"], &dir);
    assert!(well && out.contains("\"intact\": true"), "{out} {err}");
}

/// An ext4 in a sparse image, on a disk in memory without space for its holes: it accepts writes, and
/// fails when they are synced.
struct Lying {
    backing: Mount,
    image: PathBuf,
    disk: Mount,
}

fn lying() -> Result<Lying, String> {
    let backing = Mount::memory(48 << 20)?;
    let image = backing.path().join("image");
    fs::File::create(&image).and_then(|f| f.set_len(96 << 20)).map_err(|why| why.to_string())?;
    sh("mkfs.ext4", &["-q", "-F", "-E", "nodiscard"], &image)?;
    let disk = Mount::image(&image)?;
    Ok(Lying { backing, image, disk })
}

#[test]
fn a_disk_that_loses_what_it_took_ends_the_server_by_name_and_nothing_told_is_lost() {
    let Some(Lying { backing, image, disk }) = or_skip(lying(), "a disk that loses writes") else {
        return;
    };
    let dir = disk.path().join("journal");
    let mut server = Server::start(&dir, u64::MAX).unwrap();
    let (ticks, ticked) = channel();
    let (mut trader, mut chance) = (Trader::new(1), Chance::new(3));
    trader.trade(&server.http(), &mut chance, &ticks, 100);
    assert!(ticked.try_iter().count() > 50);
    let told = trader.acknowledged;
    let filler = backing.path().join("other-file");
    fill(&filler);
    let http = server.http();
    // Blocks that the image has already take some more; then a sync fails, and its commands are not answered.
    let mut n = 0;
    let problem = loop {
        n += 1;
        match place(&http, n) {
            Ok((200, _)) => assert!(n < 200_000, "the disk never failed"),
            Ok((_, problem)) => break Some(problem),
            Err(Gone) => break None, // its end was quicker than its answer
        }
    };
    if let Some(problem) = problem {
        assert_eq!(problem["code"], "unavailable", "{problem}");
    }
    let (status, said) = server.ended();
    assert_eq!(status.code(), Some(1), "{said}");
    for part in ["could not ", ".facts: ", "journal verify"] {
        assert!(said.contains(part), "should say {part:?}: {said}");
    }

    // The disk is repaired: it has space, and its file system was checked.
    fs::remove_file(&filler).unwrap();
    disk.unmount().unwrap();
    let _mended_or_clean = sh("e2fsck", &["-fp"], &image);
    let disk = Mount::image(&image).unwrap();
    let dir = disk.path().join("journal");
    let server = Server::start(&dir, u64::MAX).unwrap();
    let http = server.http();
    for n in 1..n {
        let order = http.get(ACCOUNT, &format!("/orders/client:full-{n}"));
        assert_eq!(order["status"], "open", "{order}");
    }
    assert_eq!(place(&http, n).unwrap().0, 200, "an unanswered command can be submitted again");
    for order in &mut trader.orders {
        order.see(&http.get(1, &format!("/orders/client:{}", order.oid)));
    }
    assert!(told > 50);
    server.interrupt();
    let (well, out, err) = run(&["journal", "verify", "--json"], &dir);
    assert!(well && out.contains("\"intact\": true"), "{out} {err}");
}
