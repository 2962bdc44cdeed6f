// The drawing of the power flow: built once, then only what changes is touched.

import { attributes, s, say } from "./dom.js";
import { LEAST_W, scaleOf, shares } from "./flows.js";
import { DASH, hours, isNumber, percent, size } from "./formats.js";
import { gait, ribbons, shapeFor, stations, tracks } from "./geometry.js";
import { home, pylon, sun, vessel } from "./glyphs.js";
import { doing, gridWord, sentence } from "./words.js";

const NAMES = { solar: "Solar", home: "Home", grid: "Grid", battery: "Powerwall" };
const GLYPHS = { solar: sun, home, grid: pylon, battery: vessel };

export class Picture {
  /** @param open is called with the name of a station that was tapped. */
  constructor(frame, open) {
    this.frame = frame;
    this.open = open;
    this.made = "";
    this.house = null;
    this.shape = "tall";
    if ("ResizeObserver" in window) new ResizeObserver(() => this.resized()).observe(frame);
    else window.addEventListener("resize", () => this.resized());
    this.resized();
  }

  resized() {
    const { clientWidth, clientHeight } = this.frame;
    // In a page that scrolls the frame is as high as the drawing; there the width decides.
    const isFree = getComputedStyle(this.frame).position === "static";
    const shape = isFree ? (clientWidth < 620 ? "tall" : "wide") : shapeFor(clientWidth, clientHeight);
    if (shape === this.shape) return;
    this.shape = shape;
    if (this.house) this.show(this.house);
  }

  show(house) {
    this.house = house;
    const parts = house.parts;
    const wanted = `${this.shape} ${parts.solar} ${parts.battery}`;
    if (wanted !== this.made) this.build(parts);
    this.made = wanted;
    for (const part of Object.keys(this.places.at)) this.station(part, house);
    this.flows(house);
    say(this.title, sentence(house));
  }

  build(parts) {
    this.places = stations(this.shape, parts);
    const { box, at } = this.places;
    this.title = s("title", { id: "flow-title" });
    this.gradients = s("defs", {});
    this.lanes = s("g", { class: "ribbons" });
    this.drawn = new Map();
    this.nodes = {};
    const groups = Object.keys(at).map((part) => this.makeStation(part, at[part]));
    this.quiet = new Map(tracks(at).map(({ key, d }) => [key, s("path", { class: "track", d })]));
    this.svg = s(
      "svg",
      { viewBox: box.join(" "), role: "group", "aria-labelledby": "flow-title", class: `flow ${this.shape}` },
      this.title,
      this.gradients,
      s("g", { class: "tracks", "aria-hidden": "true" }, [...this.quiet.values()]),
      this.lanes,
      groups,
    );
    attributes(this.lanes, { "aria-hidden": "true" });
    this.frame.replaceChildren(this.svg);
  }

  makeStation(part, place) {
    const { x, anchor, y: lines } = place.text;
    const [value, label, note] = ["value", "label", "note"].map((name, n) =>
      s("text", { class: name, x, y: lines[n] || 0, "text-anchor": anchor }),
    );
    const zone = this.zone(part, place);
    const group = s(
      "g",
      {
        class: `station ${part}`,
        transform: `translate(${place.x} ${place.y})`,
        role: "button",
        tabindex: "0",
        "data-part": part,
        onclick: () => this.open(part),
        onkeydown: (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          this.open(part);
        },
      },
      s("rect", { class: "zone", rx: 18, ...zone }),
      s("g", { transform: `scale(${place.scale})` }, GLYPHS[part](place)),
      value,
      label,
      note,
    );
    this.nodes[part] = { group, value, label, note };
    return group;
  }

  /** Where a finger may press. */
  zone(part, { scale, text, width, height }) {
    const half = Math.max(62 * Math.max(1, scale), (width || 0) / 2 + 12);
    const beside = text.anchor === "start";
    const reach = 44 * scale;
    const top = part === "battery" ? -10 : part === "solar" && !beside ? text.y[1] - 20 : -reach;
    const under = part === "battery" ? height + 12 : reach;
    const bottom = part === "solar" || beside ? under : text.y[part === "battery" ? 2 : 1] + 12;
    return { x: -half, y: top, width: (beside ? half + text.x + 190 : 2 * half), height: bottom - top };
  }

  station(part, house) {
    const { group, value, label, note } = this.nodes[part];
    const watts = house.powers[part];
    const number = isNumber(watts) ? size(part === "solar" ? Math.max(0, watts) : watts) : DASH;
    // A home that gives is rare and worth its sign.
    const text = part === "home" && isNumber(watts) && watts <= -5 ? `\u2212${number}` : number;
    say(value, isNumber(watts) ? `${text}\u2009kW` : DASH);
    const does = doing(part, watts);
    const grid = part === "grid" && house.grid.state !== "on_grid" && house.grid.state !== "unknown";
    const name = grid ? gridWord(house.grid.state) : does || NAMES[part];
    say(label, part === "battery" && isNumber(watts) ? does : name);
    attributes(group, {
      "aria-label": `${NAMES[part]}: ${isNumber(watts) ? `${text} kW` : "unknown"}${does ? ` ${does}` : ""}${grid ? `, ${name}` : ""}. Details`,
      "data-watts": isNumber(watts) ? Math.round(watts) : null,
    });
    group.classList.toggle("idle", !isNumber(watts) || Math.abs(watts) < LEAST_W);
    if (part === "battery") {
      this.fill(group, house.battery);
      say(note, isNumber(house.battery.hoursLeft) ? `${hours(house.battery.hoursLeft)} at this load` : "");
    }
    if (part === "home") this.shared(group, shares(house.flows));
    if (part === "grid") group.classList.toggle("off", grid);
    if (part === "solar") this.shine(group, watts);
  }

