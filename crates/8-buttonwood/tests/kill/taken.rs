//! The real command, with files deleted by another program, without a reserve, and without free inodes.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::disk::{ACCOUNT, assert_full, fill, place, place_until_full, resumes};
use crate::mount::{Mount, or_skip};
use crate::server::{Http, Server};

const SEGMENT: &str = "00000000000000000001.facts";

fn cancel(http: &Http, order: &str) -> (u16, Value) {
    http.submit(ACCOUNT, "DELETE", &format!("/orders/{order}"), None).expect("the server runs")
}

#[test]
fn files_that_are_taken_away_end_the_server_by_name_and_what_was_answered_is_there() {
    type Take = fn(&Path);
    let takes: [(&str, &str, Take); 4] = [
        ("newest segment", "written to", |dir| fs::remove_file(dir.join(SEGMENT)).unwrap()),
        ("newest segment", ".kept", |dir| {
            fs::write(dir.join("other"), "x")
                .and_then(|()| fs::rename(dir.join("other"), dir.join(SEGMENT)))
                .unwrap()
        }),
        ("lock file", "facts are all there", |dir| fs::remove_file(dir.join("lock")).unwrap()),
        ("folder", "Put the folder back", |dir| {
            fs::rename(dir, dir.with_extension("moved")).unwrap();
        }),
    ];
    for (what, then, take) in takes {
        for at_rest in [true, false] {
            let root = tempfile::tempdir().unwrap();
            let dir = root.path().join("journal");
            let mut server = Server::start(&dir, u64::MAX).unwrap();
            let http = server.http();
            let mut orders = Vec::new();
            (0..20).for_each(|n| resumes(&http, n, &mut orders));
            take(&dir);
            if !at_rest && what != "lock file" {
                // Without a log line it ended before its answer.
                if let Ok((status, problem)) = place(&http, 20) {
                    assert_eq!(status, 503, "{problem}");
                }
            }
            let (status, said) = server.ended();
            assert_eq!(status.code(), Some(1), "{said}");
            assert!(said.contains(what) && said.contains(then), "{what}: {said}");
            match then {
                ".kept" => {
                    let kept = dir.join(format!("{SEGMENT}.kept"));
                    fs::rename(kept, dir.join(SEGMENT)).unwrap();
                }
                "Put the folder back" => fs::rename(dir.with_extension("moved"), &dir).unwrap(),
                _ => {}
            }
            let server = Server::start(&dir, u64::MAX).unwrap();
            let http = server.http();
            for order in &orders {
                assert_eq!(http.get(ACCOUNT, &format!("/orders/{order}"))["status"], "open");
            }
            server.interrupt();
        }
    }
}

#[test]
fn with_nothing_set_aside_a_full_disk_refuses_cancels_too_at_once_and_says_so() {
    let Some(disk) = or_skip(Mount::memory(12 << 20), "a full disk") else { return };
    let (dir, filler) = (disk.path().join("journal"), disk.path().join("other-program"));
    let mut server = Server::start_with(&dir, u64::MAX, "0").unwrap();
    let (http, mut orders) = (server.http(), Vec::new());
    resumes(&http, 0, &mut orders);
    fill(&filler);
    let refused = place_until_full(&http, 1, &mut orders);
    for order in orders.iter().take(20) {
        assert_full(cancel(&http, order), 0);
        assert_eq!(http.get(ACCOUNT, &format!("/orders/{order}"))["status"], "open");
    }
    let (status, ready) = http.submit(0, "GET", "/readyz", None).unwrap();
    assert_eq!((status, ready["code"].as_str()), (503, Some("journal-full")), "{ready}");
    assert!(ready["message"].as_str().unwrap().contains("cancels"), "{ready}");
    server.wait_said("orders and cancels are rejected");
    fs::remove_file(&filler).unwrap();
    resumes(&http, refused, &mut orders);
    assert_eq!(cancel(&http, &orders[0]).0, 200);
    server.wait_said("has space again");
    server.interrupt();
}

/// Creates empty files until that fails.
fn fill_with_files(dir: &Path) {
    fs::create_dir_all(dir).unwrap();
    let made = (0..100_000).take_while(|n| fs::write(dir.join(n.to_string()), "").is_ok());
    assert!(made.count() < 100_000, "inodes are not bounded");
}

#[test]
fn a_disk_without_inodes_is_full_and_no_failure() {
    let disk = Mount::memory_of_files(64 << 20, 40);
    let Some(disk) = or_skip(disk, "a disk without inodes") else { return };
    let (dir, filler) = (disk.path().join("journal"), disk.path().join("other-program"));
    let mut server = Server::start(&dir, 500).unwrap();
    let (http, mut orders) = (server.http(), Vec::new());
    resumes(&http, 0, &mut orders);
    fill_with_files(&filler);
    (1..1_000).for_each(|n| resumes(&http, n, &mut orders));
    server.wait_said("could not save a snapshot");
    assert_eq!(cancel(&http, &orders[0]).0, 200);
    server.kill();

    // Without a reserve, and without a name for a new one.
    fs::remove_file(dir.join("reserve")).unwrap();
    fs::write(filler.join("the-last"), "").unwrap();
    let mut server = Server::start(&dir, 500).unwrap();
    let http = server.http();
    assert_full(place(&http, 1_000).unwrap(), 0);
    assert_eq!(cancel(&http, &orders[1]).0, 200);
    server.wait_said("df -i");
    fs::remove_dir_all(&filler).unwrap();
    resumes(&http, 1_000, &mut orders);
    server.interrupt();
}
