//! Names that are near a wrong one, for errors.

/// Names like this one, as the beginning of a sentence; nothing if none is.
pub(crate) fn near(name: &str, known: impl Iterator<Item = String>) -> String {
    // Also the beginning of a longer name is near it.
    let steps = |known: &str| {
        let beginning: String = known.chars().take(name.chars().count()).collect();
        steps_between(name, known).min(1 + steps_between(name, &beginning))
    };
    let mut near: Vec<_> = known.map(|known| (steps(&known), known)).collect();
    near.sort();
    let bound = name.len() / 2;
    let near: Vec<_> = near.into_iter().filter(|(steps, _)| *steps <= bound).take(4).collect();
    let names: Vec<_> = near.into_iter().map(|(_, known)| known).collect();
    if names.is_empty() { String::new() } else { format!("near it: {}; ", names.join(", ")) }
}

/// How many letters must be put in, left out or changed to make one word of another.
fn steps_between(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (at, signal) in one.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], at + 1);
        for (to, wanted) in other.chars().enumerate() {
            let changed = corner + usize::from(signal != wanted);
            corner = row[to + 1];
            row[to + 1] = changed.min(row[to] + 1).min(corner + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_near_are_told() {
        let known = || ["two-and-two", "a-sweep", "given-up"].into_iter().map(str::to_owned);
        assert_eq!(near("two-an-two", known()), "near it: two-and-two; ");
        assert_eq!(near("xyz", known()), "");
        assert_eq!(steps_between("sweep", "seep"), 1);
    }
}
