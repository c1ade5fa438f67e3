// SPDX-License-Identifier: Apache-2.0
// How a bonus burns down: what remains, what took the rest, and where it is going.
import { common, movable } from "./axes.js";
import { clock, colour, date, money } from "./words.js";

const CAUSES = { over: "over", under: "under", "no data": "none", missing: "none", unexplained: "out", outage: "out", forfeited: "quiet", neutral: "quiet" };
const chart = document.getElementById("burndown"), cursor = document.getElementById("burndown-cursor");
if (chart) {
  const { burn, dates, bonus, projection, now } = JSON.parse(chart.dataset.facts), last = burn.remaining.findLastIndex((left, i) => i && left !== burn.remaining[i - 1]);
  const ends = projection ? Math.min(dates.settles_at, Math.max(now, dates.end)) : Math.max(dates.end, burn.at[last] ?? 0);
  const scale = 10 ** Number(document.body.dataset.decimals), money1 = (minor) => Number(minor) / scale;
  const at = [dates.start, ...burn.at, Math.max(Math.min(now, dates.settles_at), ...burn.at.slice(-1))], total = at.map((_, i) => money1(bonus) + money1(burn.by_cause.granted?.[Math.min(Math.max(0, i - 1), burn.at.length - 1)] ?? 0));
  const own = (values, before) => [before, ...values, values.at(-1) ?? before].map(money1);
  const stack = [total], fills = [];
  for (const [cause, name] of Object.entries(CAUSES)) {
    const taken = burn.by_cause[cause];
    if (!taken || !Number(taken.at(-1))) continue;
    const amounts = own(taken, 0);
    stack.push(stack.at(-1).map((value, i) => Math.max(0, value - amounts[i])));
    fills.push(name);
  }
  const remaining = own(burn.remaining, bonus);
  const ahead = [], x = [...at];
  const series = [...stack, remaining];
  const draw = () => {
    chart.replaceChildren();
    const options = common(chart.clientWidth, chart.clientHeight), paths = uPlot.paths.stepped({ align: 1 });
    options.axes[0].space = 70;
    new uPlot({
      ...options,
      scales: { x: { time: true, range: [dates.start, Math.max(dates.start + 3600, ends)] }, y: { range: (_, __, max) => [0, Math.max(1, max) * 1.04] } },
      cursor: { y: false, drag: { x: false }, points: { show: false } },
      series: [{}, ...stack.map(() => ({ paths, stroke: "transparent", width: 0, points: { show: false } })), { paths, stroke: colour("accent"), width: 2, fill: `color-mix(in srgb, ${colour("accent")} 12%, transparent)`, points: { show: false } }],
      bands: fills.map((name, i) => ({ series: [i + 1, i + 2], fill: `color-mix(in srgb, ${colour(name)} 55%, transparent)` })),
      hooks: { draw: [(u) => foresee(u, remaining.at(-1))], setCursor: [(u) => {
        if (u.cursor.idx != null) cursor.textContent = `${date(x[u.cursor.idx])}, ${clock(x[u.cursor.idx])}: ${money(Math.round(remaining[u.cursor.idx] * scale))}`;
      }] },
    }, [x, ...series], chart);
    chart.dataset.drawn = "1";
  };
  const foresee = (u, left) => {
    if (!projection) return;
    const { ctx } = u, line = (name, until, value) => {
      ctx.strokeStyle = colour(name);
      ctx.beginPath(); ctx.moveTo(u.valToPos(now, "x", true), u.valToPos(left, "y", true)); ctx.lineTo(u.valToPos(until, "x", true), u.valToPos(value, "y", true)); ctx.stroke();
    };
    ctx.save();
    ctx.beginPath(); ctx.rect(u.bbox.left, u.bbox.top, u.bbox.width, u.bbox.height); ctx.clip();
    ctx.lineWidth = 1.5 * devicePixelRatio; ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
    if (projection.window_s) line("accent", dates.end, money1(projection.foreseen));
    if (Number(projection.silence)) line("out", dates.reports_until, money1(projection.after_silence));
    ctx.restore();
  };
  draw();
  new ResizeObserver(() => { if (chart.firstChild && Math.abs(chart.firstChild.clientWidth - chart.clientWidth) > 2) draw(); }).observe(chart);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
