// SPDX-License-Identifier: Apache-2.0
// Acting through the browser's wallet: found by EIP-6963, spoken to by EIP-1193. The page's server never has a key: it puts
// an act in words, rehearses it, and says what is to be signed; the wallet shows that again, and signs or sends.
import { element } from "./words.js";

const section = document.getElementById("acts"), connect = document.getElementById("wallet");
const wallets = new Map(), NOTED = 20; // seconds
let provider, account, words, turn = 0;

if (section && connect) {
  words = JSON.parse(section.dataset.words);
  addEventListener("eip6963:announceProvider", (event) => {
    const { info, provider: found } = event.detail ?? {};
    if (!info?.uuid || typeof found?.request !== "function" || wallets.has(info.uuid)) return;
    wallets.set(info.uuid, { name: String(info.name ?? "").slice(0, 40), provider: found });
    connect.hidden = false;
  });
  dispatchEvent(new Event("eip6963:requestProvider"));
  connect.addEventListener("click", choose);
}

async function choose() {
  const found = [...wallets.values()];
  if (found.length === 1) return use(found[0]);
  const dialog = opened(words.choose, element("div", { class: "acting" }, ...found.map((each) => {
    const button = element("button", { type: "button" }, each.name);
    button.addEventListener("click", () => { dialog.close(); use(each); });
    return button;
  })));
}

async function use(wallet) {
  const chosen = (work) => (given) => { if (provider === wallet.provider) work(given); };
  if (!wallet.heard) {
    wallet.provider.on?.("accountsChanged", chosen(([other]) => (other ? become(other) : location.reload())));
    wallet.provider.on?.("chainChanged", chosen(() => account && become(account)));
    wallet.heard = true;
  }
  provider = wallet.provider;
  try {
    const [first] = await provider.request({ method: "eth_requestAccounts" });
    first ? become(first) : said(words.declined);
  } catch (error) { said(worded(error)); }
}

/** Offer what an account can do; what was prepared for another one, or on another chain, is taken back. */
async function become(other) {
  const own = ++turn;
  account = other;
  connect.textContent = `${account.slice(0, 6)}…${account.slice(-4)}`;
  for (const dialog of document.querySelectorAll("dialog[open]:not([data-sent])")) dialog.close();
  withdraw();
  try {
    if (!(await isHere())) return own === turn && elsewhere();
    if (own !== turn) return;
    dispatchEvent(new CustomEvent("electro:account", { detail: account }));
    if (section.dataset.agreement) await offer(own);
  } catch (error) { if (own === turn) said(worded(error)); }
}

const isHere = async () => Number(await provider.request({ method: "eth_chainId" })) === Number(section.dataset.chain);

function withdraw() {
  dispatchEvent(new CustomEvent("electro:account", { detail: null }));
  if (section.dataset.agreement) section.querySelectorAll(":scope > :not(h2)").forEach((each) => each.remove());
}

/** Say that the wallet is on another chain, and let it switch. */
function elsewhere() {
  const to = { chainId: `0x${Number(section.dataset.chain).toString(16)}` };
  if (section.dataset.agreement) section.append(element("p", { class: "quiet" }, words.chain));
  const button = element("button", { class: "first", type: "button", "data-do": "switch" }, words.switch);
  const dialog = said(words.chain, button);
  button.addEventListener("click", async () => {
    try {
      await provider.request({ method: "wallet_switchEthereumChain", params: [to] });
      dialog.close();
      become(account);
    } catch (error) { dialog.querySelector("[role=alert]").textContent = worded(error); }
  });
}

async function offer(own) {
  const answer = await get(`/agreements/${section.dataset.agreement}/acts.json?account=${account}`);
  if (own !== turn) return;
  if (answer.sentence) return said(answer.sentence);
  const holder = element("div", { class: "acting" }, element("p", { class: "quiet" }, answer.acts.length ? words[answer.role] : words.nothing));
  for (const act of answer.acts) {
    const button = element("button", { type: "button", "data-act": act.act }, act.title);
    button.addEventListener("click", () => (act.fields.length ? ask(act) : prepare(act, {})));
    holder.append(button);
  }
  section.append(holder);
}

/** Ask for what an act needs. */
function ask(act) {
  const form = element("form", { class: "fields", method: "dialog" });
  for (const field of act.fields) form.append(element("label", {}, field.label, input(field)));
  const next = element("button", { class: "first" }, words.next);
  form.append(element("p", { class: "bad", role: "alert" }), menu(next));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    next.disabled = true;
    const given = await Promise.all([...new FormData(form)].map(async ([name, value]) => [name, value instanceof File ? await value.text() : value]));
    const problem = await prepare(act, Object.fromEntries(given), dialog);
    next.disabled = false;
    if (problem) form.querySelector("[role=alert]").textContent = problem;
  });
  const dialog = opened(act.title, form);
}

function input({ name, kind, value, choices, optional }) {
  if (kind === "choice") return element("select", { name }, ...choices.map(([id, label]) => element("option", { value: id }, label)));
  const attributes = { name, value, autocomplete: "off", spellcheck: "false", ...(optional ? {} : { required: "" }) };
  if (kind === "file") {
    const file = element("input", { name, type: "file", accept: ".json,application/json", required: "", class: "unseen" }), button = element("span", { class: "button" }, words.pick);
    file.addEventListener("change", () => (button.textContent = file.files[0]?.name ?? words.pick));
    return element("span", { class: "holder" }, file, button);
  }
  if (kind === "instant") return element("input", { ...attributes, type: "datetime-local", step: 60 });
  if (["amount", "energy", "number"].includes(kind)) return element("input", { ...attributes, inputmode: "decimal" });
  return element("input", { ...attributes, ...(kind === "account" ? { placeholder: "0x…", pattern: "0x[0-9a-fA-F]{40}" } : { maxlength: kind === "word" ? 66 : 1000 }) });
}

