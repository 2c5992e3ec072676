//! Mistakes that builds for tests can compile into cells and collectors; see [`kernel::mutation`].

kernel::mutations! {
    NO_AGAIN = "no-again", "a cell does not repeat the questions to a restarted neighbour";
    COUNTS_TWICE = "counts-twice", "a collector counts a neighbour as often as it answers";
    SPEAKS_FIRST = "speaks-first", "a cell sends a checkpoint that it has not written";
    FORGETS_TOO_MUCH = "forgets-too-much", "a cell remembers its present alone";
    NO_RESPAWN = "no-respawn", "a cell whose collector died does not restart its step";
    FORGETS_QUESTION = "forgets-question", "a cell forgets a question about the future";
}
