// SPDX-License-Identifier: Apache-2.0
// What is not final yet: asked for beside the page, marked as such, and again now and then; what became final is said.
import { element } from "./words.js";

const section = document.getElementById("newest"), PAUSE = 10000;
let shown = 0;

async function look() {
  if (document.hidden) return;
  const found = await fetch(`/agreements/${section.dataset.agreement}/newest.json`).then((answer) => (answer.ok ? answer.json() : null), () => null);
  if (!found) return;
  const { again, block: number } = section.dataset, list = section.querySelector("ul");
  list.replaceChildren(...found.events.map((each) => element("li", {}, each.words, " ", element("span", { class: "quiet" }, `${number} ${each.block}`))));
  if (found.block > Number(section.dataset.at) && found.events.length < shown) list.append(element("li", {}, element("a", { href: location.href }, again)));
  shown = Math.max(shown, found.events.length);
  section.hidden = !list.children.length;
  dispatchEvent(new CustomEvent("electro:newest", { detail: found.events.flatMap((each) => each.readings ?? []) }));
}

if (section) {
  look();
  setInterval(look, PAUSE);
  document.addEventListener("visibilitychange", look);
}
