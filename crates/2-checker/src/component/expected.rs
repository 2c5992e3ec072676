//! What a step must put out, as an expression: in sequence, in any order, perhaps, one of, any
//! number of times. It compares values; it knows neither worlds nor models.
//!
//! An expression is a regular language of effects, and is read by what may come next: each effect
//! takes it to what is left of it. One that could take the same effect in two places, with
//! something else left over, is *ambiguous*, and is refused before anything is compared with it:
//! what it says of the process would depend on how it is read.

use std::collections::BTreeMap;
use std::fmt;

/// What a step must put out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expected<D> {
    /// Nothing.
    Nothing,
    /// This.
    One(D),
    /// These, one after the other.
    InSequence(Vec<Expected<D>>),
    /// All of these; what one of them says may come between what another says.
    InAnyOrder(Vec<Expected<D>>),
    /// This or nothing.
    Perhaps(Box<Expected<D>>),
    /// One of these.
    OneOf(Vec<Expected<D>>),
    /// This, any number of times, one after the other.
    Repeatedly(Box<Expected<D>>),
}

/// An expression that can be read in two ways.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ambiguous(pub String);

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Ambiguous {}

/// Where what was put out parts from what should have been.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Divergence<D> {
    /// So many effects were as they should be.
    pub right: usize,
    /// What should have come next: one of these...
    pub expected: Vec<D>,
    /// ...or nothing more, if this is true.
    pub may_stop: bool,
}

/// More left-overs than an expression for one step can need.
const ENOUGH: usize = 4096;

impl<D: Clone + PartialEq + fmt::Debug> Expected<D> {
    /// These, one after the other.
    pub fn seq(parts: impl IntoIterator<Item = D>) -> Expected<D> {
        Expected::InSequence(parts.into_iter().map(Expected::One).collect()).plain()
    }

    /// These, in any order.
    pub fn all(parts: impl IntoIterator<Item = D>) -> Expected<D> {
        Expected::InAnyOrder(parts.into_iter().map(Expected::One).collect()).plain()
    }

    /// This, then that.
    pub fn then(self, next: Expected<D>) -> Expected<D> {
        Expected::InSequence(vec![self, next]).plain()
    }

    /// This and that, in any order.
    pub fn and(self, other: Expected<D>) -> Expected<D> {
        Expected::InAnyOrder(vec![self, other]).plain()
    }

    /// This or nothing.
    pub fn perhaps(self) -> Expected<D> {
        Expected::Perhaps(Box::new(self)).plain()
    }

    /// The same without parts that say nothing, so that equal left-overs look equal.
    fn plain(self) -> Expected<D> {
        match self {
            Expected::InSequence(parts) => {
                let mut flat = Vec::new();
                for part in parts {
                    match part.plain() {
                        Expected::Nothing => {}
                        Expected::InSequence(inner) => flat.extend(inner),
                        other => flat.push(other),
                    }
                }
                single(flat, Expected::InSequence)
            }
            Expected::InAnyOrder(parts) => {
                let mut flat = Vec::new();
                for part in parts {
                    match part.plain() {
                        Expected::Nothing => {}
                        Expected::InAnyOrder(inner) => flat.extend(inner),
                        other => flat.push(other),
                    }
                }
                single(flat, Expected::InAnyOrder)
            }
            Expected::Perhaps(part) => match part.plain() {
                Expected::Nothing => Expected::Nothing,
                other => Expected::Perhaps(Box::new(other)),
            },
            Expected::Repeatedly(part) => match part.plain() {
                Expected::Nothing => Expected::Nothing,
                other => Expected::Repeatedly(Box::new(other)),
            },
            Expected::OneOf(parts) => {
                Expected::OneOf(parts.into_iter().map(Expected::plain).collect())
            }
            Expected::Nothing | Expected::One(_) => self,
        }
    }

    /// True if nothing more need come.
    pub fn may_stop(&self) -> bool {
        match self {
            Expected::Nothing | Expected::Perhaps(_) | Expected::Repeatedly(_) => true,
            Expected::One(_) => false,
            Expected::InSequence(parts) | Expected::InAnyOrder(parts) => {
                parts.iter().all(Expected::may_stop)
            }
            Expected::OneOf(parts) => parts.iter().any(Expected::may_stop),
        }
    }

