// SPDX-License-Identifier: Apache-2.0
// Readings in their band: violations filled, what nobody knows hatched, outages shaded; moved by mouse, touch and keys.
import { common, hatching, movable } from "./axes.js";
import { readings, told, AHEAD } from "./data.js";
import { colour, element } from "./words.js";

const section = document.getElementById("readings"), chart = document.getElementById("chart");
const cursor = document.getElementById("cursor"), csv = document.getElementById("csv"), table = document.getElementById("as-table");
const place = document.getElementById("place"), beside = document.getElementById("beside");
const MANY = 4000; // intervals in sight beyond which steps can't be told from slants, which are drawn a pixel at a time
const SPANS = { day: 86400, week: 604800, month: 2678400 };
const query = new URLSearchParams(location.search);
let data, plot, words, compared, began, newest = [];

if (chart) {
  words = JSON.parse(chart.dataset.words);
  if (query.has("place")) place.value = query.get("place");
  if (beside && query.has("beside")) beside.value = query.get("beside");
  place.addEventListener("change", load);
  beside?.addEventListener("change", () => compare().then(() => { plot.setData(series(), false); plot.redraw(); remember(); }));
  for (const button of section.querySelectorAll("[data-span]")) button.addEventListener("click", () => span(button.dataset.span));
  chart.addEventListener("keydown", key);
  new ResizeObserver(() => plot?.setSize(size())).observe(chart);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("electro:newest", (event) => { newest = event.detail; if (plot) plot.setData(series(), false), plot.redraw(); });
  addEventListener("electro:show", (event) => { mover.show(plot, event.detail.since, event.detail.until); chart.scrollIntoView({ block: "nearest" }); });
  load();
}

const limits = () => [data.at[0], data.at[data.n]];
const mover = movable(limits, moved);
const size = () => ({ width: chart.clientWidth, height: chart.clientHeight });

async function load() {
  began = performance.now();
  try {
    data = await readings(section.dataset.agreement, place.value || 0);
  } catch {
    cursor.textContent = words.failed;
    return;
  }
  if (!data.n) return;
  await compare();
  draw();
}

async function compare() {
  compared = undefined;
  const shift = SPANS[beside?.value];
  if (shift) {
    const by = Math.round(shift / data.length);
    compared = Array.from({ length: data.n + 1 }, (_, i) => (i >= by ? data.used[i - by] : null));
  } else if (beside?.value === "period") {
    const earlier = await readings(section.dataset.earlier, place.value || 0).catch(() => null);
    if (earlier) compared = Array.from({ length: data.n + 1 }, (_, i) => (i < earlier.n ? earlier.used[i] : null));
  }
}

const series = () => [data.at, data.high, data.low, data.used, compared ?? new Array(data.n + 1).fill(null), fresh()];

/** Return what is not final yet of this place. */
function fresh() {
  const found = new Array(data.n + 1).fill(null);
  for (const { place: at, first, units } of newest) if (at === Number(place.value || 0)) {
    units.forEach((each, i) => { if (each >= 0 && first + i < data.n) found[first + i] = each * data.kwh; });
    if (first + units.length <= data.n) found[first + units.length] = found[first + units.length - 1] ?? null;
  }
  return found;
}

function draw() {
  plot?.destroy();
  const stepped = uPlot.paths.stepped({ align: 1 }), slanted = uPlot.paths.linear();
  const paths = (u, index, first, last) => (last - first > MANY ? slanted : stepped)(u, index, first, last);
  const line = { paths, points: { show: false }, spanGaps: false };
  plot = new uPlot({
    ...common(size().width, size().height),
    scales: { x: { time: true }, y: { range: (_, __, max) => [0, Math.max(1, max) * 1.06] } },
    cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { show: false } },
    series: [{}, { ...line, stroke: colour("band-line"), width: 0.8 }, { ...line, stroke: colour("band-line"), width: 0.8 },
      { ...line, stroke: colour("used"), width: 1.4 }, { ...line, stroke: colour("beside"), width: 1, dash: [4, 3] }, { ...line, stroke: colour("used"), width: 1.4, dash: [2, 3] }],
    bands: [{ series: [1, 2], fill: colour("band") }],
    hooks: { drawClear: [], drawAxes: [shade], draw: [mark], setCursor: [tell] },
    plugins: [mover.plugin],
  }, series(), chart);
  plot.interval = data.length;
  const since = Number(query.get("since")), until = Number(query.get("until"));
  if (since && until > since) mover.show(plot, since, until);
  else span(query.get("span") ?? (data.n * data.length > SPANS.month ? "week" : "all"), true);
  performance.measure("electro:drawn", { start: began });
  chart.dataset.drawn = "1";
}

