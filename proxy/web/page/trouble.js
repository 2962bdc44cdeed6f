// How the road to the house is doing, in words: the chip and the banner. Pure.

import { age } from "./formats.js";

const LINES = {
  waiting: "Asking the proxy",
  lost: "Connection to the proxy lost",
  locked: "This proxy wants its read token: open the page as /?token=\u2026",
};

/** What the chip says: {text, mood}; mood is good, old, bad or wait. */
export function chip(link, trust, silentMs) {
  if (link === "lost") return { text: `No connection \u00b7 ${age(silentMs / 1000)}`, mood: "bad" };
  if (link === "locked") return { text: "Locked", mood: "bad" };
  if (link === "waiting") return { text: "Connecting", mood: "wait" };
  if (!trust.isKnown) return { text: "No data", mood: "bad" };
  if (trust.isStale) return { text: `${age(trust.ageS)} old`, mood: "old" };
  return { text: "Live", mood: "good" };
}

/** The upstream that is not well, if one is. */
export const unwell = (lanes) => (lanes || []).find((lane) => lane.state !== "up") || null;

const STATES = {
  down: "does not answer",
  "rate limited": "wants to be left alone for a while",
  "wrong password": "refuses the password",
  "logged in but refused": "takes the login and refuses the data",
  "needs setup": "is not set up yet",
};

export const laneWord = (state) => (state === "up" ? "answers" : STATES[state] || state);

/** Who the upstream is, as a sentence begins. */
export const who = (lane) => lane.upstream.replace(/^gateway /, "The gateway ").replace(/^cloud\b/, "Tesla\u2019s cloud");

/** The banner: {title, lines}, or null while all is well. lanes may be unknown (null). */
export function banner(link, house, lanes, silentMs) {
  if (link === "locked") return { title: LINES.locked, lines: [] };
  if (link === "lost") {
    const lines = silentMs > 3000 ? [`The values below are ${age(silentMs / 1000)} old. It is tried again all the time.`] : [];
    return { title: LINES.lost, lines };
  }
  if (link === "waiting") return null;
  const lane = unwell(lanes);
  if (!house.trust.isStale && house.trust.isKnown) {
    return house.isStopped
      ? { title: "The Powerwall is stopped", lines: ["Somebody has switched it off; it neither charges nor gives."] }
      : null;
  }
  // A gateway whose site master was stopped answers nothing else than that.
  const isStopped = house.isStopped || (lane && /powerwall is stopped/i.test(lane.last_error || ""));
  const old = house.trust.isStale ? `The values below are ${age(house.trust.ageS)} old.` : "";
  if (!lane) return { title: house.trust.isStale ? "The gateway is slow" : "Nothing is known yet", lines: [old].filter(Boolean) };
  if (isStopped) return { title: "The Powerwall is stopped", lines: [old, lane.remedy || ""].filter(Boolean) };
  return {
    title: `${who(lane)} ${laneWord(lane.state)}`,
    lines: [old, lane.last_error ? capital(lane.last_error) : "", lane.remedy || ""].filter(Boolean),
  };
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");