    /// What may come next, each with what is left of the expression then.
    fn moves(&self) -> Vec<(D, Expected<D>)> {
        match self {
            Expected::Nothing => Vec::new(),
            Expected::One(one) => vec![(one.clone(), Expected::Nothing)],
            Expected::Perhaps(part) => part.moves(),
            Expected::OneOf(parts) => parts.iter().flat_map(Expected::moves).collect(),
            Expected::Repeatedly(part) => {
                let again = |(one, rest): (D, Expected<D>)| (one, rest.then(self.clone()));
                part.moves().into_iter().map(again).collect()
            }
            Expected::InSequence(parts) => {
                let mut moves = Vec::new();
                for (at, part) in parts.iter().enumerate() {
                    let after = Expected::InSequence(parts[at + 1..].to_vec());
                    let on = |(one, rest): (D, Expected<D>)| (one, rest.then(after.clone()));
                    moves.extend(part.moves().into_iter().map(on));
                    if !part.may_stop() {
                        break;
                    }
                }
                moves
            }
            Expected::InAnyOrder(parts) => {
                let mut moves = Vec::new();
                for (at, part) in parts.iter().enumerate() {
                    for (one, rest) in part.moves() {
                        let mut left = parts.clone();
                        left[at] = rest;
                        moves.push((one, Expected::InAnyOrder(left).plain()));
                    }
                }
                moves
            }
        }
    }

    /// What may come next, each effect once; an error if one of them can be read in two ways.
    fn clear_moves(&self) -> Result<Vec<(D, Expected<D>)>, Ambiguous> {
        let mut clear: Vec<(D, Expected<D>)> = Vec::new();
        for (one, rest) in self.moves() {
            match clear.iter().find(|(other, _)| *other == one) {
                Some((_, other)) if same(other, &rest) => {}
                Some(_) => {
                    let why = format!("{one:?} stands in two places, and either may be meant");
                    return Err(Ambiguous(why));
                }
                None => clear.push((one, rest)),
            }
        }
        Ok(clear)
    }

    /// Looks at everything that the expression allows, and refuses it if any of that can be read in two ways.
    pub fn unambiguous(&self) -> Result<(), Ambiguous> {
        let mut seen = vec![self.clone()];
        let mut next = 0;
        while let Some(here) = seen.get(next) {
            next += 1;
            for (_, rest) in here.clear_moves()? {
                if !seen.iter().any(|other| same(other, &rest)) {
                    seen.push(rest);
                }
            }
            if seen.len() > ENOUGH {
                return Err(Ambiguous("it allows more than can be looked through".into()));
            }
        }
        Ok(())
    }

    /// Something that both allow, if there is anything: then they cannot be told apart.
    pub fn both_allow(&self, other: &Expected<D>) -> Result<Option<Vec<D>>, Ambiguous> {
        let mut seen = vec![(self.clone(), other.clone())];
        let mut said: BTreeMap<usize, Vec<D>> = BTreeMap::from([(0, Vec::new())]);
        let mut next = 0;
        while let Some((a, b)) = seen.get(next).cloned() {
            let so_far = said.remove(&next).unwrap_or_default();
            next += 1;
            if a.may_stop() && b.may_stop() {
                return Ok(Some(so_far));
            }
            let theirs = b.clear_moves()?;
            for (one, rest) in a.clear_moves()? {
                let Some((_, also)) = theirs.iter().find(|(other, _)| *other == one) else {
                    continue;
                };
                if !seen.iter().any(|(x, y)| same(x, &rest) && same(y, also)) {
                    let mut longer = so_far.clone();
                    longer.push(one);
                    said.insert(seen.len(), longer);
                    seen.push((rest, also.clone()));
                }
            }
        }
        Ok(None)
    }

    /// Compares what a step put out with the expression.
    pub fn takes(&self, effects: &[D]) -> Result<(), Divergence<D>> {
        let mut here = self.clone().plain();
        for (right, effect) in effects.iter().enumerate() {
            let moves = here.moves();
            match moves.iter().find(|(one, _)| one == effect) {
                Some((_, rest)) => here = rest.clone(),
                None => {
                    let expected = moves.into_iter().map(|(one, _)| one).collect();
                    return Err(Divergence { right, expected, may_stop: here.may_stop() });
                }
            }
        }
        if here.may_stop() {
            return Ok(());
        }
        let expected = here.moves().into_iter().map(|(one, _)| one).collect();
        Err(Divergence { right: effects.len(), expected, may_stop: false })
    }
}

fn single<D>(
    mut parts: Vec<Expected<D>>,
    of: impl FnOnce(Vec<Expected<D>>) -> Expected<D>,
) -> Expected<D> {
    match parts.len() {
        0 => Expected::Nothing,
        1 => parts.swap_remove(0),
        _ => of(parts),
    }
}

/// True if two left-overs are the same, whatever the order of parts that may come in any.
fn same<D: PartialEq>(a: &Expected<D>, b: &Expected<D>) -> bool {
    match (a, b) {
        (Expected::InAnyOrder(a), Expected::InAnyOrder(b)) => {
            let mut left: Vec<_> = b.iter().collect();
            a.len() == b.len()
                && a.iter().all(|part| {
                    let at = left.iter().position(|other| same(part, other));
                    at.map(|at| left.swap_remove(at)).is_some()
                })
        }
        (Expected::InSequence(a), Expected::InSequence(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        _ => a == b,
    }
}
