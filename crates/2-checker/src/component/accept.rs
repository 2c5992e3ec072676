//! Compares one step with what its model says of it, in a game or in the trace of a run elsewhere:
//! the same function does both.

use super::expected::Ambiguous;
use super::model::{EffectOf, InputOf, Model, Transition};
use kernel::Pid;

/// Finds the way in which a process has answered an input: there is one, or it is told what differs.
///
/// `process` is who lives at an address. The model that comes back has not [learnt](Model::learn) yet.
pub fn accept<'a, M: Model>(
    model: &M,
    input: &InputOf<M::Process>,
    done: &[EffectOf<M::Process>],
    process: impl Fn(Pid) -> Option<&'a M::Process>,
) -> Result<Transition<M>, String>
where
    M::Process: 'a,
{
    let ways = model.must(input);
    unambiguous(&ways).map_err(|why| format!("the model is ambiguous: {why}"))?;
    let mut done = done.to_vec();
    for did in &mut done {
        let born = match did {
            super::model::Effect::Begins { who, .. } => process(*who),
            _ => None,
        };
        model.read(did, born);
    }
    let mut partings = Vec::new();
    for way in ways {
        match way.expected.takes(&done) {
            Ok(()) => return Ok(way),
            Err(parting) => partings.push((way.name, parting)),
        }
    }
    // The way that went on for longest is the one that was most probably meant.
    partings.sort_by_key(|(_, parting)| parting.right);
    let Some((name, parting)) = partings.pop() else {
        return Err(format!("the model does not permit {} here", input.kind()));
    };
    let put_out = match done.get(parting.right) {
        Some(did) => format!("{did:?}"),
        None => "nothing more".to_owned(),
    };
    let mut wanted: Vec<_> = parting.expected.iter().map(|did| format!("{did:?}")).collect();
    if parting.may_stop {
        wanted.push("nothing more".to_owned());
    }
    Err(format!("it puts out {put_out}; {name:?} wants {}", wanted.join(" or ")))
}

/// An error if an answer could be read in two ways.
fn unambiguous<M: Model>(ways: &[Transition<M>]) -> Result<(), Ambiguous> {
    for (at, way) in ways.iter().enumerate() {
        way.expected.unambiguous().map_err(|why| Ambiguous(format!("{:?}: {why}", way.name)))?;
        for other in &ways[at + 1..] {
            if let Some(both) = way.expected.both_allow(&other.expected)? {
                let (one, two) = (way.name, other.name);
                return Err(Ambiguous(format!("{one:?} and {two:?} both allow {both:?}")));
            }
        }
    }
    Ok(())
}