  shine(group, watts) {
    const strength = Math.min(1, Math.max(0, (watts || 0) / 5000));
    group.style.setProperty("--strength", (isNumber(watts) ? 0.9 + 0.25 * strength : 0.9).toFixed(2));
    group.classList.toggle("night", !isNumber(watts) || watts < LEAST_W);
  }

  fill(group, battery) {
    const { height } = this.places.at.battery;
    const level = isNumber(battery.levelPct) ? Math.min(100, Math.max(0, battery.levelPct)) : 0;
    const at = (pct) => height - (height * pct) / 100;
    group.querySelector(".level").style.transform = `translateY(${at(level).toFixed(1)}px)`;
    say(group.querySelector(".inside"), percent(battery.levelPct));
    group.classList.toggle("empty", !isNumber(battery.levelPct));
    const reserve = isNumber(battery.reservePct) && battery.reservePct > 0 ? battery.reservePct : null;
    const mark = group.querySelector(".reserve");
    const text = group.querySelector(".mark");
    const y = reserve === null ? 0 : at(Math.min(100, reserve)).toFixed(1);
    attributes(mark, { y1: y, y2: y, visibility: reserve === null ? "hidden" : null });
    const beside = this.shape === "flat";
    const edge = this.places.at.battery.width / 2 + 10;
    attributes(text, { y: reserve === null ? 0 : Number(y) + 5, x: beside ? -edge : edge, "text-anchor": beside ? "end" : "start" });
    say(text, reserve === null ? "" : `reserve ${percent(reserve)}`);
    const { width } = this.places.at.battery;
    const walls = Array.from({ length: Math.min(11, Math.max(0, battery.packs - 1)) }, (_, n) => {
      const x = width * ((n + 1) / battery.packs - 0.5);
      return `M${x.toFixed(1)} 0v12M${x.toFixed(1)} ${height}v-12`;
    });
    attributes(group.querySelector(".chambers"), { d: walls.join("") || null });
  }

  shared(group, share) {
    let from = -44;
    for (const part of ["solar", "battery", "grid"]) {
      const wide = 88 * share[part];
      attributes(group.querySelector(`.share.${part}`), { x: from.toFixed(1), width: wide.toFixed(1) });
      from += wide;
    }
  }

  flows(house) {
    const found = ribbons(this.places.at, house.flows || [], scaleOf(house.powers));
    const keys = new Set(found.map((ribbon) => ribbon.key));
    for (const [key, drawn] of this.drawn) {
      if (keys.has(key)) continue;
      drawn.group.remove();
      drawn.gradient.remove();
      this.drawn.delete(key);
    }
    for (const ribbon of found) this.ribbon(ribbon);
    for (const [key, track] of this.quiet) {
      const [from, to] = key.split("-");
      attributes(track, { visibility: keys.has(key) || keys.has(`${to}-${from}`) ? "hidden" : null });
    }
  }

  ribbon(ribbon) {
    if (!this.drawn.has(ribbon.key)) this.drawn.set(ribbon.key, this.makeRibbon(ribbon));
    const { group, gradient, bed, beads, arrow } = this.drawn.get(ribbon.key);
    const { d, breadth, start, end, middle } = ribbon;
    attributes(gradient, { x1: start[0], y1: start[1], x2: end[0], y2: end[1] });
    attributes(bed, { d, "stroke-width": breadth });
    attributes(beads, { d, "stroke-width": Math.max(2.6, Math.min(8, breadth * 0.4)).toFixed(1) });
    attributes(arrow, { transform: `translate(${middle.x.toFixed(1)} ${middle.y.toFixed(1)}) rotate(${middle.degrees.toFixed(1)})` });
    attributes(group, { "data-gait": gait(ribbon.watts), "data-watts": Math.round(ribbon.watts) });
  }

  makeRibbon({ key, from, to }) {
    const id = `from-${key}`;
    const gradient = s(
      "linearGradient",
      { id, gradientUnits: "userSpaceOnUse" },
      // Light turns into power, and lines have no end: there a ribbon fades.
      s("stop", { offset: 0, class: from, "stop-opacity": from === "solar" || from === "grid" ? 0 : 1 }),
      s("stop", { offset: 0.14, class: from }),
      s("stop", { offset: 0.86, class: to }),
      s("stop", { offset: 1, class: to, "stop-opacity": to === "grid" ? 0 : 1 }),
    );
    this.gradients.append(gradient);
    const bed = s("path", { class: "bed", stroke: `url(#${id})` });
    const beads = s("path", { class: `beads ${from}` });
    const arrow = s("path", { class: "arrow", d: "M-6 -7L5 0L-6 7" });
    const group = s("g", { class: "ribbon", "data-from": from, "data-to": to }, bed, beads, arrow);
    this.lanes.append(group);
    return { group, gradient, bed, beads, arrow };
  }
}
