//! Mistakes that the service can be told to make in builds for tests; see [`kernel::mutation`].

kernel::mutations! {
    RECORD_A_CHUNK = "record-a-chunk", "what is synced together is not one record";
    EARLY_TELL = "early-tell", "clients are told what is written and not synced yet";
    CANCEL_WITHOUT_MARGIN = "cancel-without-margin", "a cancel is let in where nothing is left for its facts";
    LATE_REFUSAL = "late-refusal", "a refusal for want of room waits behind the facts that found none";
}
