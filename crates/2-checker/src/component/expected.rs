//! The effects that a step must have, as an expression: in sequence, in any order, perhaps, one of,
//! any number of times. It compares values; it knows neither worlds nor models.
//!
//! An expression is a regular language of effects. It is matched by derivatives: each effect leads
//! from an expression to its remainder. An expression that matches one effect in two places with
//! different remainders is *ambiguous*, and is rejected before any comparison: its meaning would
//! depend on the choice.

use std::collections::BTreeMap;
use std::fmt;

/// The effects that a step must have.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Expected<D> {
    /// No effect.
    Nothing,
    /// This effect.
    One(D),
    /// These, one after the other.
    InSequence(Vec<Expected<D>>),
    /// All of these, interleaved in any way.
    InAnyOrder(Vec<Expected<D>>),
    /// This or nothing.
    Perhaps(Box<Expected<D>>),
    /// One of these.
    OneOf(Vec<Expected<D>>),
    /// This, any number of times, one after the other.
    Repeatedly(Box<Expected<D>>),
}

/// An ambiguous expression: why it is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ambiguous(pub String);

impl fmt::Display for Ambiguous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Ambiguous {}

/// Where the effects diverge from the expression.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Divergence<D> {
    /// Number of effects that match.
    pub right: usize,
    /// The effects of which one is expected next.
    pub expected: Vec<D>,
    /// True if the step may also end there.
    pub may_stop: bool,
}

/// A bound on remainders, more than an expression for one step needs.
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

    /// Simplifies the expression, so that equal remainders compare equal.
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

    /// True if the step may end here.
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

    /// The effects that can come next, each with the remainder.
    fn derivatives(&self) -> Vec<(D, Expected<D>)> {
        match self {
            Expected::Nothing => Vec::new(),
            Expected::One(one) => vec![(one.clone(), Expected::Nothing)],
            Expected::Perhaps(part) => part.derivatives(),
            Expected::OneOf(parts) => parts.iter().flat_map(Expected::derivatives).collect(),
            Expected::Repeatedly(part) => {
                let again = |(one, rest): (D, Expected<D>)| (one, rest.then(self.clone()));
                part.derivatives().into_iter().map(again).collect()
            }
            Expected::InSequence(parts) => {
                let mut derivatives = Vec::new();
                for (at, part) in parts.iter().enumerate() {
                    let after = Expected::InSequence(parts[at + 1..].to_vec());
                    let on = |(one, rest): (D, Expected<D>)| (one, rest.then(after.clone()));
                    derivatives.extend(part.derivatives().into_iter().map(on));
                    if !part.may_stop() {
                        break;
                    }
                }
                derivatives
            }
            Expected::InAnyOrder(parts) => {
                let mut derivatives = Vec::new();
                for (at, part) in parts.iter().enumerate() {
                    for (one, rest) in part.derivatives() {
                        let mut left = parts.clone();
                        left[at] = rest;
                        derivatives.push((one, Expected::InAnyOrder(left).plain()));
                    }
                }
                derivatives
            }
        }
    }

    /// The effects that can come next, each once; an error if one of them is ambiguous.
    fn clear_moves(&self) -> Result<Vec<(D, Expected<D>)>, Ambiguous> {
        let mut clear: Vec<(D, Expected<D>)> = Vec::new();
        for (one, rest) in self.derivatives() {
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

    /// An error if the expression is ambiguous anywhere. It visits every remainder.
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

    /// A sequence of effects that both expressions allow, if there is one.
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

    /// Compares the effects of a step with the expression.
    pub fn takes(&self, effects: &[D]) -> Result<(), Divergence<D>> {
        let mut here = self.clone().plain();
        for (right, effect) in effects.iter().enumerate() {
            let derivatives = here.derivatives();
            match derivatives.iter().find(|(one, _)| one == effect) {
                Some((_, rest)) => here = rest.clone(),
                None => {
                    let expected = derivatives.into_iter().map(|(one, _)| one).collect();
                    return Err(Divergence { right, expected, may_stop: here.may_stop() });
                }
            }
        }
        if here.may_stop() {
            return Ok(());
        }
        let expected = here.derivatives().into_iter().map(|(one, _)| one).collect();
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

/// True if two remainders are equal up to the order of parts that can come in any order.
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
