//! Where an order was suspended, or a process died during a release, the rules of trade alone do not determine the
//! results of a command: the oracle takes them over from the facts, and continues with the next command.

use protocol::{Command, Entered, Fact, NewOrder, Replace};
use units::{AccountId, ClientId, OrderId};

use super::{Oracle, Order};

impl Oracle {
    /// Takes over the results of this command without a check. The facts must be possible.
    pub fn follow(&mut self, command: &Command, facts: &[Fact]) {
        for fact in facts {
            match *fact {
                Fact::MarketOpened { spec, .. } => self.markets.push(spec),
                Fact::Entered(entered) => self.follow_entered(command, entered),
                Fact::Traded { deal, market, price, quantity } => {
                    self.last.insert(market, price);
                    self.trade(deal.maker, quantity);
                    self.trade(deal.taker, quantity);
                }
                Fact::Replaced { order: id, price, quantity, priority, .. } => {
                    self.dequeue(id);
                    let order = self.orders.get_mut(&id).expect("only open orders are replaced");
                    (order.price, order.size, order.priority) = (price, quantity, priority);
                    self.enqueue(id);
                    self.follow_id(command, id);
                }
                Fact::Suspended { order } => {
                    self.dequeue(order);
                    self.suspended.insert(order);
                }
                Fact::Released { order } => {
                    self.suspended.remove(&order);
                    self.enqueue(order);
                }
                Fact::Cancelled { order, reason, .. } => self.leave(order, reason, &mut Vec::new()),
                Fact::MarketStopped { market } => {
                    self.stopped.insert(market);
                }
                Fact::MarketResumed { market } => {
                    self.stopped.remove(&market);
                }
                Fact::Voided { .. } | Fact::Started { .. } => {}
            }
        }
    }

    fn follow_entered(&mut self, command: &Command, entered: Entered) {
        self.orders.insert(entered.order, Order::new(entered));
        self.enqueue(entered.order);
        self.follow_id(command, entered.order);
    }

