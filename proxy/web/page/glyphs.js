// The four stations, drawn with our own pen around the origin.

import { s } from "./dom.js";

const RAYS = 12;

/** A sun: its rays grow with its power. */
export function sun() {
  const rays = Array.from({ length: RAYS }, (_, n) =>
    s("line", { x1: 0, y1: -25, x2: 0, y2: -34, transform: `rotate(${(360 / RAYS) * n})` }),
  );
  const glow = s(
    "radialGradient",
    { id: "glow" },
    s("stop", { offset: 0.1, class: "solar", "stop-opacity": 0.42 }),
    s("stop", { offset: 0.5, class: "solar", "stop-opacity": 0.1 }),
    s("stop", { offset: 1, class: "solar", "stop-opacity": 0 }),
  );
  return s(
    "g",
    { class: "glyph sun" },
    glow,
    s("circle", { class: "glow", r: 110, fill: "url(#glow)" }),
    s("circle", { class: "back", r: 22 }),
    s("g", { class: "rays" }, rays),
    s("circle", { class: "disc", r: 18 }),
  );
}

/** A home; the ground under it tells who feeds it. */
export function home() {
  const walls = "M-34 -6V32Q-34 38 -28 38H28Q34 38 34 32V-6L0 -34Z";
  const part = (name) => s("rect", { class: `share ${name}`, x: -44, y: 43, width: 0, height: 6, "data-part": name });
  return s(
    "g",
    { class: "glyph house" },
    s("clipPath", { id: "ground" }, s("rect", { x: -44, y: 43, width: 88, height: 6, rx: 3 })),
    s("path", { class: "back", d: walls }),
    s("path", { class: "body", d: walls }),
    s("path", { class: "line thin", d: "M22 -17V-32H29V-11" }),
    s("path", { class: "line", d: "M-34 -4V32Q-34 38 -28 38H28Q34 38 34 32V-4" }),
    s("path", { class: "line roof", d: "M-43 1L-3.5 -34.5Q0 -37.5 3.5 -34.5L43 1" }),
    s("path", { class: "door", d: "M4 38V16Q4 13 7 13H17Q20 13 20 16V38" }),
    s("rect", { class: "window", x: -22, y: 9, width: 17, height: 14, rx: 2 }),
    s("g", { "clip-path": "url(#ground)" }, s("rect", { class: "share none", x: -44, y: 43, width: 88, height: 6 }), part("solar"), part("battery"), part("grid")),
  );
}

/** A pylon, and the gap in its line while there is no grid. */
export function pylon() {
  return s(
    "g",
    { class: "glyph pylon" },
    s("path", { class: "line", d: "M-20 40L-5 -22L0 -38L5 -22L20 40" }),
    s("path", { class: "line thin", d: "M-14 16L11 -2M14 16L-11 -2M-18 34L14 16M18 34L-14 16M-8 -10L6 -22M8 -10L-6 -22" }),
    s("path", { class: "line", d: "M-26 -10H26M-20 -24H20" }),
    s("path", { class: "line thin", d: "M-26 -10V-3M26 -10V-3M-20 -24V-17M20 -24V-17" }),
    s("path", { class: "cut", d: "M-32 -34L32 38" }),
  );
}

/** A vessel that holds what is stored; level, reserve and its chambers are set later. */
export function vessel({ width, height }) {
  const left = -width / 2;
  const shape = { x: left, y: 0, width, height, rx: 24 };
  const step = width / 4;
  const wave = `M${-width * 1.5} 0q${step / 2} -6 ${step} 0${`t${step} 0`.repeat(11)}V${height + 10}H${-width * 1.5}Z`;
  return s(
    "g",
    { class: "glyph vessel" },
    s("clipPath", { id: "vessel-shape" }, s("rect", shape)),
    s(
      "linearGradient",
      { id: "liquid", x1: 0, y1: 0, x2: 0, y2: height, gradientUnits: "userSpaceOnUse" },
      s("stop", { offset: 0, class: "battery", "stop-opacity": 0.62 }),
      s("stop", { offset: 1, class: "battery", "stop-opacity": 0.95 }),
    ),
    s("rect", { class: "back", ...shape }),
    s("rect", { class: "body", ...shape }),
    s("g", { "clip-path": "url(#vessel-shape)" }, s("g", { class: "level" }, s("path", { class: "wave", d: wave, fill: "url(#liquid)" })), s("path", { class: "chambers" })),
    s("line", { class: "reserve", x1: left + 4, x2: -left - 4 }),
    s("rect", { class: "line", ...shape }),
    s("text", { class: "inside", y: height / 2 + 13, "text-anchor": "middle" }),
    s("text", { class: "mark" }),
  );
}
