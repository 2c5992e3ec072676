//! Mistakes that a journal can be told to make in builds for tests; see [`kernel::mutation`].

kernel::mutations! {
    MARK_BEFORE_SYNC = "mark-before-sync", "a clean end says that all is durable before it is synced";
    SNAPSHOT_NAME_UNSYNCED = "snapshot-name-unsynced", "a snapshot is called saved before its name is durable";
}
