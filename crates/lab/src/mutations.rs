//! All mistakes that builds for tests can compile into the shipped code, by name. `tests/mutations` has which law
//! catches which, and within how many steps.

use kernel::mutation::Mutation;

/// Every mistake: of the kernel, the ledger, the market, the journal, the service.
pub fn all() -> Vec<Mutation> {
    use kernel::mutation as kernel;
    [
        kernel::ALL,
        ledger::mutation::ALL,
        market::mutation::ALL,
        journal::mutation::ALL,
        exchange::mutation::ALL,
    ]
    .concat()
}

/// The mistake of this name.
pub fn named(name: &str) -> Option<Mutation> {
    all().into_iter().find(|mutation| mutation.name == name)
}
