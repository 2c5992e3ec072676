//! Mistakes that the service can be told to make in builds for tests; see [`kernel::mutation`].

kernel::mutations! {
    COLLAR_UNSEEN = "collar-unseen", "the door lets in limits that are beyond the collar";
    ZERO_TAKEN = "zero-taken", "the door lets prices of zero and below into every market";
    EARLY_TELL = "early-tell", "clients are told what is written and not synced yet";
}
