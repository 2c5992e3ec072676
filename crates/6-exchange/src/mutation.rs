//! Mistakes that the service can be told to make in builds for tests; see [`kernel::mutation`].

kernel::mutations! {
    RECORD_A_CHUNK = "record-a-chunk", "what is synced together is not one record";
    EARLY_TELL = "early-tell", "clients are told what is written and not synced yet";
}
