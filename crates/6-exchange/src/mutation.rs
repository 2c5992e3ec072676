//! Mistakes that the service can be told to make in builds for tests; see [`kernel::mutation`].

kernel::mutations! {
    RECORD_A_CHUNK = "record-a-chunk", "what is synced together is not one record";
    ANY_END_ANSWERS = "any-end-answers", "a cancel is answered by the end of any order";
    SUSPENDED_ANSWERS = "suspended-answers", "a cancel is answered when its order is suspended instead";
    KEEPS_PAST_LIFE = "keeps-past-life",
        "a suspended order that is cancelled keeps its past life under its supervisor";
    COLLAR_UNSEEN = "collar-unseen", "validation accepts limits beyond the collar";
    ZERO_TAKEN = "zero-taken", "validation accepts prices of zero and below in every market";
    EARLY_TELL = "early-tell", "commands are answered when their facts are written and not synced yet";
    CANCEL_WITHOUT_MARGIN = "cancel-without-margin", "a cancel is let in where nothing is left for its facts";
    LATE_REFUSAL = "late-refusal", "a rejection for lack of space waits behind the chunks that lack it";
}
