//! Where an order was given up, or somebody died while one was released, the rules of trade alone do not say what
//! comes of an ask: the oracle takes it over from the facts, and says again what must come of the next.

use protocol::{Ask, Entered, Fact, Place, Replace};
use units::{AccountId, ClientId, OrderId};

use super::{Oracle, Order};

impl Oracle {
    /// Takes over what this ask has brought about, without a judgement of its own. The facts must be possible.
    pub fn follow(&mut self, ask: &Ask, facts: &[Fact]) {
        for fact in facts {
            match *fact {
                Fact::MarketOpened { spec, .. } => self.markets.push(spec),
                Fact::Entered(entered) => self.follow_entered(ask, entered),
                Fact::Traded { deal, market, price, lots } => {
                    self.last.insert(market, price);
                    self.trade(deal.maker, lots);
                    self.trade(deal.taker, lots);
                }
                Fact::Replaced { order: id, price, lots, place, .. } => {
                    self.dequeue(id);
                    let order = self.orders.get_mut(&id).expect("only open orders are replaced");
                    (order.price, order.size, order.place) = (price, lots, place);
                    self.enqueue(id);
                    self.follow_id(ask, id);
                }
                Fact::Suspended { order } => {
                    self.dequeue(order);
                    self.suspended.insert(order);
                }
                Fact::Released { order } => {
                    self.suspended.remove(&order);
                    self.enqueue(order);
                }
                Fact::Left { order, reason, .. } => self.leave(order, reason, &mut Vec::new()),
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

    fn follow_entered(&mut self, ask: &Ask, entered: Entered) {
        self.orders.insert(entered.order, Order::new(entered));
        self.enqueue(entered.order);
        self.follow_id(ask, entered.order);
    }

    fn follow_id(&mut self, ask: &Ask, order: OrderId) {
        let (account, client): (AccountId, Option<ClientId>) = match *ask {
            Ask::Place(Place { account, client, .. })
            | Ask::Replace(Replace { account, client, .. }) => (account, client),
            Ask::Cancel { .. }
            | Ask::Release { .. }
            | Ask::ResumeMarket { .. }
            | Ask::OpenMarket(_) => return,
        };
        self.remember(account, client, *ask, order);
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_stopped_market_takes_cancels_alone_and_is_resumed_at_the_old_places() {
        let mut oracle = Oracle::new();
        let spec = MarketSpec::new("M0".parse().unwrap(), Scale::places(0), Scale::places(0));
        oracle.ask(AskId(1), &Ask::OpenMarket(spec));
        let place = |side, lots| {
            let (client, price, lots) = (None, Price(5), Lots(lots));
            let (account, stands) = (AccountId(1), TimeInForce::GoodTillCancel);
            Ask::Place(Place { account, client, market: M0, side, price, lots, stands })
        };
        oracle.ask(AskId(2), &place(Side::Sell, 4));
        oracle.ask(AskId(3), &place(Side::Sell, 4));
        let resume = Ask::ResumeMarket { market: M0 };
        let refused = |code| [Outcome::Refused(code)];
        assert_eq!(oracle.ask(AskId(4), &resume), refused(Code::MarketNotStopped));
        // A buyer has entered when the market stops, and has met nobody.
        let buy = place(Side::Buy, 6);
        let Ask::Place(Place { account, client, market, side, price, lots, stands }) = buy else {
            return;
        };
        let order = OrderId(5);
        let entered = Entered { order, account, client, market, side, price, lots, stands };
        oracle.follow(&buy, &[Fact::Entered(entered), Fact::MarketStopped { market: M0 }]);
        assert_eq!(oracle.ask(AskId(6), &place(Side::Buy, 1)), refused(Code::MarketStopped));
        let release = Ask::Release { order: OrderId(2) };
        assert_eq!(oracle.ask(AskId(7), &release), refused(Code::MarketStopped));
        let left = oracle.ask(AskId(8), &Ask::Cancel { account, order: OrderId(2) });
        assert!(matches!(left[..], [Outcome::Left { .. }]), "{left:?}");
        let (maker, taker, lots) = (OrderId(3), order, Lots(4));
        assert_eq!(
            oracle.ask(AskId(9), &resume),
            [
                Outcome::MarketResumed { market: M0 },
                Outcome::Traded { maker, taker, market: M0, price, lots },
            ]
        );
    }

    use protocol::{Code, MarketSpec, TimeInForce};
    use units::{AskId, Lots, MarketId, Price, Scale, Side};

    use super::*;
    use crate::oracle::Outcome;

    const M0: MarketId = MarketId(0);

    fn place(account: u32, side: Side, lots: u64, price: i64) -> Ask {
        let (account, price, lots) = (AccountId(account), Price(price), Lots(lots));
        let stands = TimeInForce::GoodTillCancel;
        Ask::Place(Place { account, client: None, market: M0, side, price, lots, stands })
    }

    /// A market in which order 2, to sell 4 at 100, was given up.
    fn suspended() -> Oracle {
        let mut oracle = Oracle::new();
        let (tick, lot) = (Scale::places(2), Scale::places(0));
        let symbol = "A-B".parse().expect("a symbol");
        oracle.ask(AskId(1), &Ask::OpenMarket(MarketSpec::new(symbol, tick, lot)));
        oracle.ask(AskId(2), &place(1, Side::Sell, 4, 100));
        oracle.follow(&place(2, Side::Buy, 1, 90), &[Fact::Suspended { order: OrderId(2) }]);
        oracle
    }

    #[test]
    fn who_is_suspended_trades_with_nobody_and_may_only_be_cancelled_or_released() {
        let mut oracle = suspended();
        let bought = oracle.ask(AskId(3), &place(2, Side::Buy, 1, 100));
        assert!(matches!(bought[..], [Outcome::Entered(_)]), "{bought:?}");
        let (account, order, price, lots) = (AccountId(1), OrderId(2), Price(99), Lots(4));
        let replace = Ask::Replace(Replace { account, client: None, order, price, lots });
        assert_eq!(oracle.ask(AskId(4), &replace), [Outcome::Refused(Code::OrderSuspended)]);
        let left = oracle.ask(AskId(5), &Ask::Cancel { account, order });
        assert!(matches!(left[..], [Outcome::Left { lots: Lots(4), .. }]), "{left:?}");
        let gone = oracle.ask(AskId(6), &Ask::Release { order });
        assert_eq!(gone, [Outcome::Refused(Code::UnknownOrder)]);
    }

    #[test]
    fn who_is_released_deals_as_a_newcomer_and_then_rests_at_its_old_place() {
        let mut oracle = suspended();
        oracle.ask(AskId(3), &place(2, Side::Sell, 4, 100));
        oracle.ask(AskId(4), &place(3, Side::Buy, 1, 90));
        let (order, market) = (OrderId(2), M0);
        let mut released = oracle.clone();
        assert_eq!(released.ask(AskId(5), &Ask::Release { order }), [Outcome::Released { order }]);
        let again = released.ask(AskId(6), &Ask::Release { order });
        assert_eq!(again, [Outcome::Refused(Code::OrderNotSuspended)]);
        let levels = released.book(market, Side::Sell);
        assert_eq!(levels, [(Price(100), Lots(8), vec![order, OrderId(3)])]);

        oracle.ask(AskId(5), &Ask::Cancel { account: AccountId(2), order: OrderId(3) });
        oracle.ask(AskId(6), &place(3, Side::Buy, 1, 101));
        let (maker, taker) = (OrderId(6), order);
        let (at, one) = (Price(101), Lots(1));
        assert_eq!(
            oracle.ask(AskId(7), &Ask::Release { order }),
            [
                Outcome::Released { order },
                Outcome::Traded { maker, taker, market, price: at, lots: one },
            ]
        );
    }
}
