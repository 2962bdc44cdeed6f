// The house, from what is known: what there is, what it does, how far it may be believed. Pure.

import { ageOf, below, isNotServed, packNames, row, value } from "./facts.js";
import { isNumber } from "./formats.js";
import { split } from "./flows.js";

const METERS = { solar: "solar", home: "load", grid: "site", battery: "battery" };

/** A home without a battery: told so by name, or by figures that are all nothing. */
function hasBattery(known) {
  if (isNotServed(known, "power_w", "battery")) return false;
  // One number can be wrong for a moment; a home that lost its contact shows 0 as well.
  const sizes = ["packs_available", "battery_full_wh", "nominal_energy_wh"].map((fact) =>
    value(known, fact),
  );
  const told = sizes.filter(isNumber);
  return !(told.length && told.every((size) => size === 0) && !packNames(known).length);
}

function powersOf(known, parts) {
  const found = {};
  for (const [part, meter] of Object.entries(METERS)) {
    found[part] = parts[part] ? value(known, "power_w", meter) : undefined;
    if (found[part] !== undefined && !isNumber(found[part])) found[part] = null;
  }
  return found;
}

/** What the grid does; a home without a battery cannot be an island, whatever its gateway says. */
function gridOf(known, parts) {
  const said = value(known, "grid_state");
  const state = said === null || said === undefined ? "unknown" : said;
  const doubtful = !parts.battery && state !== "on_grid";
  return {
    state: doubtful ? "unknown" : state,
    sinceS: doubtful ? null : value(known, "grid_state_since_s"),
    services: value(known, "grid_services_active") === 1,
  };
}

function batteryOf(known) {
  return {
    levelPct: value(known, "battery_level_app_pct"),
    reservePct: value(known, "reserve_app_pct"),
    hoursLeft: value(known, "time_remaining_h"),
    remainingWh: value(known, "battery_remaining_wh"),
    fullWh: value(known, "battery_full_wh"),
    mode: value(known, "mode"),
    packs: packNames(known).length,
  };
}

/** How old the powers and the charge are: the oldest that has a value and the worst state. */
function trustOf(known, parts, nowMs) {
  const core = Object.keys(METERS)
    .filter((part) => parts[part])
    .map((part) => row(known, "power_w", METERS[part]));
  if (parts.battery) core.push(row(known, "battery_level_app_pct"));
  const valued = core.filter((one) => isNumber(one.value));
  const ages = valued.filter((one) => one.state === "stale").map((one) => ageOf(one, nowMs));
  return {
    isKnown: valued.length > 0,
    isStale: ages.length > 0,
    ageS: ages.length ? Math.max(...ages) : null,
  };
}

/** The house as the page shows it. */
export function houseOf(known, nowMs) {
  const parts = {
    solar: !isNotServed(known, "power_w", "solar"),
    home: true,
    grid: true,
    battery: hasBattery(known),
  };
  const powers = powersOf(known, parts);
  return {
    parts,
    powers,
    flows: split(powers),
    grid: gridOf(known, parts),
    battery: batteryOf(known),
    isStopped: value(known, "running") === 0,
    alerts: below(known, "alert").map(([labels]) => labels[0]),
    name: value(known, "site_name"),
    zone: value(known, "site_timezone"),
    trust: trustOf(known, parts, nowMs),
  };
}
