//! Mistakes that builds for tests can switch on in the processes of a market; see [`kernel::mutation`].

kernel::mutations! {
    NO_FENCE = "no-fence", "the ledger says that a deal is void without voiding it";
    RECORD_BEFORE_LOG = "record-before-log", "the maker has a deal recorded without having logged its hold";
    ACCEPT_BEFORE_LOG = "accept-before-log", "the incoming order accepts without having logged its hold";
    RESPONDER_TIMES_OUT = "responder-times-out",
        "an incoming order that has accepted frees its hold when the maker dies";
    REUSED_DEAL = "reused-deal-id", "a maker begins to count its deals anew in each life, under the same name";
    DECLINE_WHILE_CLOSING = "decline-while-closing", "a maker that waits for the ledger honours a decline";
    WITHDRAW_WHILE_CLOSING = "withdraw-while-closing",
        "a maker that waits for the ledger withdraws when asked again";
    CANCEL_FREES_HOLD = "cancel-frees-hold", "a cancel takes what is held for a deal";
    COMMIT_WITHOUT_LEDGER = "commit-without-ledger",
        "the maker counts an accepted deal as a trade without asking the ledger";
    DONE_ON_ACCEPT = "done-on-accept", "the maker says complete before the ledger has recorded";
    TRUSTS_THE_PROPOSAL = "trusts-the-proposal", "the maker records what it proposed, not what was accepted";
    NO_HOLD_ON_PROPOSING = "no-hold-on-proposing", "what a maker proposes is not held, and it may propose it again";
    FORGOTTEN_INTRODUCTIONS = "forgotten-introductions",
        "an incoming order accepts proposals of introductions that are over";
    EARLY_FLOOR = "early-floor", "a restarted floor walks before every order has answered its query";
    TWO_INTRODUCTIONS = "two-introductions", "a floor introduces while an introduction is open";
    UNCOUNTED_SUSPECT = "uncounted-suspect", "a floor gives no incoming order up, whatever its makers die of";
    FORMER_LIVES = "former-lives-heard", "a floor believes late messages of an order's former lives";
    PROPOSES_ON = "proposes-on", "an order proposes deals when its life has no numbers left for them";
}
