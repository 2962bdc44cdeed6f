// Where power goes, from the four powers. Pure.
//
// Meters tell what each gives and takes, not to whom. As everywhere in the field: the sun first
// feeds the home, then the battery, then the grid; the battery first the home; the grid the rest.

import { isNumber } from "./formats.js";

/** Below this many watts nothing is drawn: meters tremble. */
export const LEAST_W = 25;

/** From whom to whom, in the order in which watts are given away. */
export const ROUTES = [
  ["solar", "home"],
  ["battery", "home"],
  ["grid", "home"],
  ["solar", "battery"],
  ["grid", "battery"],
  ["solar", "grid"],
  ["battery", "grid"],
  // A home gives only where something in it makes power behind its meter.
  ["home", "battery"],
  ["home", "grid"],
];

/**
 * Split powers into flows.
 *
 * @param powers {solar, home, grid, battery} in watts; grid above zero is bought, battery above
 *   zero is discharged. undefined is a part this house does not have, null is unknown.
 * @return [{from, to, watts}], the largest last; null when a part is unknown: whoever feeds
 *   whom would be a guess.
 */
export function split(powers) {
  const { solar, home, grid, battery } = powers;
  if ([solar, home, grid, battery].some((w) => w !== undefined && !isNumber(w))) return null;
  const gives = {
    solar: Math.max(0, solar || 0),
    battery: Math.max(0, battery || 0),
    grid: Math.max(0, grid || 0),
    home: Math.max(0, -(home || 0)),
  };
  const takes = {
    home: Math.max(0, home || 0),
    battery: Math.max(0, -(battery || 0)),
    grid: Math.max(0, -(grid || 0)),
  };
  const found = [];
  for (const [from, to] of ROUTES) {
    const watts = Math.min(gives[from], takes[to]);
    gives[from] -= watts;
    takes[to] -= watts;
    if (watts >= LEAST_W) found.push({ from, to, watts });
  }
  return found.sort((a, b) => a.watts - b.watts);
}

/** How much of what the home uses comes from where: {solar, battery, grid} as parts of one. */
export function shares(flows) {
  const into = (flows || []).filter((flow) => flow.to === "home");
  const all = into.reduce((sum, flow) => sum + flow.watts, 0);
  const share = { solar: 0, battery: 0, grid: 0 };
  for (const flow of into) if (flow.from in share) share[flow.from] += flow.watts / all;
  return share;
}

/** The power that is drawn as the widest ribbon: a step above all there is, so that it rests. */
export function scaleOf(powers) {
  const most = Math.max(0, ...Object.values(powers).filter(isNumber).map(Math.abs));
  return [5000, 10000, 20000, 40000, 80000].find((step) => most <= step) || most;
}
