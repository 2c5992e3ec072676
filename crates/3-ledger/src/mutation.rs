//! Mistakes that the fold can be told to make in builds for tests; see [`kernel::mutation`].

kernel::mutations! {
    VOID_FORGOTTEN = "void-forgotten", "the ledger forgets that it voided a deal";
    TRADE_FORGOTTEN = "forgotten-finished-deals", "the ledger forgets that a deal is a trade";
    JUDGE_STOPPED_MARKET = "judge-stopped-market", "the ledger records deals of a market that is stopped";
    JUDGE_SUSPENDED_MAKER = "judge-suspended-maker", "the ledger records deals whose maker is suspended";
    JUDGE_SUSPENDED_TAKER = "judge-suspended-taker", "the ledger records deals whose taker is suspended";
    JUDGE_TWO_MARKETS = "judge-two-markets", "the ledger records deals between orders of two markets";
    JUDGE_ONE_SIDE = "judge-one-side", "the ledger records deals between two orders of one side";
    JUDGE_TAKERS_LIMIT = "judge-takers-limit", "the ledger records deals outside the taker's limit";
    TRADE_ELSEWHERE = "trade-elsewhere", "a trade may name a market that is not its orders'";
    JUDGE_TRUSTS_LOTS = "judge-trusts-lots", "the ledger records lots without looking whether they are there";
    COLLAR_STANDS = "collar-stands", "a collar stays around the price of the opening, wherever trades are";
    FORGETS_ACTIVE = "forgets-active", "the ledger forgets client ids of an account that has open orders";
    NEVER_FORGETS = "never-forgets", "the ledger remembers client ids beyond its bound";
    LEAK_ACROSS_WORLDS = "leak-across-worlds",
        "a world that comes back takes the ends of the lost one's deals for those of its own";
}
