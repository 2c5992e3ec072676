//! Mistakes that the service can be told to make in builds for tests; see [`kernel::mutation`].

kernel::mutations! {
    EARLY_TELL = "early-tell", "clients are told what is written and not synced yet";
}
