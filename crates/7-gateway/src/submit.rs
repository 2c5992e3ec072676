//! Hands a command to the exchange, and waits until it is durable and reads show it.

use exchange::Answer;
use protocol::{Command, RejectCode, Response};
use tokio::sync::oneshot;
use units::OrderId;

use crate::app::App;
use crate::collar;
use crate::problem::Problem;

/// What a command came to.
pub(crate) enum Outcome {
    /// It happened; these are its facts.
    Happened(Answer),
    /// It happened before, and concerned this order.
    Repeated(OrderId),
}

impl App {
    /// Hands in one command, waits until it is durable, and until reads show it or that took too long.
    pub(crate) async fn submit(&self, command: Command) -> Result<(Outcome, bool), Problem> {
        let (reply, answer) = oneshot::channel();
        let reply = move |answers| {
            // Nobody listens any more when the request ran out of time; it has been told so.
            drop(reply.send(answers));
        };
        self.client.submit_batch(vec![command], reply).map_err(|_| RejectCode::Busy)?;
        let answers = answer.await.map_err(|_| RejectCode::Unavailable)?;
        let mut answers = answers.map_err(|_| RejectCode::Unavailable)?;
        let answer = answers.pop().ok_or(RejectCode::Failed)?;
        let mut last = 0;
        for response in &answer.responses {
            match response {
                Response::Rejected(code) => return Err(self.refusal(*code, &command).await),
                Response::Repeated(order) => {
                    let durable = (self.health)().durable;
                    let shown = self.live.reach(durable, self.options.views_within).await;
                    return Ok((Outcome::Repeated(*order), shown));
                }
                Response::Fact(stamp, _) => last = last.max(stamp.seq),
            }
        }
        let shown = self.live.reach(last, self.options.views_within).await;
        Ok((Outcome::Happened(answer), shown))
    }

    /// A refusal by the exchange, with the particulars that the views can add.
    async fn refusal(&self, code: RejectCode, command: &Command) -> Problem {
        let problem = Problem::from(code);
        if code != RejectCode::BeyondCollar {
            return problem;
        }
        // The trade that the collar is around was durable before this answer came.
        self.live.reach((self.health)().durable, self.options.views_within).await;
        match self.live.read(|views| collar::explain(views, command)) {
            Ok(Some(why)) => problem.because(why),
            Ok(None) | Err(_) => problem,
        }
    }
}
