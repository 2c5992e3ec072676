//! Compares one step with its model, in a game or in the trace of another run: the same function
//! does both.

use super::expected::Ambiguous;
use super::model::{EffectOf, InputOf, Model, Transition};
use kernel::Pid;

/// Finds the transition by which a process has answered an input; the error says what differs.
///
/// `process` looks up the process at an address. The caller has yet to call [`Model::learn`] on the
/// model returned.
pub fn accept<'a, M: Model>(
    model: &M,
    input: &InputOf<M::Process>,
    done: &[EffectOf<M::Process>],
    process: impl Fn(Pid) -> Option<&'a M::Process>,
) -> Result<Transition<M>, String>
where
    M::Process: 'a,
{
    let transitions = model.must(input);
    unambiguous(&transitions).map_err(|why| format!("the model is ambiguous: {why}"))?;
    let mut done = done.to_vec();
    for did in &mut done {
        let born = match did {
            super::model::Effect::Begins { who, .. } => process(*who),
            _ => None,
        };
        model.read(did, born);
    }
    let mut divergences = Vec::new();
    for transition in transitions {
        match transition.expected.takes(&done) {
            Ok(()) => return Ok(transition),
            Err(divergence) => divergences.push((transition.name, divergence)),
        }
    }
    // The transition that agrees for longest is probably the intended one.
    divergences.sort_by_key(|(_, divergence)| divergence.right);
    let Some((name, divergence)) = divergences.pop() else {
        return Err(format!("the model does not permit {} here", input.kind()));
    };
    let put_out = match done.get(divergence.right) {
        Some(did) => format!("{did:?}"),
        None => "nothing more".to_owned(),
    };
    let mut wanted: Vec<_> = divergence.expected.iter().map(|did| format!("{did:?}")).collect();
    if divergence.may_stop {
        wanted.push("nothing more".to_owned());
    }
    Err(format!("it puts out {put_out}; {name:?} wants {}", wanted.join(" or ")))
}

/// An error if an answer matches the expressions in two ways.
fn unambiguous<M: Model>(transitions: &[Transition<M>]) -> Result<(), Ambiguous> {
    for (at, one) in transitions.iter().enumerate() {
        one.expected.unambiguous().map_err(|why| Ambiguous(format!("{:?}: {why}", one.name)))?;
        for other in &transitions[at + 1..] {
            if let Some(both) = one.expected.both_allow(&other.expected)? {
                let (one, two) = (one.name, other.name);
                return Err(Ambiguous(format!("{one:?} and {two:?} both allow {both:?}")));
            }
        }
    }
    Ok(())
}
