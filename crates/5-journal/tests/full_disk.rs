//! A real disk that is really full: a file system of three megabytes in memory.
//!
//! Mounting one needs root on Linux. Without root the test reports that and checks nothing; with
//! `CI` set it fails instead.

use std::path::Path;
use std::process::Command;

use journal::{DiskJournal, Journal, JournalError, Options, verify};
use protocol::bytes::FactEncoder;
use protocol::{CancelReason, Fact, Stamp};
use units::{CommandId, Lots, OrderId, Time};

/// Unmounts when dropped.
struct Mount(tempfile::TempDir);

impl Drop for Mount {
    fn drop(&mut self) {
        let done = Command::new("umount").arg(self.0.path()).status();
        assert!(done.is_ok_and(|status| status.success()) || std::thread::panicking());
    }
}

fn mount() -> Result<Mount, String> {
    let dir = tempfile::tempdir().map_err(|error| error.to_string())?;
    let mut command = Command::new("mount");
    command.args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"]).arg(dir.path());
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(Mount(dir))
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn groups(first: u64, facts: u64) -> FactEncoder {
    let mut groups = FactEncoder::new();
    for seq in first..first + facts {
        let stamp = Stamp { seq, command: CommandId(seq), time: Time(1 << 60) };
        let reason = CancelReason::Requested;
        groups.push(stamp, &Fact::Cancelled { order: OrderId(1), quantity: Lots(seq), reason });
    }
    groups
}

fn assert_holds(dir: &Path, end: u64) -> Result<(), JournalError> {
    let mut seq = 1;
    let verified = verify(dir, &mut |stamp, _| {
        assert_eq!(stamp.seq, seq);
        seq += 1;
    })?;
    assert_eq!((seq, verified.intact, verified.cut_bytes), (end, true, 0));
    Ok(())
}

#[test]
fn a_full_disk_keeps_orders_out_and_takes_cancels_until_there_is_room() {
    let mount = match mount() {
        Ok(mount) => mount,
        Err(why) if std::env::var_os("CI").is_some() => panic!("cannot mount a small disk: {why}"),
        Err(why) => {
            eprintln!("\n*** SKIPPED: the test of a full disk needs root to mount one: {why}\n");
            return;
        }
    };
    let root = mount.0.path();
    let dir = root.join("journal");
    let reserve = 256 << 10;
    let options = Options { segment_bytes: 1 << 20, reserve_bytes: reserve };
    let mut journal = DiskJournal::open(&dir, options).unwrap();
    std::fs::write(root.join("other-file"), vec![1; 1 << 20]).unwrap();
    while journal.free_space().unwrap().for_orders {
        journal.append(&groups(journal.end(), 100)).unwrap();
        assert_eq!(journal.sync().unwrap(), journal.end());
    }
    let begun = journal.end();
    let full = loop {
        match journal.append(&groups(journal.end(), 1)) {
            Ok(()) => assert_eq!(journal.sync().unwrap(), journal.end()),
            Err(error) => break error,
        }
    };
    assert!(matches!(full, JournalError::Full { .. }), "{full}");
    assert!(journal.end() - begun > reserve / journal::FreeSpace::PER_CANCEL);
    assert_holds(&dir, journal.end()).unwrap();
    assert!(!journal.free_space().unwrap().for_orders);
    drop(journal);
    let mut journal = DiskJournal::open(&dir, options).unwrap(); // full as it is
    assert!(!journal.free_space().unwrap().for_orders);
    std::fs::remove_file(root.join("other-file")).unwrap();
    assert!(journal.free_space().unwrap().for_orders);
    journal.append(&groups(journal.end(), 1000)).unwrap();
    let end = journal.sync().unwrap();
    drop(journal);
    assert_holds(&dir, end).unwrap();
}
