//! Mistakes that the code can be told to make, so that those who check it can be checked: with the feature
//! `mutations`, a build for tests. Without it [`Mutation::is_on`] is a constant `false`, and a mistake's branch
//! compiles to nothing.
//!
//! A mistake is listed in the crate that can make it, by [`mutations!`](crate::mutations), and made at one marked
//! place, `if NO_FENCE.is_on()`. Which are made is said by [`with`], for this thread and as long as it runs: the one
//! place where a step depends on something that is not in its world, and there for nothing else.

/// True in a build with the feature `mutations`.
pub const BUILT_IN: bool = cfg!(feature = "mutations");

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mutation {
    /// Its name, in kebab-case.
    pub name: &'static str,
    /// What is done instead of the right thing.
    pub text: &'static str,
}

/// Lists mistakes: a constant each, and all of them as `ALL`.
///
/// ```
/// kernel::mutations! {
///     FORGETS = "forgets", "nobody writes anything down";
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
        /// Every mistake of this list.
        pub const ALL: &[$crate::mutation::Mutation] = &[$($constant,)*];
    };
}

crate::mutations! {
    LATER_LIFE = "message-to-a-later-life", "what was sent to a dead process reaches its next life";
    HALF_UNDONE = "step-half-undone", "what a step has sent stays sent although the step failed";
    GIVEN_UP_IN_SILENCE = "branch-given-up-in-silence", "no fact says that a branch was given up";
    SAME_INCARNATION = "restart-in-the-same-incarnation", "a restart does not raise the incarnation";
    STRANGERS_EXIT = "supervisor-ends-for-a-stranger", "an exit signal of anybody ends a supervisor";
    NORMAL_TO_ONESELF = "normal-exit-to-oneself-ignored", "who sends itself a normal exit signal lives on";
    GIVEN_UP_UNHEARD = "given-up-while-waited-for", "who is given up while its end is waited for is never heard of";
    DELETED_STARTS = "deleted-child-starts", "a child that was deleted before its start is started";
    REASON_IN_SPITE = "destructor-fails-unheard", "a process whose destructor panics has ended as it wanted to";
}

impl Mutation {
    /// False: there are no mistakes in this build.
    #[cfg(not(feature = "mutations"))]
    #[inline(always)]
    pub const fn is_on(self) -> bool {
        false
    }

    /// True while it is made on this thread.
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

    /// Sees to it that what was made before is made again, also after a panic.
    struct Restored(Vec<Mutation>);

    impl Drop for Restored {
        fn drop(&mut self) {
            ON.set(std::mem::take(&mut self.0));
        }
    }

    /// Does something while these mistakes, and no others, are made on this thread.
    pub fn with<T>(mutations: &[Mutation], act: impl FnOnce() -> T) -> T {
        let _restored = Restored(ON.replace(mutations.to_vec()));
        act()
    }
}

#[cfg(feature = "mutations")]
pub use switch::with;
