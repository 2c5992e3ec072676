//! Every bound of the exchange, with its unit and its reason. A command that would exceed one is rejected.

/// Furthest price from zero, in ticks, both ways. Price × lots and sums of it must fit an `i128`.
pub const MAX_PRICE: i64 = 1 << 52;

/// Largest order, in lots. A level of [`MAX_ORDERS`] such orders still sums within a `u64`.
pub const MAX_LOTS: u64 = 1 << 38;

/// Most orders that may be open in one world at once. Addresses of processes are 32 bits wide;
/// a quarter of that keeps tables under half full at their next doubling.
pub const MAX_ORDERS: usize = 1 << 24;

/// Most markets in one world. A market's number is 16 bits; a group of the tree has a place for each.
pub const MAX_MARKETS: usize = 1 << 12;

/// Most client ids remembered per account, newest kept. A repeat under one of them leads to its first order.
pub const REMEMBERED_CLIENT_IDS: usize = 1024;

/// Highest number of a command. At ten million a second it is reached after 14,000 years; a journal with a higher one
/// is refused, and numbers that follow never leave 64 bits.
pub const MAX_COMMAND: u64 = 1 << 62;

/// Most deals that one life of an order proposes. The ledger keeps a deal's number doubled, in 32 bits. At the limit
/// the order begins another life, whose deals count from 1 again.
pub const MAX_PROPOSALS: u32 = (1 << 31) - 1;

/// Bytes for client ids that are remembered, over all accounts: about what two million open orders take, and enough
/// for 1.4 million accounts with an id each, or for 2 million ids. Beyond it the accounts that are idle for longest
/// are forgotten; an account is refused only if no other is idle.
pub const REMEMBERED_BYTES: usize = 512 << 20;
