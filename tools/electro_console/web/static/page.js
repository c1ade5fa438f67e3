// SPDX-License-Identifier: Apache-2.0
// What every page does: go elsewhere by keys, and show which keys there are.
const goes = { o: "/", a: "/agreements", m: "/meters", s: "/sections", p: "/plan" };
const keys = document.getElementById("keys");
let before = "";
addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, select, textarea, dialog")) return;
  if (before === "g" && goes[event.key]) location.href = goes[event.key];
  if (event.key === "?") keys.showModal();
  if (event.key === "/") {
    const field = document.querySelector(".filters input");
    if (field) { event.preventDefault(); field.focus(); }
  }
  before = event.key;
});
