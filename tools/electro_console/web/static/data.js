// SPDX-License-Identifier: Apache-2.0
// A place's readings, fetched once for all that draws them, with what follows for drawing.
import { clock, day, number, money } from "./words.js";

export const MEASURED = 0, INTERRUPTED = 1, NO_DATA = 2, MISSING = 3, NEUTRAL = 4, AHEAD = 5;
const KINDS = ["measured", "interrupted", "no data", "missing", "neutral", "ahead"];
const fetched = new Map();

/** Return a promise of a place's readings over the whole term. */
export function readings(agreement, place) {
  const address = `/agreements/${agreement}/readings.json?place=${place}`;
  if (!fetched.has(address)) fetched.set(address, fetch(address).then((answer) => {
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }).then(prepared));
  return fetched.get(address);
}

function prepared(found) {
  const { units, unit_wh, least, greatest, kind, deviation, start, interval_seconds: length } = found, n = units.length, kwh = unit_wh / 1000;
  const at = new Float64Array(n + 1), used = new Array(n + 1), low = new Array(n + 1), high = new Array(n + 1), off = [];
  for (let i = 0; i < n; i++) {
    at[i] = start + i * length;
    used[i] = units[i] < 0 ? null : units[i] * kwh;
    low[i] = least[i] * kwh;
    high[i] = greatest[i] * kwh;
    if (deviation[i]) off.push(i);
  }
  at[n] = start + n * length; // so that the last interval has a width
  used[n] = n ? used[n - 1] : null; low[n] = low[n - 1] ?? 0; high[n] = high[n - 1] ?? 0;
  return { ...found, n, length, kwh, at, used, low, high, off, unknown: runs(kind, (k) => k === NO_DATA || k === MISSING), neutral: runs(kind, (k) => k === NEUTRAL), cut: runs(kind, (k) => k === INTERRUPTED) };
}

function runs(kind, wanted) {
  const found = [];
  for (let i = 0; i < kind.length; i++) if (wanted(kind[i])) {
    if (found.length && found.at(-1)[1] === i) found.at(-1)[1] = i + 1;
    else found.push([i, i + 1]);
  }
  return found;
}

/** Return one interval in words. */
export function told(data, i, words) {
  const when = `${day(data.at[i])}, ${clock(data.at[i])}–${clock(data.at[i] + data.length)}`;
  const band = `${words.band} ${number(data.low[i])}–${number(data.high[i])} ${words.kwh}`;
  const kind = data.kind[i] ? `, ${words[KINDS[data.kind[i]]]}` : "";
  const off = data.deviation[i], out = off ? `, ${off > 0 ? words.above : words.below} ${words.by} ${number(Math.abs(off) * data.kwh)} ${words.kwh}` : "";
  const cost = Number(data.penalty[i]) ? `, ${words.costs} ${money(data.penalty[i])}` : "";
  return `${when}: ${data.used[i] === null ? "–" : number(data.used[i])} ${words.kwh}, ${band}${out}${kind}${cost}`;
}