    fn follow_id(&mut self, command: &Command, order: OrderId) {
        let (account, client): (AccountId, Option<ClientId>) = match *command {
            Command::NewOrder(NewOrder { account, client, .. })
            | Command::Replace(Replace { account, client, .. }) => (account, client),
            Command::Cancel { .. }
            | Command::Release { .. }
            | Command::ResumeMarket { .. }
            | Command::OpenMarket(_) => return,
        };
        self.remember(account, client, *command, order);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_stopped_market_takes_cancels_alone_and_is_resumed_at_the_old_places() {
        let mut oracle = Oracle::new();
        let spec = MarketSpec::new("M0".parse().unwrap(), Scale::places(0), Scale::places(0));
        oracle.submit(CommandId(1), &Command::OpenMarket(spec));
        let place = |side, quantity| {
            let (client, price, quantity) = (None, Price(5), Lots(quantity));
            let (account, time_in_force) = (AccountId(1), TimeInForce::GoodTillCancel);
            Command::NewOrder(NewOrder {
                account,
                client,
                market: M0,
                side,
                price,
                quantity,
                time_in_force,
            })
        };
        oracle.submit(CommandId(2), &place(Side::Sell, 4));
        oracle.submit(CommandId(3), &place(Side::Sell, 4));
        let resume = Command::ResumeMarket { market: M0 };
        let refused = |code| [Outcome::Rejected(code)];
        assert_eq!(oracle.submit(CommandId(4), &resume), refused(RejectCode::MarketNotStopped));
        // A buyer has entered when the market stops, and has met no order.
        let buy = place(Side::Buy, 6);
        let Command::NewOrder(NewOrder {
            account,
            client,
            market,
            side,
            price,
            quantity,
            time_in_force,
        }) = buy
        else {
            return;
        };
        let order = OrderId(5);
        let entered = Entered {
            order,
            new: NewOrder { account, client, market, side, price, quantity, time_in_force },
        };
        oracle.follow(&buy, &[Fact::Entered(entered), Fact::MarketStopped { market: M0 }]);
        assert_eq!(
            oracle.submit(CommandId(6), &place(Side::Buy, 1)),
            refused(RejectCode::MarketStopped)
        );
        let release = Command::Release { order: OrderId(2) };
        assert_eq!(oracle.submit(CommandId(7), &release), refused(RejectCode::MarketStopped));
        let left = oracle.submit(CommandId(8), &Command::Cancel { account, order: OrderId(2) });
        assert!(matches!(left[..], [Outcome::Cancelled { .. }]), "{left:?}");
        let (maker, taker, quantity) = (OrderId(3), order, Lots(4));
        assert_eq!(
            oracle.submit(CommandId(9), &resume),
            [
                Outcome::MarketResumed { market: M0 },
                Outcome::Traded { maker, taker, market: M0, price, quantity },
            ]
        );
    }

    use protocol::{MarketSpec, RejectCode, TimeInForce};
    use units::{CommandId, Lots, MarketId, Price, Scale, Side};

    use super::*;
    use crate::oracle::Outcome;

    const M0: MarketId = MarketId(0);

    fn place(account: u32, side: Side, quantity: u64, price: i64) -> Command {
        let (account, price, quantity) = (AccountId(account), Price(price), Lots(quantity));
        let time_in_force = TimeInForce::GoodTillCancel;
        Command::NewOrder(NewOrder {
            account,
            client: None,
            market: M0,
            side,
            price,
            quantity,
            time_in_force,
        })
    }

    /// A market in which order 2, to sell 4 at 100, was suspended.
    fn suspended() -> Oracle {
        let mut oracle = Oracle::new();
        let (tick, lot) = (Scale::places(2), Scale::places(0));
        let symbol = "A-B".parse().expect("a symbol");
        oracle.submit(CommandId(1), &Command::OpenMarket(MarketSpec::new(symbol, tick, lot)));
        oracle.submit(CommandId(2), &place(1, Side::Sell, 4, 100));
        oracle.follow(&place(2, Side::Buy, 1, 90), &[Fact::Suspended { order: OrderId(2) }]);
        oracle
    }

    #[test]
    fn who_is_suspended_trades_with_nobody_and_may_only_be_cancelled_or_released() {
        let mut oracle = suspended();
        let bought = oracle.submit(CommandId(3), &place(2, Side::Buy, 1, 100));
        assert!(matches!(bought[..], [Outcome::Entered(_)]), "{bought:?}");
        let (account, order, price, quantity) = (AccountId(1), OrderId(2), Price(99), Lots(4));
        let replace = Command::Replace(Replace { account, client: None, order, price, quantity });
        assert_eq!(
            oracle.submit(CommandId(4), &replace),
            [Outcome::Rejected(RejectCode::OrderSuspended)]
        );
        let left = oracle.submit(CommandId(5), &Command::Cancel { account, order });
        assert!(matches!(left[..], [Outcome::Cancelled { quantity: Lots(4), .. }]), "{left:?}");
        let gone = oracle.submit(CommandId(6), &Command::Release { order });
        assert_eq!(gone, [Outcome::Rejected(RejectCode::UnknownOrder)]);
    }

    #[test]
    fn who_is_released_deals_as_an_incoming_order_and_then_rests_at_its_old_place() {
        let mut oracle = suspended();
        oracle.submit(CommandId(3), &place(2, Side::Sell, 4, 100));
        oracle.submit(CommandId(4), &place(3, Side::Buy, 1, 90));
        let (order, market) = (OrderId(2), M0);
        let mut released = oracle.clone();
        assert_eq!(
            released.submit(CommandId(5), &Command::Release { order }),
            [Outcome::Released { order }]
        );
        let again = released.submit(CommandId(6), &Command::Release { order });
        assert_eq!(again, [Outcome::Rejected(RejectCode::OrderNotSuspended)]);
        let levels = released.book(market, Side::Sell);
        assert_eq!(levels, [(Price(100), Lots(8), vec![order, OrderId(3)])]);

        oracle.submit(CommandId(5), &Command::Cancel { account: AccountId(2), order: OrderId(3) });
        oracle.submit(CommandId(6), &place(3, Side::Buy, 1, 101));
        let (maker, taker) = (OrderId(6), order);
        let (at, one) = (Price(101), Lots(1));
        assert_eq!(
            oracle.submit(CommandId(7), &Command::Release { order }),
            [
                Outcome::Released { order },
                Outcome::Traded { maker, taker, market, price: at, quantity: one },
            ]
        );
    }
}
