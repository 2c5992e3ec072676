// Draws one market from the gateway's own REST, once a second while somebody looks.
// Numbers stay text as they came; only bars and the line are drawn from floats.
"use strict";

const ROWS = 12; // of each side of the ladder
const TRADES = 24;
const LINE = 200; // trades of the line
const EVERY = 1000; // ms
const by = (id) => document.getElementById(id);
const SVG_PATH = { area: by("line").querySelector(".area"), stroke: by("line").querySelector(".stroke") };

let markets = [];
let newest = 0; // number of the newest trade that was drawn
let drawn = ""; // market that is drawn
let timer = 0;

const wanted = () => decodeURIComponent(location.hash.slice(1));
const current = () => markets.find((m) => m.id === wanted()) || markets[0];

async function get(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(5000) });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.message);
  return body;
}

function text(id, value) {
  const node = by(id);
  const shown = value === null || value === undefined || value === "" ? "–" : value;
  if (node.textContent !== shown) node.textContent = shown;
}

function state(kind, words) {
  by("state").className = kind;
  const node = by("state").lastElementChild;
  if (node.textContent !== words) node.textContent = words;
}

// ---- exact differences of decimal text, without floats

function scaled(textual) {
  const [, sign, whole, fraction = ""] = textual.match(/^(-?)(\d+)(?:\.(\d+))?$/);
  return { units: BigInt(sign + whole + fraction), places: fraction.length };
}

function written(units, places) {
  const sign = units < 0n ? "-" : "";
  const digits = (units < 0n ? -units : units).toString().padStart(places + 1, "0");
  if (places === 0) return sign + digits;
  return sign + digits.slice(0, -places) + "." + digits.slice(-places);
}

function minus(a, b) {
  const [x, y] = [scaled(a), scaled(b)]; // of one market, so of one scale
  return written(x.units - y.units, x.places);
}

// ---- drawing

