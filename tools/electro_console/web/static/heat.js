// SPDX-License-Identifier: Apache-2.0
// Days and hours: a row for each day, a column for each time of day, coloured by where the reading lay in its band.
import { font } from "./axes.js";
import { readings, told, AHEAD, INTERRUPTED, MEASURED } from "./data.js";
import { clock, colour, date, day, element, money, number, wall } from "./words.js";

const DAY = 86400, LEFT = 92, TOP = 20;
const holder = document.getElementById("heat"), section = document.getElementById("readings"), place = document.getElementById("place");
if (holder) {
  const words = JSON.parse(holder.dataset.words), cursor = element("p", { class: "cursor", "aria-live": "polite" });
  holder.after(cursor);
  const show = () => readings(section.dataset.agreement, place.value || 0).then((data) => { if (data.n) paint(data, words, cursor); }, () => {});
  place.addEventListener("change", show);
  requestIdleCallback?.(show) ?? setTimeout(show, 50);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
}

/** Return what a wall clock is ahead of UTC at the beginning of each day of UTC: a question of Intl for each interval would take seconds. */
function offsets(data) {
  const first = Math.floor(data.at[0] / DAY), days = Math.floor(data.at[data.n] / DAY) - first + 2;
  const of = (s) => Math.round((Date.UTC(...((w) => [w.getFullYear(), w.getMonth(), w.getDate(), w.getHours(), w.getMinutes()])(wall(s))) / 1000 - Math.floor(s / 60) * 60) / 60) * 60;
  const found = Array.from({ length: days }, (_, d) => of((first + d) * DAY));
  return (s) => { const d = Math.floor(s / DAY) - first; return found[d] === found[d + 1] ? found[d] : of(s); };
}

function paint(data, words, cursor) {
  const ahead = offsets(data), row0 = Math.floor((data.at[0] + ahead(data.at[0])) / DAY), columns = Math.round(DAY / data.length);
  const cells = new Map(), days = [];
  let known = -1;
  for (let i = 0; i < data.n; i++) {
    const local = data.at[i] + ahead(data.at[i]), row = Math.floor(local / DAY) - row0;
    if (data.kind[i] !== AHEAD) known = Math.max(known, row);
    days[row] ??= { at: data.at[i], wh: 0, off: 0, unknown: 0, taken: 0 };
    const each = days[row];
    if (data.units[i] >= 0) each.wh += data.units[i] * data.unit_wh;
    if (data.deviation[i]) each.off += 1;
    if (data.kind[i] > INTERRUPTED && data.kind[i] !== AHEAD) each.unknown += 1;
    if (data.kind[i] !== AHEAD) each.taken += Number(data.penalty[i]);
    cells.set(row * columns + Math.floor((local % DAY) / data.length), i);
  }
  const rows = known + 1, height = rows > 200 ? 3 : rows > 60 ? 6 : rows > 14 ? 12 : 18, width = Math.max(320, holder.clientWidth), step = (width - LEFT) / columns;
  const canvas = element("canvas"), ratio = devicePixelRatio || 1, draw = canvas.getContext("2d");
  canvas.width = width * ratio; canvas.height = (TOP + rows * height) * ratio;
  draw.scale(ratio, ratio);
  draw.font = font; draw.fillStyle = colour("quiet"); draw.textAlign = "center";
  for (let hour = 0; hour < 24; hour += width < 600 ? 6 : 3) draw.fillText(String(hour).padStart(2, "0"), LEFT + hour * 3600 / data.length * step + 8, 13);
  draw.textAlign = "right";
  const every = Math.ceil(13 / height);
  days.slice(0, rows).forEach((each, row) => row % every === 0 && draw.fillText(day(each.at), LEFT - 8, TOP + row * height + Math.max(10, height - 4)));
  const paints = [colour("soft"), colour("band-line"), colour("over"), colour("under"), colour("none")];
  for (const [cell, i] of cells) {
    const row = Math.floor(cell / columns);
    if (row >= rows || data.kind[i] === AHEAD) continue;
    const off = data.deviation[i], inside = (data.used[i] - data.low[i]) / (data.high[i] - data.low[i] || 1);
    draw.globalAlpha = data.kind[i] > INTERRUPTED ? 0.35 : off ? 1 : 0.15 + 0.6 * Math.min(1, Math.max(0, inside));
    draw.fillStyle = paints[data.kind[i] > INTERRUPTED ? 4 : off > 0 ? 2 : off < 0 ? 3 : 1];
    draw.fillRect(LEFT + (cell % columns) * step, TOP + row * height, Math.ceil(step * ratio) / ratio - (step > 5 ? 0.5 : 0), height - (height > 5 ? 1 : 0));
  }
  holder.replaceChildren(canvas);
  const under = (event) => cells.get(Math.floor((event.offsetY - TOP) / height) * columns + Math.floor((event.offsetX - LEFT) / step));
  canvas.addEventListener("pointermove", (event) => { const i = event.offsetX >= LEFT ? under(event) : undefined; if (i !== undefined) cursor.textContent = told(data, i, words); });
  canvas.addEventListener("click", (event) => { const i = under(event); if (i !== undefined) dispatchEvent(new CustomEvent("electro:show", { detail: { since: data.at[i] - DAY / 2, until: data.at[i] + DAY / 2 } })); });
  const head = ["day", "energy", "violations", "no data", "taken"].map((name) => element("th", name === "day" ? {} : { class: "n" }, words[name]));
  document.getElementById("days").replaceChildren(element("table", { class: "list" }, element("thead", {}, element("tr", {}, ...head)),
    element("tbody", {}, ...days.slice(0, rows).map((each) => element("tr", {}, element("td", {}, date(each.at)),
      ...[`${number(each.wh / 1000)} ${words.kwh}`, number(each.off), number(each.unknown), money(each.taken)].map((text) => element("td", { class: "n" }, text)))))));
  holder.dataset.drawn = "1";
}
