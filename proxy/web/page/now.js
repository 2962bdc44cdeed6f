// The first view: what the house does now.

import { sorted } from "./alerts.js";
import { startCurves } from "./curves.js";
import { Details } from "./details.js";
import { byId, h, refill, say } from "./dom.js";
import { DASH, energy, hours, isNumber, percent, since } from "./formats.js";
import { Picture } from "./picture.js";
import { startShell } from "./shell.js";
import { gridWord, headline, modeWord, sentence } from "./words.js";

const SPOKEN_EVERY_MS = 60000;

let last = null;
let spokenMs = 0;
let curves = false;

const details = new Details(byId("details"));
const picture = new Picture(byId("picture"), (part) => last && details.open(part, last.known, last.house));

startShell((house, known, told, isNew) => {
  last = { house, known };
  if (!curves) startCurves(byId("hour"), byId("curves"), () => last.house.parts);
  curves = true;
  if (!isNew) return;
  picture.show(house);
  say(byId("headline"), headline(house));
  speak(house);
  battery(house);
  grid(house);
  alerts(house);
  details.show(known, house);
});

/** A screen reader hears of the house once a minute, not with every watt. */
function speak(house) {
  if (Date.now() - spokenMs < SPOKEN_EVERY_MS) return;
  spokenMs = Date.now();
  say(byId("spoken"), sentence(house));
}

function battery(house) {
  const { battery: told } = house;
  byId("battery").hidden = !house.parts.battery;
  say(byId("level"), percent(told.levelPct));
  say(byId("stored"), isNumber(told.fullWh) ? `${energy(told.remainingWh).replace(/\s*kWh$/, "")} of ${energy(told.fullWh)}` : "");
  const bar = byId("bar");
  bar.style.setProperty("--level", `${isNumber(told.levelPct) ? told.levelPct : 0}%`);
  bar.style.setProperty("--reserve", `${isNumber(told.reservePct) ? told.reservePct : 0}%`);
  bar.classList.toggle("reserved", isNumber(told.reservePct) && told.reservePct > 0);
  say(byId("left"), isNumber(told.hoursLeft) ? hours(told.hoursLeft) : DASH);
  say(byId("reserve"), percent(told.reservePct));
  say(byId("mode"), modeWord(told.mode));
}

function grid(house) {
  const { state, sinceS, services } = house.grid;
  const box = byId("grid");
  box.dataset.state = state;
  box.hidden = state === "unknown" && !house.parts.battery;
  say(box.querySelector(".state"), gridWord(state));
  const told = isNumber(sinceS) && state !== "unknown" ? `since ${since(sinceS, house.zone, Date.now())}` : "";
  say(box.querySelector(".since"), services ? `${told} \u00b7 grid services` : told);
}

function alerts(house) {
  const [grave, routine] = sorted(house.alerts);
  byId("alerts-card").hidden = grave.length + routine.length === 0;
  byId("alerts-card").classList.toggle("grave", grave.length > 0);
  const list = (all) => h("ul", {}, all.map((one) => h("li", { title: one.name }, one.words)));
  refill(
    byId("alerts"),
    grave.length ? list(grave) : h("p", { class: "quiet" }, "Nothing needs attention."),
    routine.length ? h("details", {}, h("summary", {}, notes(routine.length)), list(routine)) : null,
  );
}

const notes = (count) => (count === 1 ? "One routine note" : `${count} routine notes`);
