// The third view: what there is in the house. Serial numbers only for who asks.

import { packs, section, strings } from "./details.js";
import { byId, facts, h, refill } from "./dom.js";
import { packNames, value } from "./facts.js";
import { DASH, age, energy, flag, isNumber, power } from "./formats.js";
import { startShell } from "./shell.js";

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
      ["Reaches Tesla", flag(of("connected_to_tesla"))],
      ["Runs", flag(of("running"), "yes", "no, it is stopped")],
      ["Time zone", shown(of("site_timezone"))],
      ["Rated energy", energy(of("nominal_energy_wh"))],
      ["Rated power", power(of("nominal_power_w"))],
    ]),
    hidden("Serial number", [["DIN", shown(of("din"))]]),
  );
}

function packCards(known) {
  const labels = packNames(known);
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
    all.map(section),
  );
}

startShell((house, known, _told, isNew) => {
  if (isNew) refill(byId("devices"), gateway(known), packCards(known), stringCard(known));
});
