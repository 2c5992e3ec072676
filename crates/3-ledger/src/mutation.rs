//! Mistakes that the fold can be told to make in builds for tests; see [`kernel::mutation`].

kernel::mutations! {
    VOID_FORGOTTEN = "void-forgotten", "the ledger forgets that it voided a deal";
    TRADE_FORGOTTEN = "forgotten-finished-deals", "the ledger forgets that a deal is a trade";
    JUDGE_TRUSTS_LOTS = "judge-trusts-lots", "the ledger records lots without looking whether they are there";
    COLLAR_STANDS = "collar-stands", "a collar stays around the price of the opening, wherever trades are";
    LEAK_ACROSS_WORLDS = "leak-across-worlds",
        "a world that comes back takes the ends of the lost one's deals for those of its own";
}