/** Shade what lies behind the lines: outages, interruptions, what nobody knows, what is still ahead. */
function shade(u) {
  const { ctx } = u, [first, last] = sight(u);
  ctx.save();
  ctx.beginPath(); ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height); ctx.clip();
  const column = (since, until, fill) => {
    const left = u.valToPos(since, "x", true), right = u.valToPos(until, "x", true);
    ctx.fillStyle = fill;
    ctx.fillRect(left, u.bbox.top, Math.max(1, right - left), u.bbox.height);
  };
  const hatch = hatching(ctx, colour("none"));
  for (const [since, until] of data.unknown) if (until >= first && since <= last) column(data.at[since], data.at[until], hatch);
  ctx.globalAlpha = 0.18;
  for (const [since, until] of data.cut) if (until >= first && since <= last) column(data.at[since], data.at[until], colour("none"));
  for (const [since, until] of data.neutral) if (until >= first && since <= last) column(data.at[since], data.at[until], colour("none"));
  ctx.globalAlpha = 0.25;
  for (const out of data.outages) column(out.started_at, out.ended_at ?? Number(section.dataset.now), colour("out"));
  ctx.restore();
}

/** Fill the part of each violation that lies out of the band, and draw where now is. */
function mark(u) {
  const { ctx } = u, [first, last] = sight(u);
  ctx.save();
  ctx.beginPath(); ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height); ctx.clip();
  const over = colour("over"), under = colour("under");
  for (const i of data.off) {
    if (i < first - 1) continue;
    if (i > last) break;
    const above = data.deviation[i] > 0, left = u.valToPos(data.at[i], "x", true), right = u.valToPos(data.at[i + 1], "x", true);
    const top = u.valToPos(above ? data.used[i] : data.low[i], "y", true), bottom = u.valToPos(above ? data.high[i] : data.used[i], "y", true);
    ctx.fillStyle = above ? over : under;
    ctx.fillRect(left, top, Math.max(2, right - left), Math.max(2, bottom - top));
  }
  const now = u.valToPos(Number(section.dataset.now), "x", true);
  ctx.fillStyle = colour("quiet");
  ctx.fillRect(now, u.bbox.top, 1, u.bbox.height);
  ctx.restore();
}

const sight = (u) => [Math.floor((u.scales.x.min - data.at[0]) / data.length), Math.ceil((u.scales.x.max - data.at[0]) / data.length)];

function tell(u) {
  const { left } = u.cursor;
  if (left == null || left < 0) return;
  const i = Math.min(data.n - 1, Math.max(0, Math.floor((u.posToVal(left, "x") - data.at[0]) / data.length)));
  if (u.told !== i) cursor.textContent = told(data, (u.told = i), words);
}

function pointAt(i) {
  const { min, max } = plot.scales.x, at = data.at[i] + data.length / 2;
  if (at < min || at > max) mover.show(plot, at - (max - min) / 2, at + (max - min) / 2);
  plot.setCursor({ left: plot.valToPos(at, "x"), top: plot.over.clientHeight / 2 });
}

function key(event) {
  if (event.ctrlKey || event.altKey || event.metaKey || !plot) return;
  const { min, max } = plot.scales.x, width = max - min, middle = (min + max) / 2, [first, last] = sight(plot);
  const at = plot.told ?? Math.max(0, first), violation = (by) => (by > 0 ? data.off.find((i) => i > at) : data.off.findLast((i) => i < at));
  const done = {
    ArrowLeft: () => pointAt(Math.max(0, at - 1)), ArrowRight: () => pointAt(Math.min(data.n - 1, at + 1)),
    "+": () => mover.show(plot, middle - width / 4, middle + width / 4), "=": () => mover.show(plot, middle - width / 4, middle + width / 4),
    "-": () => mover.show(plot, middle - width, middle + width), 0: () => mover.show(plot, ...limits()),
    PageUp: () => mover.show(plot, min - width * 0.8, max - width * 0.8), PageDown: () => mover.show(plot, min + width * 0.8, max + width * 0.8),
    Home: () => mover.show(plot, data.at[0], data.at[0] + width), End: () => mover.show(plot, data.at[data.n] - width, data.at[data.n]),
    n: () => pointAt(violation(1) ?? at), p: () => pointAt(violation(-1) ?? at),
  }[event.key];
  if (!done) return;
  event.preventDefault();
  event.stopPropagation();
  done();
}

/** Show a stretch of this length that ends with what is known. */
function span(name, quietly = false) {
  const [first, last] = limits(), length = SPANS[name];
  const known = data.kind.findLastIndex((kind) => kind !== AHEAD), until = length ? Math.min(last, Math.max(first + length, data.at[known + 1] ?? last)) : last;
  if (length) mover.show(plot, until - length, until);
  else mover.show(plot, first, last);
  for (const button of section.querySelectorAll("[data-span]")) button.setAttribute("aria-pressed", String(button.dataset.span === name));
  if (quietly) remember.cancel?.();
}

function moved(since, until) {
  const asked = `since=${Math.floor(since)}&until=${Math.ceil(until)}&place=${place.value || 0}`, own = `/agreements/${section.dataset.agreement}/readings`;
  csv.href = `${own}.csv?${asked}`;
  table.href = `${own}?${asked}`;
  remember();
}

function remember() {
  clearTimeout(remember.waiting);
  remember.cancel = () => clearTimeout(remember.waiting);
  remember.waiting = setTimeout(() => {
    const { min, max } = plot.scales.x, kept = new URLSearchParams(location.search);
    for (const [name, value] of Object.entries({ since: Math.floor(min), until: Math.ceil(max), place: place.value || 0, beside: beside?.value })) value ? kept.set(name, value) : kept.delete(name);
    history.replaceState(null, "", `${location.pathname}?${kept}${location.hash}`);
  }, 250);
}
