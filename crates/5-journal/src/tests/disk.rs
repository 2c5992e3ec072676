//! Each operation on real files does what [`Storage`] says.

use std::io::ErrorKind;
use std::path::Path;

use crate::disk::LOCK;
use crate::{Disk, JournalError, Lost, Storage, StorageFile};

/// The content of a file.
fn content(disk: &Disk, name: &str) -> Vec<u8> {
    let file = disk.open(name).unwrap();
    let mut bytes = vec![0; usize::try_from(file.length().unwrap()).unwrap()];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

#[test]
fn a_file_has_what_was_written_under_the_name_that_it_was_given() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::new(dir.path()).unwrap();
    let file = disk.create("a").unwrap();
    assert_eq!(file.length().unwrap(), 0);
    file.write_at(2, b"hello").unwrap();
    assert_eq!((file.length().unwrap(), content(&disk, "a")), (7, b"\0\0hello".to_vec()));
    let mut middle = [0; 3];
    assert_eq!(file.read_some(3, &mut middle).unwrap(), 3);
    assert_eq!(&middle, b"ell");
    assert_eq!(file.read_some(7, &mut middle).unwrap(), 0);
    file.set_length(3).unwrap();
    assert_eq!(content(&disk, "a"), b"\0\0h");
    disk.rename("a", "b").unwrap();
    assert_eq!(disk.open("a").unwrap_err().kind(), ErrorKind::NotFound);
    disk.open_writable("b").unwrap().write_at(0, b"wi").unwrap();
    assert_eq!(content(&disk, "b"), b"wih");
    assert!(disk.open("b").unwrap().write_at(0, b"x").is_err(), "opened for reading only");
    assert_eq!(disk.list().unwrap(), ["b"]);
    assert_eq!(disk.create("b").unwrap().length().unwrap(), 0);
    disk.remove("b").unwrap();
    assert_eq!(disk.list().unwrap(), [""; 0]);
    assert_eq!(disk.path("b"), dir.path().join("b").display().to_string());
}

#[test]
fn a_directory_that_must_exist_is_not_made() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("missing");
    assert!(matches!(Disk::existing(&path), Err(JournalError::Io { .. })));
    assert!(!path.exists());
    assert_eq!(Disk::existing(dir.path()).unwrap().list().unwrap(), [""; 0]);
}

#[test]
fn space_that_is_set_aside_is_zeros_behind_what_a_file_has() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::new(dir.path()).unwrap();
    assert!(disk.available().unwrap() > 1);
    let length = (2 << 20) + 5;
    for (name, before) in [("a", &b"abc"[..]), ("b", b"")] {
        let mut expected = before.to_vec();
        expected.resize(length, 0);
        let length = length as u64;
        let filled = disk.create(name).unwrap();
        filled.write_at(0, before).unwrap();
        filled.fill(length).unwrap();
        assert!(content(&disk, name) == expected, "filled after {before:?}");
        let allocated = disk.create(name).unwrap();
        allocated.write_at(0, before).unwrap();
        allocated.allocate(length).unwrap();
        assert!(content(&disk, name) == expected, "allocated after {before:?}");
        for shorter in [1, 3, length] {
            allocated.fill(shorter).unwrap();
            allocated.allocate(shorter).unwrap();
            assert_eq!(allocated.length().unwrap(), length);
        }
    }
}

/// Linux cannot sync `/dev/null`: the error shows that a sync reaches the system.
#[cfg(target_os = "linux")]
#[test]
fn a_sync_that_the_system_refuses_is_an_error() {
    let devices = Disk::existing(Path::new("/dev")).unwrap();
    assert_eq!(devices.open("null").unwrap().sync().unwrap_err().kind(), ErrorKind::InvalidInput);
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::new(&dir.path().join("a")).unwrap();
    disk.create("b").unwrap().sync().unwrap();
    disk.sync().unwrap();
    std::fs::remove_dir_all(dir.path().join("a")).unwrap();
    assert_eq!(disk.sync().unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn one_writer_has_a_directory_until_its_lock_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::new(dir.path()).unwrap();
    assert!(!disk.is_in_use());
    let lock = disk.lock().unwrap().unwrap();
    assert!(disk.is_in_use());
    assert!(disk.lock().unwrap().is_none());
    assert_eq!(disk.lost(&lock).unwrap(), None);
    disk.remove(LOCK).unwrap();
    assert_eq!(disk.lost(&lock).unwrap(), Some(Lost::Lock));
    #[cfg(unix)]
    {
        // The directory itself is locked too.
        assert!(disk.is_in_use());
        assert!(disk.lock().unwrap().is_none());
    }
    drop(disk.create(LOCK).unwrap());
    #[cfg(unix)]
    assert_eq!(disk.lost(&lock).unwrap(), Some(Lost::Lock), "another file of the same name");
    drop(lock);
    assert!(!disk.is_in_use());
    assert!(disk.lock().unwrap().is_some());
}

#[cfg(unix)]
#[test]
fn a_file_is_locked_by_one_writer_and_a_directory_too() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::new(&dir.path().join("a")).unwrap();
    let file = disk.create("b").unwrap();
    assert!(file.try_lock().unwrap());
    let again = disk.open("b").unwrap();
    assert!(!again.try_lock().unwrap());
    drop(file);
    assert!(again.try_lock().unwrap());
    // An earlier version locks the file `lock` alone.
    let earlier = disk.create(LOCK).unwrap();
    assert!(earlier.try_lock().unwrap());
    assert!(disk.is_in_use());
    assert!(disk.lock().unwrap().is_none());
    drop(earlier);
    let lock = disk.lock().unwrap().unwrap();
    std::fs::rename(dir.path().join("a"), dir.path().join("c")).unwrap();
    assert!(!disk.is_in_use());
    assert_eq!(disk.lost(&lock).unwrap(), Some(Lost::Folder));
    std::fs::create_dir(dir.path().join("a")).unwrap();
    assert_eq!(disk.lost(&lock).unwrap(), Some(Lost::Folder), "another directory");
}

#[cfg(unix)]
#[test]
fn a_length_is_that_of_the_file_that_is_open() {
    let dir = tempfile::tempdir().unwrap();
    let disk = Disk::new(&dir.path().join("a")).unwrap();
    let file = disk.create("b").unwrap();
    file.write_at(0, b"four").unwrap();
    assert_eq!(disk.length_at("b", &file).unwrap(), Some(4));
    disk.rename("b", "c").unwrap();
    assert_eq!(disk.length_at("b", &file).unwrap(), None);
    assert_eq!(disk.length_at("c", &file).unwrap(), Some(4));
    drop(disk.create("b").unwrap());
    assert_eq!(disk.length_at("b", &file).unwrap(), None, "another file");
    // A name that leads to itself is an error, and no file that another program has removed.
    std::os::unix::fs::symlink("loop", dir.path().join("a/loop")).unwrap();
    assert!(disk.length_at("loop", &file).is_err());
    std::fs::rename(dir.path().join("a"), dir.path().join("d")).unwrap();
    std::fs::write(dir.path().join("a"), b"no directory").unwrap();
    assert_eq!(disk.length_at("c", &file).unwrap(), None);
}
