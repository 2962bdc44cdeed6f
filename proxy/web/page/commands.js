// What is asked for and what became of it, in words. Pure.

import { DASH, clock, isNumber, percent } from "./formats.js";
import { exportWord, modeWord } from "./words.js";

const OUTCOMES = {
  applied: "Applied",
  pending: "Sent, not yet confirmed",
  rejected: "Rejected: nothing was changed",
  unknown: "Nobody knows whether it was done",
};

/** The body of a command from what is chosen and what is set: only what differs; {} is nothing.
 * Reserve and mode go together, everything else by itself: the first that differs. */
export function wishOf(chosen, set) {
  const wish = {};
  if (isNumber(chosen.reserve) && !(isNumber(set.reserve) && Math.round(set.reserve) === chosen.reserve)) {
    wish.reserve_app_pct = chosen.reserve;
  }
  if (chosen.mode && chosen.mode !== set.mode) wish.mode = chosen.mode;
  if (Object.keys(wish).length) return wish;
  if (chosen.charging !== null && chosen.charging !== set.charging) return { grid_charging: chosen.charging };
  if (chosen.exporting && chosen.exporting !== set.exporting) return { grid_export: chosen.exporting };
  return wish;
}

const one = {
  reserve_app_pct: (value) => `reserve ${percent(value)}`,
  mode: (value) => `mode ${modeWord(value)}`,
  grid_charging: (value) => `charging from the grid ${value ? "on" : "off"}`,
  grid_export: (value) => `selling: ${exportWord(value).toLowerCase()}`,
  grid: (value) => (value === "off" ? "leave the grid" : "connect to the grid"),
};

/** Settings in words: "reserve 20 %, mode Self-powered". */
export function settingWords(values) {
  const said = Object.entries(values || {})
    .filter(([name, value]) => name in one && value !== null)
    .map(([name, value]) => one[name](value));
  return said.join(", ") || DASH;
}

/** What became of a command: {outcome, title, lines}. status is null where no answer came. */
export function outcomeOf(status, document) {
  const told = document || {};
  if (status === null) {
    return {
      outcome: "unknown",
      title: "No answer came",
      lines: ["Whether it was carried out is told below once the proxy answers. Pressing again repeats nothing: it is the same command."],
    };
  }
  if (status === 401) return { outcome: "rejected", title: "The token is wrong", lines: [] };
  if (status === 429) return { outcome: "rejected", title: "Too many wrong tokens", lines: ["Try again in a minute."] };
  const outcome = told.outcome in OUTCOMES ? told.outcome : "rejected";
  const lines = [told.reason || (told.outcome ? "" : told.detail || told.error || `status ${status}`), told.remedy || ""];
  return { outcome, title: OUTCOMES[outcome], lines: lines.filter(Boolean) };
}

/** A record of /api/v1/commands: {outcome, title, asked, lines}. */
export function recordOf(record, zone) {
  const at = clock(Date.parse(record.at), zone, true);
  const lines = [record.reason, record.remedy];
  if (record.until) lines.push(`Ends ${clock(Date.parse(record.until), zone, true)}.`);
  if (record.reverts) lines.push("Puts back what was set before.");
  return {
    outcome: record.outcome in OUTCOMES ? record.outcome : "unknown",
    title: OUTCOMES[record.outcome] || String(record.outcome),
    asked: `${at}: ${settingWords(record.requested)}`,
    lines: lines.filter(Boolean).map(String),
  };
}
