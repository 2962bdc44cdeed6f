// The house in words: a headline, a sentence for who cannot see the drawing, names of states. Pure.

import { LEAST_W } from "./flows.js";
import { DASH, isNothing, isNumber, kilowatts, percent, size } from "./formats.js";

export const GRID = {
  on_grid: "On grid",
  islanding: "Leaving the grid",
  islanded: "Off grid",
  reconnecting: "Reconnecting to the grid",
  unknown: DASH,
};
export const MODES = {
  self_consumption: "Self-powered",
  backup: "Backup only",
  autonomous: "Time-based control",
};
export const EXPORTS = {
  battery_ok: "Solar and Powerwall",
  pv_only: "Solar only",
  never: "Nothing",
};
const PARTS = { solar: "the sun", battery: "the Powerwall", grid: "the grid" };

/** The word of a table; names of the gateway are any text, "constructor" as well. */
const among = (table, name) => (Object.prototype.hasOwnProperty.call(table, name) ? table[name] : "");

export const gridWord = (state) => among(GRID, state) || spaced(state);
export const exportWord = (name) => among(EXPORTS, name) || spaced(name);
export const modeWord = (mode) => (mode ? among(MODES, mode) || spaced(mode) : DASH);

/** A name of the gateway as words: PV_Active_Parallel, SolarMeterComms. */
export function spaced(name) {
  return String(name)
    .replace(/_/g, " ")
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z]+)([A-Z][a-z])/g, "$1 $2")
    .replace(/\s+/g, " ")
    .trim();
}

/** What the inverter of a Powerwall does. */
export function packWord(state) {
  const known = {
    PINV_GridFollowing: "Follows the grid",
    PINV_GridForming: "Makes its own grid",
    PINV_Standby: "Stands by",
    PINV_Init: "Starts",
  };
  if (!state) return DASH;
  return among(known, state) || spaced(String(state).replace(/^PINV_/, ""));
}

export function stringWord(state) {
  const known = {
    PV_Active: "Active",
    PV_Active_Parallel: "Active, in parallel",
    PV_Disabled: "Not in use",
    PV_Standby: "Stands by",
  };
  return state ? among(known, state) || spaced(String(state).replace(/^PV_/, "")) : DASH;
}

/** What a part does, under its number. */
export function doing(part, watts) {
  if (!isNumber(watts)) return "";
  if (Math.abs(watts) < LEAST_W) return part === "battery" ? "Resting" : "";
  const words = {
    solar: ["", ""],
    home: ["Gives", ""],
    grid: ["To the grid", "From the grid"],
    battery: ["Charging", "Discharging"],
  };
  return words[part][watts < 0 ? 0 : 1];
}

const listed = (words) =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words[words.length - 1]}`;

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** What runs the home and what becomes of the rest, in one line; an outage first. */
export function headline(house) {
  if (house.isStopped) return "The Powerwall is stopped";
  const line = unplugged(house);
  return house.grid.state === "islanded" ? `Off grid: ${line.charAt(0).toLowerCase()}${line.slice(1)}` : line;
}

const DEEDS = { battery: "charges the Powerwall", grid: "feeds the grid" };

/** One line without an outage: who runs the home, and what each does besides. */
function unplugged(house) {
  const { flows } = house;
  if (!flows) return house.trust.isKnown ? "Part of the house is not known just now" : "Nothing is known just now";
  const sources = Object.keys(PARTS).filter((part) => flows.some((flow) => flow.from === part));
  const into = flows.filter((flow) => flow.to === "home" && flow.from in PARTS).reverse();
  const total = into.reduce((sum, flow) => sum + flow.watts, 0);
  // Who adds a trickle does not run a home.
  const runners = into.filter((flow) => flow.watts >= total * 0.03).map((flow) => flow.from);
  const besides = (part) =>
    ["battery", "grid"].filter((to) => flows.some((f) => f.from === part && f.to === to)).map((to) => DEEDS[to]);
  const said = [];
  if (runners.length === 1) said.push(`${PARTS[runners[0]]} ${listed(["runs the home", ...besides(runners[0])])}`);
  if (runners.length > 1) said.push(`${listed(runners.map((part) => PARTS[part]))} run the home`);
  for (const part of sources) {
    const more = besides(part);
    if (more.length && !(runners.length === 1 && runners[0] === part)) said.push(`${PARTS[part]} ${listed(more)}`);
  }
  return said.length ? capital(said.join("; ")) : "The house is quiet";
}

/** Everything that the drawing shows, as a screen reader says it. */
export function sentence(house) {
  const said = [];
  const { powers, parts, battery } = house;
  const tell = (watts, words) => said.push(isNumber(watts) ? words(watts) : "");
  if (parts.solar) tell(powers.solar, (w) => `Solar makes ${kilowatts(Math.max(0, w))} kW.`);
  tell(powers.home, (w) => `The home uses ${kilowatts(w)} kW.`);
  tell(powers.grid, (w) =>
    isNothing(w) ? "Nothing comes from or goes to the grid." : `${size(w)} kW ${w > 0 ? "comes from" : "goes to"} the grid.`,
  );
  if (parts.battery) {
    tell(powers.battery, (w) =>
      isNothing(w) ? "The Powerwall rests." : `The Powerwall ${w > 0 ? "gives" : "takes"} ${size(w)} kW.`,
    );
    if (isNumber(battery.levelPct)) said.push(`It holds ${percent(battery.levelPct)}.`);
  }
  if (house.grid.state !== "unknown") said.push(`${gridWord(house.grid.state)}.`);
  return said.filter(Boolean).join(" ") || "Nothing is known just now.";
}
