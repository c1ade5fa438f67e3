// SPDX-License-Identifier: Apache-2.0
// Plan: a dropped history goes to the server, which answers bands at each margin; moving the margin asks nobody.
import { common } from "./axes.js";
import { propose } from "./act.js";
import { colour, date, element, money, number } from "./words.js";

const by = (id) => document.getElementById(id);
const wish = by("wish"), drop = by("drop"), file = by("file"), margin = by("margin"), words = JSON.parse(by("plan-words").dataset.words);
let chosen, settled = [], made, plot, asking;

for (const name of ["dragover", "dragleave", "drop"]) drop.addEventListener(name, (event) => {
  event.preventDefault();
  drop.classList.toggle("over", name === "dragover");
  if (name === "drop" && event.dataTransfer.files[0]) begin(event.dataTransfer.files[0]);
});
file.addEventListener("change", () => file.files[0] && begin(file.files[0]));
wish.addEventListener("change", () => chosen && send());
wish.addEventListener("submit", (event) => event.preventDefault());
margin.addEventListener("input", () => shown(Number(margin.value)));
by("save").addEventListener("click", save);
by("propose").addEventListener("submit", (event) => {
  event.preventDefault();
  propose({ ...Object.fromEntries(new FormData(event.target)), bonus: wish.bonus.value, terms: terms() });
});
addEventListener("electro:account", ({ detail }) => { by("propose").querySelector("button").disabled = !detail; by("unconnected").hidden = Boolean(detail); });

function begin(given) { chosen = given; settled = []; by("chosen").textContent = given.name; send(); }

async function send() {
  asking?.abort(); // what was wished before is no longer waited for
  const own = (asking = new AbortController());
  by("problem").textContent = "";
  by("question").hidden = true;
  drop.setAttribute("aria-busy", "true");
  by("problem").className = "quiet";
  by("problem").textContent = words.reading;
  const query = new URLSearchParams({ ...Object.fromEntries(new FormData(wish)), start: Date.parse(`${wish.start.value}Z`) / 1000 - offset(wish.start.value), name: chosen.name, settled: JSON.stringify(settled) });
  const answer = await fetch(`/plan?${query}`, { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: chosen, signal: own.signal }).then((found) => found.json()).catch(() => ({ sentence: words.unreached }));
  if (own !== asking) return;
  drop.removeAttribute("aria-busy");
  by("problem").className = "bad";
  by("problem").textContent = answer.sentence ?? "";
  if (answer.question) return ask(answer);
  if (answer.sentence) return;
  made = answer;
  by("planned").hidden = false;
  by("understood").textContent = made.understood;
  by("basis").textContent = made.basis;
  by("special").textContent = made.special.length ? `${words.special} ${made.special.map((each) => date(Date.parse(`${each}T12:00Z`) / 1000)).join(", ")}` : "";
  by("untested").textContent = made.untested ?? "";
  by("rows").replaceChildren(...made.rows.map((row, i) => {
    const line = element("tr", { "data-row": i }, ...[`${Math.round(row.margin * 100)} %`, number(Math.round(row.width_kw)), number(row.violations), money(row.penalty), row.left === null ? "" : `${number(Math.round(row.left * 1000) / 10)} %`].map((text) => element("td", { class: "n" }, text)));
    line.addEventListener("click", () => { margin.value = i; shown(i); });
    return line;
  }));
  margin.max = made.plans.length - 1;
  margin.value = made.recommended;
  shown(made.recommended);
}

/** Return what the reader's wall clock is ahead of UTC at a time on it. */
function offset(text) {
  const at = Date.parse(`${text}Z`), zone = document.body.dataset.zone.replace(/^UTC(?=[+-])/, "");
  const shownAt = new Date(at).toLocaleString("sv-SE", { timeZone: zone || "UTC" }).replace(" ", "T");
  return (Date.parse(`${shownAt}Z`) - at) / 1000;
}

function ask({ question, setting, choices }) {
  const holder = by("question"), answer = (value) => { settled = [...settled, [setting, value]]; send(); };
  const buttons = choices.map((each) => { const button = element("button", { type: "button" }, each.value, " ", element("span", { class: "quiet" }, each.meaning)); button.addEventListener("click", () => answer(each.value)); return button; });
  const other = element("input", { "aria-label": words.value, placeholder: words.value }), say = element("button", { type: "button" }, words.answer);
  say.addEventListener("click", () => other.value && answer(other.value));
  holder.replaceChildren(element("p", { role: "status" }, question), element("div", { class: "acting" }, ...buttons, ...(choices.length ? [] : [other, say])));
  holder.hidden = false;
}

function shown(i) {
  const { margin: share, bands } = made.plans[i], kwh = made.unit_wh / 1000;
  by("margin-told").textContent = share ? `${share > 0 ? words.wider : words.narrower} ${Math.round(Math.abs(share) * 100)} %` : words.zero;
  for (const row of by("rows").children) row.setAttribute("aria-selected", String(row.dataset.row === String(i))), row.classList.toggle("chosen", row.dataset.row === String(i));
  const x = bands.map((_, slot) => made.start + slot * made.interval_seconds);
  const data = [x, bands.map((band) => band[1] * kwh), bands.map((band) => band[0] * kwh), made.past.map((units) => (units === null ? null : units * kwh))];
  if (plot?.slots === bands.length) return plot.setData(data);
  plot?.destroy();
  const holder = by("bands"), paths = uPlot.paths.stepped({ align: 1 });
  plot = new uPlot({ ...common(holder.clientWidth, holder.clientHeight), cursor: { show: false }, scales: { x: { time: true }, y: { range: (_, __, max) => [0, max * 1.06 || 1] } },
    series: [{}, ...["band-line", "band-line", "used"].map((name, at) => ({ paths, stroke: colour(name), width: at < 2 ? 0.8 : 1.3, points: { show: false } }))], bands: [{ series: [1, 2], fill: colour("band") }] }, data, holder);
  plot.slots = bands.length;
  holder.dataset.drawn = "1";
}

/** Return the terms as they stand: what is not planned here the server fills in. */
function terms() {
  const minor = (name) => Math.round(Number(wish[name].value.replace(/\s/g, "").replace(",", ".")) * 10 ** document.body.dataset.decimals);
  const { start, interval_seconds, intervals, unit_wh, capacity_units } = made;
  return { start, interval_seconds, intervals, unit_wh, capacity_units, violation_penalty: minor("violation"), under_rate: minor("under"), over_rate: minor("over"), outage_penalty: minor("outage"), outage_minute_penalty: minor("minute"), bands: made.plans[margin.value].bands };
}

async function save() {
  const answer = await fetch("/plan/terms", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(terms()) }).then((found) => found.json()).catch(() => ({ sentence: words.unreached }));
  if (answer.sentence) return (by("problem").textContent = answer.sentence);
  const link = element("a", { href: URL.createObjectURL(new Blob([answer.toml], { type: "application/toml" })), download: "terms.toml" });
  document.body.append(link);
  link.click();
  link.remove();
}
