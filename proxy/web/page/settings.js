// The fourth view: reserve, mode and what else the house lets us set. The token lives in its
// input and nowhere else; with the tab it is gone.

import { NoAnswer, command, read } from "./api.js";
import { outcomeOf, recordOf, settingWords, wishOf } from "./commands.js";
import { byId, h, refill, say } from "./dom.js";
import { isNotServed, value } from "./facts.js";
import { isNumber, percent } from "./formats.js";
import { startShell } from "./shell.js";
import { EXPORTS, MODES } from "./words.js";

const WATCH_MS = 3000;

let set = {};
let zone = null;
/** What somebody has chosen, by the name of its field; everything else follows the house. */
const touched = new Set();
/** One press, one key: what is pressed again without an answer is the same command. */
let key = null;
let sending = false;

const form = byId("form");
const reserve = byId("new-reserve");

const choice = (name, value_, words) =>
  h("label", { class: "choice" }, h("input", { type: "radio", name, value: value_ }), h("span", {}, words));

byId("modes").append(...Object.entries(MODES).map(([name, words]) => choice("mode", name, words)));
byId("charging").append(choice("charging", "true", "Yes"), choice("charging", "false", "No"));
byId("exporting").append(...Object.entries(EXPORTS).map(([name, words]) => choice("exporting", name, words)));

const picked = (name) => {
  const found = form.querySelector(`input[name="${name}"]:checked`);
  return found ? found.value : null;
};

function pick(name, wanted) {
  for (const input of form.querySelectorAll(`input[name="${name}"]`)) input.checked = input.value === String(wanted);
}

function chosen() {
  return {
    reserve: touched.has(reserve.id) ? Number(reserve.value) : null,
    mode: touched.has("mode") ? picked("mode") : null,
    charging: touched.has("charging") ? picked("charging") === "true" : null,
    exporting: touched.has("exporting") ? picked("exporting") : null,
  };
}

function setOf(known) {
  const charging = value(known, "grid_charging");
  return {
    reserve: value(known, "reserve_app_pct"),
    mode: value(known, "mode"),
    charging: isNumber(charging) ? charging === 1 : null,
    exporting: value(known, "grid_export"),
  };
}

startShell((house, known, told, isNew) => {
  zone = house.zone;
  if (!isNew) return;
  set = setOf(known);
  byId("charging").hidden = isNotServed(known, "grid_charging");
  byId("exporting").hidden = isNotServed(known, "grid_export");
  const now = { reserve_app_pct: set.reserve, mode: set.mode };
  say(byId("is"), set.mode || isNumber(set.reserve) ? `Now: ${settingWords(now)}` : "How it is set is not known just now.");
  follow();
  weigh();
});

/** A field that nobody has touched shows how things are. */
function follow() {
  if (isNumber(set.reserve) && !touched.has(reserve.id)) reserve.value = Math.round(set.reserve);
  for (const name of ["mode", "charging", "exporting"]) if (!touched.has(name)) pick(name, set[name]);
}

function weigh() {
  const known = touched.has(reserve.id) || isNumber(set.reserve);
  say(byId("reserve-said"), known ? percent(Number(reserve.value)) : "\u2013");
  const wish = wishOf(chosen(), set);
  const nothing = Object.keys(wish).length === 0;
  say(byId("change"), nothing ? "Nothing is changed yet." : `Will be set: ${settingWords(wish)}.`);
  byId("apply").disabled = sending || nothing || !byId("token").value;
}

form.addEventListener("input", (event) => {
  if (event.target.id !== "token") {
    touched.add(event.target.name || event.target.id);
    key = null;
  }
  weigh();
});

const newKey = () => {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `page-${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
};

function answer({ outcome, title, lines }) {
  refill(byId("answer"), h("p", { class: `outcome ${outcome}` }, title), lines.map((line) => h("p", {}, line)));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const wish = wishOf(chosen(), set);
  if (sending || !Object.keys(wish).length) return;
  const during = byId("for").value;
  if (during) wish.for = during;
  key = key || newKey();
  sending = true;
  answer({ outcome: "pending", title: "Sending", lines: [] });
  weigh();
  try {
    const { status, document } = await command("api/v1/commands", wish, byId("token").value, key);
    answer(outcomeOf(status, document));
    // It has an end; the next press is another command.
    key = null;
    if (status < 300) touched.clear();
  } catch {
    answer(outcomeOf(null, null));
  }
  sending = false;
  weigh();
  watch();
});

function recordItem(found) {
  const { outcome, title, asked, lines } = recordOf(found, zone);
  return h(
    "div",
    { class: "record" },
    h("p", {}, asked),
    h("p", {}, h("span", { class: `outcome ${outcome}` }, title)),
    lines.map((line) => h("p", { class: "quiet" }, line)),
  );
}

async function watch() {
  try {
    const { document: told } = await read("api/v1/commands?limit=10");
    const all = told.commands.map(recordItem);
    refill(byId("records"), all.length ? all : h("p", { class: "quiet" }, "None yet."));
  } catch {
    // What is shown grows old with the page; the chip says so.
  }
}

async function begin() {
  try {
    const { document: told } = await read("control/reserve");
    const isOn = !(told && "error" in told);
    form.hidden = !isOn;
    byId("off").hidden = isOn;
    if (!isOn) return;
    await watch();
    setInterval(() => document.hidden || watch(), WATCH_MS);
  } catch (error) {
    if (!(error instanceof NoAnswer)) setTimeout(begin, WATCH_MS);
  }
}

begin();
weigh();
