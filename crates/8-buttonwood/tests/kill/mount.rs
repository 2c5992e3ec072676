//! Small file systems for tests. Mounting needs root on Linux. Without it a test is skipped with a message, or
//! fails if `CI` is set.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted file system; unmounted when dropped.
pub(crate) struct Mount {
    dir: tempfile::TempDir,
    mounted: bool,
}

/// Runs a program, which must end well.
pub(crate) fn sh(program: &str, args: &[&str], path: &Path) -> Result<(), String> {
    let output = Command::new(program).args(args).arg(path).output();
    let output = output.map_err(|why| format!("{program}: {why}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if output.status.success() { Ok(()) } else { Err(format!("{program} {args:?}: {said}")) }
}

impl Mount {
    fn new(args: &[&str]) -> Result<Mount, String> {
        let dir = tempfile::tempdir().map_err(|why| why.to_string())?;
        sh("mount", args, dir.path())?;
        Ok(Mount { dir, mounted: true })
    }

    /// A file system in memory, of this many bytes.
    pub(crate) fn memory(bytes: u64) -> Result<Mount, String> {
        Mount::new(&["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
    }

    /// A file system in memory, of this many bytes and files.
    pub(crate) fn memory_of_files(bytes: u64, files: u64) -> Result<Mount, String> {
        let limits = format!("size={bytes},nr_inodes={files}");
        Mount::new(&["-t", "tmpfs", "-o", &limits, "tmpfs"])
    }

    /// The ext4 in an image file, through a loop device.
    pub(crate) fn image(path: &Path) -> Result<Mount, String> {
        Mount::new(&["-o", "loop", path.to_str().ok_or("a path that is text")?])
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.dir.path().to_owned()
    }

    /// Unmounts it, or reports why it cannot.
    pub(crate) fn unmount(mut self) -> Result<(), String> {
        self.mounted = false;
        sh("umount", &[], self.dir.path())
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        let left = self.mounted && sh("umount", &[], self.dir.path()).is_err();
        assert!(
            !left || std::thread::panicking(),
            "{} is still mounted",
            self.dir.path().display()
        );
    }
}

/// The mounted file system, or `None` with a message.
pub(crate) fn or_skip<T>(mounted: Result<T, String>, what: &str) -> Option<T> {
    match mounted {
        Ok(mounted) => Some(mounted),
        Err(why) if std::env::var_os("CI").is_some_and(|ci| !ci.is_empty() && ci != "false") => {
            panic!("{what} cannot be tried: {why}")
        }
        Err(why) => {
            let mut err = std::io::stderr();
            writeln!(err, "\n*** SKIPPED: {what} needs root to mount a file system: {why}\n")
                .unwrap();
            None
        }
    }
}
