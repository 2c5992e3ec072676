//! Mistakes that cells and collectors can be told to make in builds for tests; see [`kernel::mutation`].

kernel::mutations! {
    NO_AGAIN = "no-again", "a cell that hears that a neighbour is back does not have it asked again";
    COUNTS_TWICE = "counts-twice", "a collector counts a neighbour as often as it answers";
    SPEAKS_FIRST = "speaks-first", "a cell tells of a checkpoint that it has not written";
    FORGETS_TOO_MUCH = "forgets-too-much", "a cell remembers its present alone";
    NO_RESPAWN = "no-respawn", "a cell whose collector died does not begin its step again";
    FORGETS_QUESTION = "forgets-question", "a cell forgets a question about the future";
}
