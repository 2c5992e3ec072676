//! Which order a path names, by its number or by the client's id, and whether it is the account's own.

use protocol::RejectCode;
use units::{AccountId, ClientId, OrderId};
use views::{Bounds, Order, Views};

use crate::client_oid;
use crate::problem::Problem;

/// The order with this number, if it is this account's.
pub(crate) fn own(views: &Views, account: AccountId, order: OrderId) -> Option<&Order> {
    views.orders().get(order).filter(|order| order.entered.new.account == account)
}

/// How a path names an order.
pub(crate) enum Named {
    /// By the number that the exchange gave it.
    Number(OrderId),
    /// By the client's own id.
    Client(ClientId),
}

impl Named {
    /// What a path says, or a refusal.
    pub(crate) fn parse(id: &str) -> Result<Named, Problem> {
        if let Some(text) = id.strip_prefix("client:") {
            return client_oid::parse(text).map(Named::Client);
        }
        let digits = id.bytes().all(|byte| byte.is_ascii_digit());
        let number = id.parse().ok().filter(|_| digits);
        number
            .map(|number| Named::Number(OrderId(number)))
            .ok_or_else(|| RejectCode::UnknownOrder.into())
    }

    /// The order of this account, or a refusal that says how long orders are kept. It is the same
    /// for another's order, one that was forgotten and one that never was: views cannot tell.
    pub(crate) fn find<'a>(
        &self,
        views: &'a Views,
        account: AccountId,
        kept: &Bounds,
    ) -> Result<&'a Order, Problem> {
        let order = match *self {
            Named::Number(order) => own(views, account, order),
            Named::Client(client) => views.orders().by_client(account, client),
        };
        order.ok_or_else(|| {
            let (own, all) = (kept.finished_per_account, kept.finished);
            Problem::from(RejectCode::UnknownOrder).explained(format!(
                "of the orders that are done the last {own} of an account are kept, {all} of all \
                 accounts"
            ))
        })
    }
}
