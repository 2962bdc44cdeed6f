// The third view: what there is in the house. Serial numbers only for who asks.

import { packs, strings } from "./details.js";
import { byId, facts, h, refill } from "./dom.js";
import { names, value } from "./facts.js";
import { DASH, age, energy, isNumber, power } from "./formats.js";
import { startShell } from "./shell.js";

const flag = (found, yes, no) => (found === 1 ? yes : found === 0 ? no : DASH);
const shown = (told) => (told === null || told === undefined || told === "" ? DASH : String(told));

const hidden = (summary, rows) =>
  rows.some(([, said]) => said !== DASH) ? h("details", {}, h("summary", {}, summary), facts(rows)) : null;

function gateway(known) {
  const of = (fact) => value(known, fact);
  const up = of("gateway_uptime_s");
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Gateway"),
    facts([
      ["Firmware", shown(of("firmware"))],
      ["Up for", isNumber(up) ? age(up) : DASH],
      ["Reaches Tesla", flag(of("connected_to_tesla"), "yes", "no")],
      ["Runs", flag(of("running"), "yes", "no, it is stopped")],
      ["Time zone", shown(of("site_timezone"))],
      ["Rated energy", energy(of("nominal_energy_wh"))],
      ["Rated power", power(of("nominal_power_w"))],
    ]),
    hidden("Serial number", [["DIN", shown(of("din"))]]),
  );
}

function packCards(known) {
  const labels = names(known, "pack_full_wh", "pack_power_w", "pack_serial");
  return packs(known).map(([title, rows], n) =>
    h(
      "section",
      { class: "card" },
      h("h2", {}, title),
      facts(rows),
      hidden("Part and serial number", [
        ["Part", shown(value(known, "pack_part", labels[n]))],
        ["Serial", shown(value(known, "pack_serial", labels[n]))],
      ]),
    ),
  );
}

function stringCard(known) {
  const all = strings(known);
  if (!all.length) return null;
  return h(
    "section",
    { class: "card" },
    h("h2", {}, "Solar strings"),
    all.map(([title, rows]) => h("section", {}, h("h3", {}, title), facts(rows))),
  );
}

let told = "";

startShell((house, known, _told, isNew) => {
  if (!isNew) return;
  const spelled = JSON.stringify([...known.rows.values()].map((row) => row.value));
  if (spelled === told) return;
  told = spelled;
  const box = byId("devices");
  const open = [...box.querySelectorAll("details")].map((one) => one.open);
  // Who reads with the keyboard is not thrown out of what has focus.
  const focused = [...box.querySelectorAll("summary")].indexOf(document.activeElement);
  refill(box, gateway(known), packCards(known), stringCard(known));
  [...box.querySelectorAll("details")].forEach((one, n) => (one.open = open[n] || false));
  if (focused >= 0 && box.querySelectorAll("summary")[focused]) box.querySelectorAll("summary")[focused].focus();
});
