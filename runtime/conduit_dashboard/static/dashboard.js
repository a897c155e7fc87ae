// Live regions, times that age, keys, and selecting all rows. Without this file, every page works,
// but visitors have to reload it.
"use strict";

const SILENCE = 10000; // ms without a message from the server, after which the page connects again
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const one = (selector) => document.querySelector(selector);

// Times, in the words that the server uses.

function words(seconds) {
  const units = [["days", 86400], ["hours", 3600], ["minutes", 60]];
  const [unit, size] = units.find((each) => seconds >= 2 * each[1]) ?? ["s", 1];
  return `${Math.round(seconds / size)} ${unit}`;
}

function ago(seconds) {
  if (Math.abs(seconds) < 1) return "now";
  return seconds > 0 ? `${words(seconds)} ago` : `in ${words(-seconds)}`;
}

// How far the browser's clock is ahead of the server's.
const skew = Date.now() - Date.parse(document.body.dataset.now);

// Regions: an element that stays keeps its focus, its check mark and its open details. A selected
// row stays until it is deselected. It moves to the end if the new region does not have it.

const keyOf = (node) =>
  node.nodeType !== Node.ELEMENT_NODE ? "" : node.id || node.dataset.key ||
  (node.localName === "tr" && node.querySelector("a")?.getAttribute("href")) || "";
const isSelected = (node) => keyOf(node) && node.querySelector("td input:checked");
const alike = (old, fresh) => old.nodeName === fresh.nodeName && keyOf(old) === keyOf(fresh);

function become(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType !== Node.ELEMENT_NODE) { old.data = fresh.data; return; }
  for (const { name } of [...old.attributes]) {
    if (!fresh.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (old.getAttribute(name) !== value && name !== "open") old.setAttribute(name, value);
  }
  becomeInside(old, fresh);
}

function becomeInside(old, fresh) {
  const wanted = new Set([...fresh.childNodes].map(keyOf));
  const keyed = new Map();
  for (const child of [...old.childNodes]) {
    const key = keyOf(child);
    if (key && !wanted.has(key) && !isSelected(child)) child.remove();
    else if (key && !keyed.has(key)) keyed.set(key, child);
  }
  let at = old.firstChild;
  for (const child of [...fresh.childNodes]) {
    const key = keyOf(child);
    const match = key ? keyed.get(key) : at;
    keyed.delete(key);
    while (key && match && at && at !== match && !keyOf(at)) at = drop(at);
    if (!match || !alike(match, child)) { old.insertBefore(child, at); continue; }
    if (match === at) at = at.nextSibling;
    else old.insertBefore(match, at);
    become(match, child);
  }
  while (at) at = isSelected(at) && !wanted.has(keyOf(at)) ? at.nextSibling : drop(at);
}

function drop(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function replace(region, { html, version }) {
  if (region.dataset.version === version) return;
  const fresh = document.createElement("template");
  fresh.innerHTML = html;
  const focused = document.activeElement;
  becomeInside(region, fresh.content);
  region.dataset.version = version;
  if (focused !== document.activeElement && focused.isConnected) focused.focus();
}

// Streams: one at a time, and none while the tab is hidden.

let source = null;
let heard = Date.now(); // when the server last sent a message, or the page last connected
let updated = Date.now();

function connect() {
  if (source || document.hidden || !one("[data-live]")) return;
  heard = Date.now();
  const address = new URL(location.href);
  address.searchParams.set("as_of", document.body.dataset.now); // no update may be older
  source = new EventSource(address);
  source.onmessage = ({ data }) => {
    const { regions, problem } = JSON.parse(data);
    for (const region of all("[data-live]")) {
      if (regions[region.dataset.live]) replace(region, regions[region.dataset.live]);
    }
    heard = Date.now();
    if (!problem) updated = heard;
    report(problem);
    tick();
    settle();
  };
  source.addEventListener("alive", () => { heard = Date.now(); });
}

function disconnect() {
  source?.close();
  source = null;
}

function report(problem) {
  const box = one("[data-problem]");
  if (box.textContent !== problem) box.textContent = problem;
}

function tick() {
  for (const time of all("time[data-ago]")) {
    const text = ago((Date.now() - skew - Date.parse(time.dateTime)) / 1000);
    if (time.textContent !== text) time.textContent = text;
  }
  if (!source) return;
  one("[data-updated]").textContent = `Updated ${ago((Date.now() - updated) / 1000)}`;
  if (Date.now() - heard < SILENCE) return;
  report("The dashboard sends nothing, so this page is not up to date. The page tries again by itself; reload it if you are logged out.");
  disconnect();
  connect();
}

// Selecting: the box in a table's head selects every shown row of the table.

function boxes(table) {
  return all("tbody input[type=checkbox]", table);
}

function settle() {
  for (const element of all("[data-script]")) element.hidden = false;
  for (const head of all("[data-select-all]")) {
    const rows = boxes(head.closest("table"));
    const checked = rows.filter((box) => box.checked).length;
    head.checked = rows.length > 0 && checked === rows.length;
    head.indeterminate = checked > 0 && checked < rows.length;
    for (const shown of all("[data-selected]", head.form ?? document)) shown.textContent = checked;
  }
}

document.addEventListener("change", ({ target }) => {
  if (target.matches("[data-select-all]")) {
    for (const box of boxes(target.closest("table"))) box.checked = target.checked;
  }
  settle();
});

// Keys. They move the focus to a row, so Enter opens the row and Tab continues from it.

function step(by) {
  const rows = all("main tbody tr").filter((row) => row.querySelector("a") && row.offsetParent);
  const now = rows.indexOf(document.activeElement.closest("tr"));
  const next = now < 0 ? (by > 0 ? 0 : rows.length - 1) : now + by;
  rows[next]?.querySelector("a").focus();
}

const KEYS = {
  "/": () => {
    const field = one("input[type=search]") ?? one("form[method=get] input:not([type=hidden])");
    if (field) field.focus();
    else one("nav a[href$='/jobs']")?.click();
  },
  "?": () => one("#keys").showModal(),
  j: () => step(1),
  k: () => step(-1),
  x: () => document.activeElement.closest("tr")?.querySelector("input[type=checkbox]")?.click(),
};

document.addEventListener("keydown", (event) => {
  const typing = "input:not([type=checkbox]), textarea, select, [contenteditable], dialog";
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest(typing)) return;
  if (!Object.hasOwn(KEYS, event.key)) return;
  event.preventDefault();
  KEYS[event.key]();
});

// A search that found nothing yet goes on by itself.
const further = one("[data-search-on]");
if (further) location.replace(further.href);

const follow = () => (document.hidden ? disconnect() : connect());
document.addEventListener("visibilitychange", follow);
addEventListener("pageshow", follow);
addEventListener("pagehide", disconnect);
one("[data-keys]").addEventListener("click", KEYS["?"]);
setInterval(tick, 1000);
follow();
settle();
