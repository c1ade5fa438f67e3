// SPDX-License-Identifier: Apache-2.0
// Numbers, money and times as the page's reader has them; the page says how in the attributes of its body.
const { language, zone, currency, decimals } = document.body.dataset;
const locale = language === "en" ? "en-GB" : language;
const clockZone = zone.replace(/^UTC(?=[+-])/, "");
const formats = {};
const format = (pattern) => (formats[JSON.stringify(pattern)] ??= new Intl.DateTimeFormat(locale, { timeZone: clockZone, hourCycle: "h23", ...pattern }));
const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 3 });

export const number = (value) => numbers.format(value);
export const money = (minor) => {
  const shown = new Intl.NumberFormat(locale, { minimumFractionDigits: +decimals, maximumFractionDigits: +decimals }).format(Number(minor) / 10 ** decimals);
  return currency ? `${shown}\u00a0${currency}` : shown;
};
export const clock = (s) => format({ hour: "2-digit", minute: "2-digit" }).format(s * 1000);
export const day = (s) => format({ weekday: "short", day: "numeric", month: "short" }).format(s * 1000);
export const date = (s) => format({ day: "numeric", month: "short", year: "numeric" }).format(s * 1000);
export const wall = (s) => uPlot.tzDate(new Date(s * 1000), clockZone || "UTC");
export const zoneName = clockZone || "UTC";
export const months = (pattern) => Array.from({ length: 12 }, (_, m) => new Intl.DateTimeFormat(locale, { day: "numeric", month: pattern }).formatToParts(new Date(2024, m, 1)).find((part) => part.type === "month").value); // as beside a day: "1 мар.", not "март"
export const weekdays = (pattern) => Array.from({ length: 7 }, (_, d) => new Intl.DateTimeFormat(locale, { weekday: pattern }).format(new Date(2024, 0, 7 + d)));
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
export const fmtDate = () => {
  const names = { MMMM: months("long"), MMM: months("short"), WWWW: weekdays("long"), WWW: weekdays("short") };
  return (template) => uPlot.fmtDate(template, names);
};

/** Return an element with text and children; text is never read as markup. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) value !== undefined && made.setAttribute(key, value);
  made.append(...children);
  return made;
}
