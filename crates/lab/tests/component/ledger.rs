//! The ledger's protocol as a process: what it records of deals and how it answers, to a seller of 5
//! and a buyer of 3 who deal with each other again and again, one deal at a time.

use checker::component::{EffectOf, Input, InputOf, Model, Stage, Transition, transition};
use kernel::Pid;
use ledger::Ledger;
use market::{LEDGER, Party, Role};
use protocol::{Deal, Entered, Fact, Message, NewOrder, TimeInForce};
use units::{AccountId, CommandId, Lots, MarketId, OrderId, Price, Side};

use crate::answer::{Answer, Numbers};

const MARKET: MarketId = MarketId(0);
const SELLER: OrderId = OrderId(1);
const BUYER: OrderId = OrderId(2);
const PRICE: Price = Price(100);
const TIME_IN_FORCE: TimeInForce = TimeInForce::GoodTillCancel;

/// The state of the facts.
#[derive(Clone, Debug)]
pub(crate) struct LedgerModel {
    peer: Pid,
    /// Sizes of the two, and what has traded of each.
    size: [Lots; 2],
    filled: Lots,
    /// The number of the last deal that ended, and whether it is a trade.
    last: (u32, bool),
}

impl LedgerModel {
    pub(crate) fn new() -> LedgerModel {
        let size = [Lots(5), Lots(3)];
        LedgerModel { peer: Pid::OUTSIDE, size, filled: Lots::ZERO, last: (0, false) }
    }

    fn is_open(&self, order: OrderId) -> bool {
        self.filled < self.size[usize::from(order == BUYER)]
    }

    fn deal(number: u32) -> Deal {
        Deal { maker: SELLER, taker: BUYER, incarnation: 1, number }
    }

    fn void(&mut self, deal: Deal, out: &mut Answer) {
        out.records(Fact::Voided { deal });
        self.last = (deal.number, false);
        out.says(self.peer, Message::Voided { deal });
    }

    fn record(
        &mut self,
        deal: Deal,
        price: Price,
        quantity: Lots,
        out: &mut Answer,
    ) -> &'static str {
        let left = Lots(3).checked_sub(self.filled).unwrap_or(Lots::ZERO);
        match self.last {
            (last, traded) if last == deal.number => return self.again(deal, traded, out),
            _ if !self.is_open(BUYER) => {
                out.says(self.peer, Message::Voided { deal });
                return "answers that it can never be";
            }
            _ if price == PRICE && quantity > Lots::ZERO && quantity <= left => {}
            _ => {
                self.void(deal, out);
                return "voids what is not sound";
            }
        }
        out.records(Fact::Traded { deal, market: MARKET, price, quantity });
        self.filled += quantity;
        self.last = (deal.number, true);
        out.says(self.peer, Message::Recorded { deal });
        "records"
    }

    fn again(&self, deal: Deal, traded: bool, out: &mut Answer) -> &'static str {
        let said = if traded { Message::Recorded { deal } } else { Message::Voided { deal } };
        out.says(self.peer, said);
        "answers the same again"
    }
}

impl Model for LedgerModel {
    type Process = Party;
    const TRANSITIONS: &'static [&'static str] = &[
        "starts",
        "records",
        "voids what is not sound",
        "answers that it can never be",
        "voids",
        "answers the same again",
        "knows no such order",
        "restores",
        "lists",
    ];

    fn set(&mut self) -> Stage<Party> {
        let mut stage = Stage::new(Ledger::new(), Some(LEDGER));
        stage.record(Fact::Started { epoch: 1 });
        stage.record(Fact::MarketOpened { market: MARKET, spec: lab::world::market_spec(0) });
        for (order, side, price) in [(SELLER, Side::Sell, PRICE), (BUYER, Side::Buy, Price(101))] {
            let (account, market, client, time_in_force) =
                (AccountId(1), MARKET, None, TIME_IN_FORCE);
            let quantity = self.size[usize::from(order == BUYER)];
            let entered = Entered {
                order,
                new: NewOrder { account, client, market, side, price, quantity, time_in_force },
            };
            stage.record(Fact::Entered(entered));
        }
        self.peer = stage.play();
        stage.begin(Role::Ledger, LEDGER);
        stage
    }

    fn may(&self) -> Vec<InputOf<Party>> {
        let mut said = vec![Message::ListOpen { market: MARKET }];
        for order in [SELLER, BUYER] {
            said.push(Message::Restore { order });
            // The party that asks has a hold for the last deal, or for one that has not ended.
            for number in [self.last.0, self.last.0 + 1].into_iter().filter(|n| *n > 0) {
                said.push(Message::Resolve { deal: LedgerModel::deal(number), order });
            }
        }
        for number in [self.last.0, self.last.0 + 1, self.last.0 + 2].into_iter().filter(|n| *n > 0)
        {
            for (price, quantity) in
                [(PRICE, 1), (PRICE, 2), (PRICE, 4), (Price(101), 1), (PRICE, 0)]
            {
                said.push(Message::Record {
                    deal: LedgerModel::deal(number),
                    price,
                    quantity: Lots(quantity),
                });
            }
        }
        said.into_iter().map(|message| Input::Says { from: self.peer, message }).collect()
    }

    fn must(&self, input: &InputOf<Party>) -> Vec<Transition<LedgerModel>> {
        let (mut then, mut out) = (self.clone(), Answer::default());
        let name = match *input {
            Input::Start => "starts",
            Input::Says { message: Message::Record { deal, price, quantity }, .. } => {
                then.record(deal, price, quantity, &mut out)
            }
            Input::Says { message: Message::Resolve { order, .. }, .. } if !self.is_open(order) => {
                out.says(self.peer, Message::Unknown);
                "knows no such order"
            }
            Input::Says { message: Message::Resolve { deal, .. }, .. } => match self.last {
                (last, traded) if last == deal.number => self.again(deal, traded, &mut out),
                _ => {
                    then.void(deal, &mut out);
                    "voids"
                }
            },
            Input::Says { message: Message::Restore { order }, .. } if self.is_open(order) => {
                let is_buyer = order == BUYER;
                let side = if is_buyer { Side::Buy } else { Side::Sell };
                let price = if is_buyer { Price(101) } else { PRICE };
                let (size, filled) = (self.size[usize::from(is_buyer)], self.filled);
                let (priority, market, time_in_force) = (CommandId(order.0), MARKET, TIME_IN_FORCE);
                let me = Message::Restored {
                    priority,
                    price,
                    size,
                    filled,
                    market,
                    side,
                    time_in_force,
                };
                out.says(self.peer, me);
                "restores"
            }
            Input::Says { message: Message::Restore { .. }, .. } => {
                out.says(self.peer, Message::Unknown);
                "knows no such order"
            }
            Input::Says { message: Message::ListOpen { .. }, .. } => {
                for order in [SELLER, BUYER].into_iter().filter(|order| self.is_open(*order)) {
                    out.says(self.peer, Message::Listed { order });
                }
                out.says(self.peer, Message::ListedAll);
                "lists"
            }
            _ => return Vec::new(),
        };
        vec![transition(name, out.does(), then)]
    }

    /// It has no state of its own, so its next life knows every recorded fact, answered or not.
    fn reborn(&mut self, _lost: &[EffectOf<Party>]) {}

    fn state_name(&self) -> &'static str {
        if self.is_open(BUYER) { "both open" } else { "one open" }
    }

    fn itself(&self) -> &'static str {
        "ledger"
    }

    fn text(&self, said: &Message) -> String {
        said.text(&Numbers)
    }

    fn name(&self, _pid: Pid) -> String {
        "orders".to_owned()
    }
}
