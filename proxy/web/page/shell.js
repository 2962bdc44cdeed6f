// What all views share: name, clock, the chip, the banner, the way to the other views.

import { read, takeToken, withToken } from "./api.js";
import { byId, h, refill, say } from "./dom.js";
import { startFeed } from "./feed.js";
import { clock } from "./formats.js";
import { houseOf } from "./house.js";
import { banner, chip } from "./trouble.js";

const HEALTH_MS = 15000;
const UNNAMED = "Powerwall";

/** Start a view; show is called with (house, known, told) whenever something is new. */
export function startShell(show) {
  takeToken();
  keepQuery();
  offerSettings();
  const shell = new Shell(show);
  startFeed((told) => shell.told(told));
  return shell;
}

class Shell {
  constructor(show) {
    this.show = show;
    this.lanes = null;
    this.askedMs = 0;
    this.drawnOf = null;
  }

  told(told) {
    const nowMs = Date.now();
    const house = houseOf(told.known, nowMs);
    const mood = chip(told.link, house.trust, told.silentMs);
    this.look(told, mood, nowMs);
    this.frame(house, told, mood, nowMs);
    if (told.link === "waiting" && !told.known.rows.size) return;
    // Ages move each second, a drawing only when something is new.
    this.show(house, told.known, told, this.drawnOf !== told.known);
    this.drawnOf = told.known;
  }

  frame(house, told, mood, nowMs) {
    const name = typeof house.name === "string" && house.name ? house.name : UNNAMED;
    say(byId("site"), name);
    const title = `${name}${mood.mood === "good" ? "" : ` (${mood.text})`}`;
    if (document.title !== title) document.title = title;
    say(byId("clock"), clock(nowMs, house.zone));
    const status = byId("chip");
    status.dataset.mood = mood.mood;
    say(status.querySelector(".words"), mood.text);
    byId("simulated").hidden = !told.simulated;
    document.documentElement.classList.toggle("old", mood.mood === "old" || mood.mood === "bad");
    this.banner(banner(told.link, house, this.lanes, told.silentMs));
  }

  banner(found) {
    const box = byId("banner");
    box.hidden = found === null;
    if (!found) return;
    say(box.querySelector("strong"), found.title);
    refill(box.querySelector("div"), found.lines.map((line) => h("p", {}, line)));
  }

  /** Only where something is wrong is the proxy asked what. */
  async look(told, mood, nowMs) {
    const reachable = told.link === "stream" || told.link === "polling";
    if (mood.mood === "good") this.lanes = null;
    if (!reachable || mood.mood === "good" || nowMs - this.askedMs < HEALTH_MS) return;
    this.askedMs = nowMs;
    try {
      this.lanes = (await read("health")).document.lanes;
    } catch {
      // Settings are not shown under every name; then the reason stays untold.
      this.lanes = null;
    }
  }
}

/** Hand on to the other views how this one was asked for. */
function keepQuery() {
  const query = location.search;
  for (const link of document.querySelectorAll("a[data-view]")) {
    if (query) link.setAttribute("href", link.getAttribute("href") + query);
  }
}

/** The settings are offered where commands are on; a frame they leave: they refuse to be framed. */
async function offerSettings() {
  const link = byId("to-settings");
  if (!link) return;
  if (window.self !== window.top) {
    link.target = "_blank";
    // The new tab has not our store. Only while it is clicked: nobody reads the token off a link.
    link.addEventListener("click", () => {
      const { href } = link;
      link.href = withToken(href);
      setTimeout(() => (link.href = href));
    });
  }
  try {
    link.hidden = "error" in ((await read("control/reserve")).document || {});
  } catch {
    link.hidden = true;
  }
}