function drawMarkets() {
  const nav = by("markets");
  const ids = markets.map((m) => m.id).join();
  if (nav.dataset.ids !== ids) {
    nav.dataset.ids = ids;
    nav.replaceChildren(...markets.map((m) => {
      const link = document.createElement("a");
      link.href = "#" + encodeURIComponent(m.id);
      link.textContent = m.id;
      return link;
    }));
  }
  const here = current();
  for (const [index, link] of [...nav.children].entries()) {
    if (markets[index] === here) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

function cell(row, index) {
  while (row.cells.length <= index) {
    const td = row.insertCell();
    td.append(document.createElement("span"));
  }
  return row.cells[index];
}

function put(row, index, value) {
  const span = cell(row, index).lastElementChild;
  if (span.textContent !== value) span.textContent = value;
}

function bar(row, share) {
  const td = cell(row, 3); // a quarter of the row, so the longest bar is four of its widths
  if (td.children.length === 1) {
    const bar = document.createElement("i");
    bar.className = "bar";
    td.prepend(bar);
  }
  td.firstElementChild.style.width = (share * 400).toFixed(1) + "%";
}

function fit(body, count) {
  if (body.firstElementChild?.className === "none") body.replaceChildren();
  while (body.rows.length > count) body.deleteRow(-1);
  while (body.rows.length < count) body.insertRow();
}

function none(body, words, columns) {
  const row = document.createElement("tr");
  row.className = "none";
  const td = row.insertCell();
  td.colSpan = columns;
  td.textContent = words;
  body.replaceChildren(row);
}

function drawSide(id, levels, away, most) {
  const body = by(id);
  if (levels.length === 0) return none(body, id === "asks" ? "nobody sells" : "nobody buys", 4);
  fit(body, levels.length);
  levels.forEach((level, index) => {
    const row = body.rows[away ? levels.length - 1 - index : index];
    put(row, 0, String(level.orders));
    put(row, 1, level.size);
    put(row, 2, level.price);
    put(row, 3, level.sum);
    bar(row, level.share / most);
  });
}

function sums(rows) {
  let sum = 0n;
  return rows.slice(0, ROWS).map(([price, size, orders]) => {
    const { units, places } = scaled(size);
    sum += units;
    return { price, size, orders, sum: written(sum, places), share: Number(sum) };
  });
}

function drawBook(book) {
  const [asks, bids] = [sums(book.asks), sums(book.bids)];
  const most = Math.max(1, asks.at(-1)?.share ?? 0, bids.at(-1)?.share ?? 0);
  drawSide("asks", asks, true, most);
  drawSide("bids", bids, false, most);
  const [bid, ask] = [bids[0], asks[0]];
  const spread = bid && ask ? minus(ask.price, bid.price) : "";
  text("bid", bid?.price);
  by("bid-size").textContent = bid ? bid.size : "";
  text("ask", ask?.price);
  by("ask-size").textContent = ask ? ask.size : "";
  text("spread", spread);
  const more = Math.max(0, book.asks.length - ROWS) + Math.max(0, book.bids.length - ROWS);
  text("middle", (spread ? "spread " + spread : "no spread") + (more ? ` · ${more} more prices` : ""));
}

function drawTicker(market, ticker, trades) {
  text("last", ticker.price);
  by("last").className = trades[0] ? trades[0].taker_side : "";
  by("last-size").textContent = ticker.size || "";
  text("volume", ticker.volume);
  by("base").textContent = market.base_currency;
}

function clock(time) {
  const at = new Date(time);
  const two = (n) => String(n).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

function drawTape(trades, again) {
  const body = by("trades");
  if (trades.length === 0) return none(body, "no trades yet", 4);
  const rows = trades.slice(0, TRADES);
  fit(body, rows.length);
  rows.forEach((trade, index) => {
    const row = body.rows[index];
    const id = String(trade.trade_id);
    row.classList.toggle("new", !again && trade.trade_id > newest);
    if (row.dataset.id === id) return;
    row.dataset.id = id;
    put(row, 0, clock(trade.time));
    put(row, 1, (trade.taker_side === "buy" ? "▲ " : "▼ ") + trade.price);
    cell(row, 1).className = trade.taker_side;
    cell(row, 1).title = trade.taker_side === "buy" ? "a buyer came" : "a seller came";
    put(row, 2, trade.size);
    const link = cell(row, 3).lastElementChild;
    const anchor = document.createElement("a");
    anchor.href = "/trades/" + id;
    anchor.textContent = "#" + id;
    anchor.title = "this trade";
    link.replaceChildren(anchor);
  });
  newest = trades[0].trade_id;
}

function drawLine(trades) {
  const prices = trades.map((t) => Number(t.price)).reverse();
  if (prices.length < 2) {
    for (const path of Object.values(SVG_PATH)) path.setAttribute("d", "");
    return text("line-text", prices.length ? "one trade so far" : "no trades yet");
  }
  const [low, high] = [Math.min(...prices), Math.max(...prices)];
  const y = (p) => (high === low ? 28 : 52 - ((p - low) / (high - low)) * 48).toFixed(1);
  const x = (i) => ((i / (prices.length - 1)) * 300).toFixed(1);
  const points = prices.map((p, i) => `${x(i)} ${y(p)}`).join("L");
  SVG_PATH.stroke.setAttribute("d", "M" + points);
  SVG_PATH.area.setAttribute("d", `M${points}L300 56L0 56Z`);
  const [lowest, highest] = [prices.indexOf(low), prices.indexOf(high)].map((i) => trades.at(-1 - i).price);
  text("line-text", `last ${prices.length} trades, ${lowest} to ${highest}`);
}

function drawHint(market) {
  const order = { product_id: market.id, side: "buy", price: by("ask").textContent, size: market.base_increment };
  if (order.price === "–") order.price = market.quote_increment;
  const hint = `curl -s ${location.origin}/orders -H 'CB-ACCESS-KEY: 1' -d '${JSON.stringify(order)}'`;
  if (by("curl").textContent !== hint) by("curl").textContent = hint;
  by("raw").href = `/products/${encodeURIComponent(market.id)}/book?level=3`;
}

// ---- the loop

async function draw() {
  markets = await get("/products");
  drawMarkets();
  const market = current();
  if (!market) return state("live", "no markets yet");
  const base = "/products/" + encodeURIComponent(market.id);
  const [book, ticker, trades] = await Promise.all([
    get(base + "/book?level=2"), get(base + "/ticker"), get(base + "/trades?limit=" + LINE),
  ]);
  if (market !== current()) return draw(); // somebody switched meanwhile
  const again = drawn !== market.id;
  drawn = market.id;
  document.title = `${ticker.price || "–"} ${market.id} · Buttonwood`;
  drawBook(book);
  drawTicker(market, ticker, trades);
  drawTape(trades, again);
  drawLine(trades);
  drawHint(market);
  state(market.cancel_only ? "lost" : "live", market.status_message || "live");
}

async function loop() {
  clearTimeout(timer);
  try {
    if (!document.hidden) await draw();
  } catch (error) {
    const unreachable = error instanceof TypeError || error.name === "TimeoutError";
    state("lost", unreachable ? "the exchange does not answer" : error.message);
  }
  clearTimeout(timer);
  timer = setTimeout(loop, EVERY);
}

function step(by) {
  const index = markets.indexOf(current());
  const next = markets[(index + by + markets.length) % markets.length];
  if (next) location.hash = encodeURIComponent(next.id);
}

addEventListener("hashchange", () => { drawMarkets(); loop(); });
document.addEventListener("visibilitychange", loop);
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const jump = (id) => { by(id).tabIndex = -1; by(id).focus(); by(id).scrollIntoView({ block: "nearest" }); };
  const keys = { ArrowLeft: () => step(-1), ArrowRight: () => step(1), b: () => jump("ladder"), t: () => jump("tape") };
  keys[event.key]?.();
});
loop();
