//! All mistakes that the shipped code can be told to make in builds for tests, by name. Who catches which, and
//! within how many steps, stands in `tests/mutations`.

use kernel::mutation::Mutation;

/// Every mistake: of the kernel, of the ledger, of those who bargain, of the journal, of the service.
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
