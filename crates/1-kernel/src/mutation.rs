//! Mutations: mistakes that a test can switch on, to prove that a law or a model catches them. They
//! need the feature `mutations`; without it [`Mutation::is_on`] is a constant `false` and the
//! branch compiles to nothing.
//!
//! A crate lists its mutations with [`mutations!`](crate::mutations) and marks one branch for each,
//! such as `if NO_FENCE.is_on()`. `with` switches them on for the current thread while a closure
//! runs. It is the only state outside its world on which a step depends.

/// True in a build with the feature `mutations`.
pub const BUILT_IN: bool = cfg!(feature = "mutations");

/// A mistake that can be switched on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mutation {
    /// Its name, in kebab-case.
    pub name: &'static str,
    /// What the code does instead.
    pub text: &'static str,
}

/// Lists mutations: a constant for each, and all of them as `ALL`.
///
/// ```
/// kernel::mutations! {
///     FORGETS = "forgets", "no process writes a note";
/// }
/// assert_eq!(ALL[0].name, "forgets");
/// assert!(!FORGETS.is_on());
/// ```
#[macro_export]
macro_rules! mutations {
    ($($constant:ident = $name:literal, $text:literal;)*) => {
        $(
            #[doc = $text]
            pub const $constant: $crate::mutation::Mutation =
                $crate::mutation::Mutation { name: $name, text: $text };
        )*
        /// Every mutation of this list.
        pub const ALL: &[$crate::mutation::Mutation] = &[$($constant,)*];
    };
}

crate::mutations! {
    LATER_LIFE = "message-to-a-later-life", "what was sent to a dead process reaches its next life";
    HALF_UNDONE = "step-half-undone", "what a step has sent stays sent although the step failed";
    GIVEN_UP_IN_SILENCE = "branch-given-up-in-silence", "no fact says that a branch was given up";
    SAME_INCARNATION = "restart-in-the-same-incarnation", "a restart does not raise the incarnation";
    STRANGERS_EXIT = "supervisor-ends-for-a-stranger", "an exit signal of an unrelated process ends a supervisor";
    NORMAL_TO_ONESELF = "normal-exit-to-oneself-ignored",
        "a process ignores a normal exit signal that it sends to itself";
    GIVEN_UP_UNHEARD = "given-up-while-waited-for",
        "a child that is given up while a caller waits for its end is never reported";
    DELETED_STARTS = "deleted-child-starts", "a child that was deleted before its start is started";
    REASON_IN_SPITE = "destructor-fails-unheard",
        "a process whose destructor panics ends with the reason that it chose";
}

impl Mutation {
    /// False: this build has no mutations.
    #[cfg(not(feature = "mutations"))]
    #[inline(always)]
    pub const fn is_on(self) -> bool {
        false
    }

    /// True while it is switched on for this thread.
    #[cfg(feature = "mutations")]
    pub fn is_on(self) -> bool {
        switch::ON.with_borrow(|on| on.contains(&self))
    }
}

#[cfg(feature = "mutations")]
mod switch {
    use std::cell::RefCell;

    use super::Mutation;

    thread_local! {
        pub(super) static ON: RefCell<Vec<Mutation>> = const { RefCell::new(Vec::new()) };
    }

    /// Restores the former mutations on drop, after a panic too.
    struct Restored(Vec<Mutation>);

    impl Drop for Restored {
        fn drop(&mut self) {
            ON.set(std::mem::take(&mut self.0));
        }
    }

    /// Runs `act` with exactly these mutations switched on for this thread.
    pub fn with<T>(mutations: &[Mutation], act: impl FnOnce() -> T) -> T {
        let _restored = Restored(ON.replace(mutations.to_vec()));
        act()
    }
}

#[cfg(feature = "mutations")]
pub use switch::with;
