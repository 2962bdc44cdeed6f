// The last hour as small curves, from /api/v1/recent.

import { read } from "./api.js";
import { h, refill, s } from "./dom.js";
import { fixed, isNumber, percent } from "./formats.js";
import { sparkline } from "./geometry.js";

const EVERY_MS = 30000;
const [WIDTH, HEIGHT] = [240, 40];
const LINES = [
  ["solar", "Solar", (site) => site.power_w && site.power_w.solar],
  ["home", "Home", (site) => site.power_w && site.power_w.load],
  ["grid", "Grid", (site) => site.power_w && site.power_w.site],
  ["battery", "Powerwall", (site) => site.power_w && site.power_w.battery],
  ["level", "Charge", (site) => site.battery_level_app_pct],
];

/** One curve: its path, its span and what it says. Pure. */
export function curveOf(name, values) {
  const known = (values || []).filter(isNumber);
  if (known.length < 2) return null;
  const isLevel = name === "level";
  const [low, high] = [Math.min(...known), Math.max(...known)];
  // A quiet house is drawn quiet: half a kW at least is the height of a curve.
  const least = isLevel ? 0 : Math.min(0, low);
  const most = isLevel ? 100 : Math.max(0, high, least + 500);
  const told = isLevel ? percent : (w) => fixed(w / 1000, 1);
  const zero = HEIGHT - ((0 - least) / (most - least)) * HEIGHT;
  return {
    ...sparkline(values, least, most, WIDTH, HEIGHT),
    zero,
    low: told(low),
    high: told(high),
    unit: isLevel ? "" : " kW",
  };
}

function drawn(name, title, values) {
  const curve = curveOf(name, values);
  if (!curve) return null;
  const words = `${title}, last hour: from ${curve.low} to ${curve.high}${curve.unit}`;
  return h(
    "div",
    { class: `curve ${name}` },
    h("span", { class: "name" }, title),
    s(
      "svg",
      { viewBox: `0 -3 ${WIDTH} ${HEIGHT + 6}`, preserveAspectRatio: "none", role: "img", "aria-label": words },
      s("line", { class: "zero", x1: 0, x2: WIDTH, y1: curve.zero, y2: curve.zero }),
      s("path", { class: "area", d: curve.area }),
      s("path", { d: curve.line }),
    ),
    h("span", { class: "span" }, curve.low === curve.high ? curve.high : `${curve.low} to ${curve.high}`, h("small", {}, curve.unit)),
  );
}

/** Keep a card up to date; it is hidden while there is nothing to draw. */
export function startCurves(card, body, partsNow) {
  async function look() {
    try {
      const { document: recent } = await read("api/v1/recent");
      const site = Object.values(recent.sites)[0] || {};
      const parts = partsNow();
      const lines = LINES.filter(([name]) => parts[name === "level" ? "battery" : name] !== false)
        .map(([name, title, of]) => drawn(name, title, of(site)))
        .filter(Boolean);
      card.hidden = lines.length === 0;
      refill(body, lines);
    } catch {
      // The curves that are there grow old with everything else; without any there is no card.
    }
  }
  look();
  // The first samples come with the page's own interest.
  setTimeout(look, 8000);
  setInterval(() => document.hidden || look(), EVERY_MS);
}
