// What is one tap away: a station's own numbers in a dialog that moves along.

import { facts, h, refill, say } from "./dom.js";
import { below, names, packNames, row, value } from "./facts.js";
import { DASH, energy, fixed, flag, hours, isNumber, percent, power, since, watts } from "./formats.js";
import { doing, exportWord, gridWord, modeWord, packWord, stringWord } from "./words.js";

/** A power of a battery with its direction in words, not in a sign. */
const directed = (value_, spell) =>
  isNumber(value_) ? `${spell(Math.abs(value_))} ${doing("battery", value_).toLowerCase()}` : DASH;

/** The title and the sections of a station: [title, rows]. */
const PAGES = {
  solar: (known) => [
    ["Solar", meter(known, "solar", [["Made since installed", energy(value(known, "energy_exported_wh", "solar"))]])],
    ...strings(known),
  ],
  home: (known) => [["Home", meter(known, "load", [["Used since installed", energy(value(known, "energy_imported_wh", "load"))]])]],
  grid: (known, house) => [["Grid", [...gridRows(known, house), ...meter(known, "site", gridEnergies(known))]], ...island(known)],
  battery: (known, house) => [["Powerwall", batteryRows(known, house)], ...packs(known)],
};
const TITLES = { solar: "Solar", home: "Home", grid: "Grid", battery: "Powerwall" };

function meter(known, name, more) {
  return [
    ["Power", power(value(known, "power_w", name))],
    ["Voltage", fixed(value(known, "meter_voltage_v", name), 0, "V")],
    ["Current", fixed(value(known, "meter_current_a", name), 1, "A")],
    ["Frequency", fixed(value(known, "meter_frequency_hz", name), 2, "Hz")],
    ...more,
  ].filter(([, said]) => said !== DASH || more.length);
}

function gridEnergies(known) {
  return [
    ["Bought since installed", energy(value(known, "energy_imported_wh", "site"))],
    ["Sold since installed", energy(value(known, "energy_exported_wh", "site"))],
  ];
}

function gridRows(known, house) {
  const { sinceS } = house.grid;
  const services = value(known, "grid_services_w");
  return [
    ["State", gridWord(house.grid.state)],
    isNumber(sinceS) ? ["Since, as seen by this proxy", since(sinceS, house.zone, Date.now())] : null,
    house.grid.services ? ["Grid services", isNumber(services) ? power(services) : "active"] : null,
  ].filter(Boolean);
}

function island(known) {
  const sides = { grid: "At the grid", home: "At the home" };
  const rows = below(known, "island_voltage_v").map(([[side, phase], found]) => [
    `${sides[side] || side}, ${phase}`,
    `${fixed(found.value, 1, "V")} \u00b7 ${fixed(value(known, "island_frequency_hz", side, phase), 2, "Hz")}`,
  ]);
  return rows.length ? [["By phase", rows]] : [];
}

function batteryRows(known, house) {
  const { battery, powers } = house;
  const export_ = value(known, "grid_export");
  return [
    ["Charge", percent(battery.levelPct)],
    ["Energy", `${energy(battery.remainingWh)} of ${energy(battery.fullWh)}`],
    ["Power", directed(powers.battery, power)],
    ["Would carry the home for", hours(battery.hoursLeft)],
    ["Reserve for an outage", percent(battery.reservePct)],
    ["Mode", modeWord(battery.mode)],
    row(known, "grid_charging").state === "not_served"
      ? null
      : ["Grid may charge it", flag(value(known, "grid_charging"))],
    export_ ? ["May be sold", exportWord(export_)] : null,
    ["Charged since installed", energy(value(known, "energy_imported_wh", "battery"))],
    ["Discharged since installed", energy(value(known, "energy_exported_wh", "battery"))],
  ].filter(Boolean);
}

/** Each Powerwall: [title, rows]. */
export function packs(known) {
  return packNames(known).map((name) => {
    const of = (fact) => value(known, fact, name);
    const [full, left] = [of("pack_full_wh"), of("pack_remaining_wh")];
    return [
      name.replace(/^PW(\d+)$/, "Powerwall $1"),
      [
        of("pack_disabled") === 1 ? ["Attention", "Disabled"] : null,
        ["Energy", `${energy(left)} of ${energy(full)}`],
        ["Power", directed(of("pack_power_w"), watts)],
        ["State", packWord(of("pack_state"))],
        ["Temperature", fixed(of("pack_temperature_c"), 1, "\u00b0C")],
        ["Ready for an outage", flag(of("pack_backup_ready"))],
        ["Voltage", fixed(of("pack_voltage_v"), 0, "V")],
        ["Frequency", fixed(of("pack_frequency_hz"), 2, "Hz")],
        ["Charged in its life", energy(of("pack_charged_wh"))],
        ["Discharged in its life", energy(of("pack_discharged_wh"))],
      ].filter((one) => one && one[1] !== DASH),
    ];
  });
}

/** Each string of panels: [title, rows]. */
export function strings(known) {
  return names(known, "string_power_w", "string_connected", "string_state").map((name) => {
    const of = (fact) => value(known, fact, name);
    const rows = [
      ["Power", watts(of("string_power_w"))],
      ["Voltage", fixed(of("string_voltage_v"), 0, "V")],
      ["Current", fixed(of("string_current_a"), 1, "A")],
      ["State", of("string_connected") === 0 ? "Not connected" : stringWord(of("string_state"))],
    ];
    return [`String ${name}`, rows];
  });
}

export const section = ([title, rows]) => h("section", {}, h("h3", {}, title), facts(rows));

/** The dialog: opens for a station and is refilled while it is open. */
export class Details {
  constructor(dialog) {
    this.dialog = dialog;
    this.part = null;
    dialog.querySelector("button").addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    dialog.addEventListener("close", () => (this.part = null));
  }

  open(part, known, house) {
    this.part = part;
    say(this.dialog.querySelector("h2"), TITLES[part]);
    this.show(known, house);
    if (!this.dialog.open) this.dialog.showModal();
  }

  show(known, house) {
    if (!this.part) return;
    const [first, ...more] = PAGES[this.part](known, house);
    refill(this.dialog.querySelector(".body"), facts(first[1]), more.map(section));
  }
}
