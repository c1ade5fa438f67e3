// SPDX-License-Identifier: Apache-2.0
// What the console's charts have in common: axes in the reader's zone and language, and moving about by wheel, touch and keys.
import { colour, fmtDate, number, wall } from "./words.js";

export const font = '12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif';
const dates = [[31536000, "{YYYY}", null, null, null, null, null, null, 1], [2419200, "{MMM}", "\n{YYYY}", null, null, null, null, null, 1],
  [86400, "{D} {MMM}", "\n{YYYY}", null, null, null, null, null, 1], [3600, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1],
  [60, "{HH}:{mm}", "\n{D} {MMM}", null, "\n{D} {MMM}", null, null, null, 1]];

export const common = (width, height) => ({
  width, height, tzDate: wall, fmtDate: fmtDate(), legend: { show: false },
  axes: [
    { stroke: colour("quiet"), font, grid: { show: false }, ticks: { stroke: colour("line"), width: 1, size: 5 }, values: dates, space: 64 },
    { stroke: colour("quiet"), font, grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, size: (_, values) => 14 + 7 * Math.max(2, ...(values ?? []).map((v) => v.length)), values: (_, ticks) => ticks.map(number) },
  ],
});

/** Let a chart be moved by wheel, two fingers, shift and drag; `limits` says how far, `moved` is told where it is. */
export function movable(limits, moved) {
  const show = (u, min, max) => {
    const [first, last] = limits(), least = 4 * (u.interval ?? 60), width = Math.min(Math.max(max - min, least), last - first);
    min = Math.max(first, Math.min(min, last - width));
    u.setScale("x", { min, max: min + width });
    moved(min, min + width);
  };
  return {
    show,
    plugin: { hooks: { ready: (u) => {
      const over = u.over, fingers = new Map();
      over.style.touchAction = "pan-y";
      over.addEventListener("wheel", (event) => {
        if (!event.ctrlKey && !event.shiftKey && Math.abs(event.deltaY) > Math.abs(event.deltaX) && !over.matches(":hover")) return;
        event.preventDefault();
        const { min, max } = u.scales.x;
        if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) return show(u, min + (event.deltaX || event.deltaY) / over.clientWidth * (max - min), max + (event.deltaX || event.deltaY) / over.clientWidth * (max - min));
        const at = min + (event.offsetX / over.clientWidth) * (max - min), by = Math.exp(event.deltaY / 400);
        show(u, at - (at - min) * by, at + (max - at) * by);
      }, { passive: false });
      over.addEventListener("pointerdown", (event) => { if (event.pointerType === "touch") fingers.set(event.pointerId, event.clientX); });
      over.addEventListener("pointermove", (event) => {
        if (!fingers.has(event.pointerId)) return;
        const before = [...fingers.values()], from = fingers.get(event.pointerId);
        fingers.set(event.pointerId, event.clientX);
        const { min, max } = u.scales.x, scale = (max - min) / over.clientWidth;
        if (fingers.size === 1) return show(u, min - (event.clientX - from) * scale, max - (event.clientX - from) * scale);
        const after = [...fingers.values()], was = Math.abs(before[0] - before[1]) || 1, is = Math.abs(after[0] - after[1]) || 1;
        const at = min + ((after[0] + after[1]) / 2 - over.getBoundingClientRect().left) * scale;
        show(u, at - (at - min) * was / is, at + (max - at) * was / is);
      });
      for (const ended of ["pointerup", "pointercancel"]) over.addEventListener(ended, (event) => fingers.delete(event.pointerId));
      over.addEventListener("dblclick", () => show(u, ...limits()));
    }, setSelect: (u) => {
      if (u.select.width < 4) return;
      show(u, u.posToVal(u.select.left, "x"), u.posToVal(u.select.left + u.select.width, "x"));
      u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    } } },
  };
}

/** Return a pattern of slanted lines: what nobody knows. */
export function hatching(context, stroke) {
  const tile = Object.assign(document.createElement("canvas"), { width: 8, height: 8 }), draw = tile.getContext("2d");
  draw.strokeStyle = stroke; draw.lineWidth = 1.2;
  draw.beginPath();
  for (const at of [-8, 0, 8]) { draw.moveTo(at, 8); draw.lineTo(at + 8, 0); }
  draw.stroke();
  return context.createPattern(tile, "repeat");
}