/** Let the server put an act in words, and show it; returns what is wrong with what was given. */
async function prepare(act, given, before) {
  const made = await post(`/agreements/${section.dataset.agreement}/acts/${act.act}`, { ...given, sender: account });
  if (made.sentence) return before ? made.sentence : void said(made.sentence);
  before?.close();
  show(made, act, given);
}

/** Propose what was planned. */
export async function propose(given) {
  const made = await post("/plan/propose", { ...given, sender: account });
  made.sentence ? said(made.sentence) : show(made, { act: "propose" }, given);
}

/** Show what an act means, and let the wallet sign or send it. */
function show(made, act, given) {
  const send = element("button", { class: "first", type: "button", "data-do": "send" }, words.send), sign = element("button", { type: "button", "data-do": "sign" }, words.sign);
  send.disabled = sign.disabled = Boolean(made.refused);
  const state = element("p", { role: "status" }, made.refused ? `${words.refused} ${made.refused}` : made.transaction ? words.rehearsed : words.together);
  state.className = made.refused ? "bad" : "quiet";
  const dialog = opened(made.title, element("p", {}, element("strong", {}, made.means)), element("dl", {}, ...made.lines.flatMap(([label, text]) => [element("dt", {}, label), element("dd", {}, element("bdi", {}, text))])),
    state, menu(...(made.typed_data ? [sign] : []), ...(made.transaction ? [send] : [])));
  send.addEventListener("click", () => during(dialog, state, async () => {
    dialog.dataset.sent = await provider.request({ method: "eth_sendTransaction", params: [made.transaction] });
    await done(dialog, state, made.note, given);
  }));
  sign.addEventListener("click", () => during(dialog, state, async () => {
    const signature = await provider.request({ method: "eth_signTypedData_v4", params: [account, JSON.stringify(made.typed_data)] });
    const answer = await post(`/agreements/${section.dataset.agreement}/signed`, { sender: account, signature, typed_data: made.typed_data });
    if (answer.sentence) throw new Error(answer.sentence);
    const file = new Blob([JSON.stringify(answer.file, null, 1)], { type: "application/json" }), link = element("a", { download: `signed-${act.act}-${section.dataset.agreement}.json`, href: URL.createObjectURL(file) }, words.file);
    state.replaceChildren(words.signed, " ", link);
    state.dataset.signed = "1";
  }));
}

async function during(dialog, state, work) {
  const buttons = dialog.querySelectorAll("button[data-do]");
  buttons.forEach((each) => (each.disabled = true));
  state.className = "quiet";
  state.textContent = words.wallet;
  try {
    if (!(await isHere())) throw new Error(words.chain);
    await work();
  } catch (error) {
    state.className = "bad";
    state.textContent = worded(error);
    if (!dialog.dataset.sent) buttons.forEach((each) => (each.disabled = false));
  }
}

/** Wait until a transaction is mined, and say what has become of it. */
async function done(dialog, state, note, given) {
  const hash = dialog.dataset.sent;
  state.textContent = `${words.sent} ${hash}`;
  let receipt;
  while (!(receipt = await provider.request({ method: "eth_getTransactionReceipt", params: [hash] }).catch(() => null))) {
    if (!dialog.open) return;
    await pause();
  }
  if (Number(receipt.status) !== 1) throw new Error(words.reverted);
  const kept = note ? await noted({ ...note, words: given.reason, transaction: hash }) : {};
  state.textContent = `${words.mined} ${Number(receipt.blockNumber)}. ${kept.sentence ?? words.soon}`;
  state.dataset.mined = hash;
  if (section.dataset.agreement) dialog.addEventListener("close", () => location.reload());
}

/** Keep a reason; the console's node may have the transaction a little later than the wallet's. */
async function noted(note) {
  let kept;
  for (let times = 0; times < NOTED; times++) {
    kept = await post(`/agreements/${section.dataset.agreement}/notes`, note);
    if (!kept.sentence) return kept;
    await pause();
  }
  return kept;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 1000));

function opened(title, ...children) {
  const id = `d${Date.now()}`, dialog = element("dialog", { "aria-labelledby": id }, element("h2", { id }, title), ...children);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.showModal();
  return dialog;
}

function menu(...buttons) {
  const close = element("button", { type: "button" }, words.close);
  close.addEventListener("click", () => close.closest("dialog").close());
  return element("menu", {}, close, ...buttons);
}

const said = (sentence, ...buttons) => opened("Electro", element("p", { role: "alert" }, sentence), menu(...buttons));
const worded = (error) => (error?.code === 4001 ? words.declined : String(error?.message ?? error).slice(0, 300));
const get = (address) => fetch(address).then((answer) => answer.json()).catch(() => ({ sentence: words.unreached }));
const post = (address, body) => fetch(address, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }).then((answer) => answer.json()).catch(() => ({ sentence: words.unreached }));
