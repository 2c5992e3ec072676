//! Suggestions for mistyped names, for errors.

use strsim::levenshtein;

/// The names closest to this one, as the beginning of a sentence; empty if none is close.
pub(crate) fn near(name: &str, known: impl Iterator<Item = String>) -> String {
    // A name that begins with the given text is close too.
    let steps = |known: &str| {
        let beginning: String = known.chars().take(name.chars().count()).collect();
        levenshtein(name, known).min(1 + levenshtein(name, &beginning))
    };
    let mut near: Vec<_> = known.map(|known| (steps(&known), known)).collect();
    near.sort();
    let bound = name.len() / 2;
    let near: Vec<_> = near.into_iter().filter(|(steps, _)| *steps <= bound).take(4).collect();
    let names: Vec<_> = near.into_iter().map(|(_, known)| known).collect();
    if names.is_empty() { String::new() } else { format!("similar: {}; ", names.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn similar_names_are_suggested() {
        let known = || ["two-and-two", "a-sweep", "given-up"].into_iter().map(str::to_owned);
        assert_eq!(near("two-an-two", known()), "similar: two-and-two; ");
        assert_eq!(near("xyz", known()), "");
    }
}
