// Where the drawing has what, and how its ribbons run. Pure.

import { LEAST_W } from "./flows.js";

const WIDEST = 52;
const THINNEST = 3;
const GAP = 3;

/** The drawing by its shape: the box, its lines, how large stations and type are. */
export const SHAPES = {
  tall: { width: 420, height: 660, lines: [140, 284, 408], side: 70, scale: 1.14, value: 31, label: 17, vessel: { width: 118, height: 142 } },
  wide: { width: 900, height: 680, lines: [140, 284, 408], side: 128, scale: 1.45, value: 42, label: 20, vessel: { width: 146, height: 146 } },
  // For a low frame: words stand beside the sun and the vessel.
  flat: { width: 900, height: 424, lines: [58, 170, 262], side: 104, scale: 1.2, value: 42, label: 21, vessel: { width: 128, height: 128 } },
};

/** The shape that fills a frame best. */
export function shapeFor(width, height) {
  if (!height || width / height < 1.02) return "tall";
  return width / height < 1.75 ? "wide" : "flat";
}

/** Stations: where they are, the ports where ribbons touch them, where ports look, and where
 * their words stand: a column `text` of base lines at x, or beside the drawing. */
export function stations(shapeName, parts) {
  const { width, height, lines, side, scale, value, label, vessel } = SHAPES[shapeName];
  const [sunY, sideY, vesselY] = lines;
  const middle = width / 2;
  // Base lines from the edge of a drawing: the number, what it is, a note.
  const under = (edge) => {
    const first = edge + 14 + value * 0.74;
    return { x: 0, anchor: "middle", y: [first, first + label * 1.3 + 2, first + label * 1.3 + 28] };
  };
  const beside = (x, y) => ({ x, anchor: "start", y: [y, y + label * 1.35, y + label * 1.35 + 28] });
  const up = -40 * scale - 10;
  const over = { x: 0, anchor: "middle", y: [up, up - value * 0.98] };
  const isFlat = shapeName === "flat";
  const found = {
    grid: { y: sideY, scale, text: under(50 * scale), x: side, port: [side + 12 * scale, sideY], looks: [1, 0] },
    home: { y: sideY, scale, text: under(50 * scale), x: width - side, port: [width - side - 34 * scale, sideY], looks: [-1, 0] },
  };
  if (parts.solar) {
    const text = isFlat ? beside(48 * scale, 2) : over;
    found.solar = { x: middle, y: sunY, scale, text, port: [middle, sunY + 34 * scale], looks: [0, 1] };
  }
  if (parts.battery) {
    const text = isFlat ? beside(vessel.width / 2 + 18, 84) : under(vessel.height);
    found.battery = { x: middle, y: vesselY, scale: 1, ...vessel, text, port: [middle, vesselY], looks: [0, -1] };
  }
  // What is left of the drawing without a sun, and without a battery.
  const top = parts.solar ? 0 : sideY - 60 * scale;
  const bottom = parts.battery ? height : sideY + 50 * scale + value + label * 2 + 20;
  return { box: [0, top, width, bottom - top], at: found };
}

/** How wide a ribbon is: as wide as its power, but never too thin to be seen. */
export function breadth(watts, scaleW) {
  if (watts < LEAST_W) return 0;
  return Math.max(THINNEST, Math.min(WIDEST, (WIDEST * watts) / scaleW));
}

/** In which order ribbons leave a station, so that none crosses another there. */
const ORDER = {
  solar: ["grid", "battery", "home"],
  battery: ["grid", "solar", "home"],
  grid: ["solar", "home", "battery"],
  home: ["solar", "grid", "battery"],
};

function offsets(part, flows, scaleW) {
  const mine = flows
    .filter((flow) => flow.from === part || flow.to === part)
    .map((flow) => ({ other: flow.from === part ? flow.to : flow.from, wide: breadth(flow.watts, scaleW) }))
    .sort((a, b) => ORDER[part].indexOf(a.other) - ORDER[part].indexOf(b.other));
  const all = mine.reduce((sum, one) => sum + one.wide, 0) + GAP * Math.max(0, mine.length - 1);
  let at = -all / 2;
  const found = {};
  for (const { other, wide } of mine) {
    found[other] = at + wide / 2;
    at += wide + GAP;
  }
  return found;
}

const pointAt = ({ port, looks }, offset) => [
  port[0] + (looks[0] === 0 ? offset : 0),
  port[1] + (looks[0] === 0 ? 0 : offset),
];

const round = (value) => Math.round(value * 10) / 10;

/** The cubic from one port to another, [x, y] four times. */
function curve(from, to, start, end) {
  const across = from.looks[0] === 0 ? to.looks[0] !== 0 : to.looks[0] === 0;
  const lead = (at, looks) => {
    const way = Math.abs(looks[0] === 0 ? end[1] - start[1] : end[0] - start[0]);
    const bend = way * (across ? 0.78 : 0.5);
    return [at[0] + looks[0] * bend, at[1] + looks[1] * bend];
  };
  return [start, lead(start, from.looks), lead(end, to.looks), end];
}

function middleOf([a, b, c, d]) {
  const mix = (i) => (a[i] + 3 * b[i] + 3 * c[i] + d[i]) / 8;
  const tangent = [0, 1].map((i) => d[i] + c[i] - b[i] - a[i]);
  return { x: mix(0), y: mix(1), degrees: (Math.atan2(tangent[1], tangent[0]) * 180) / Math.PI };
}

/** Ribbons of flows: [{key, from, to, watts, d, breadth, start, end, middle}]. */
export function ribbons(at, flows, scaleW) {
  const off = {};
  for (const part of Object.keys(at)) off[part] = offsets(part, flows, scaleW);
  return flows
    .filter(({ from, to }) => at[from] && at[to])
    .map(({ from, to, watts }) => {
      const start = pointAt(at[from], off[from][to]);
      const end = pointAt(at[to], off[to][from]);
      const points = curve(at[from], at[to], start, end);
      const [a, b, c, d] = points.map((point) => point.map(round).join(" "));
      return {
        key: `${from}-${to}`,
        from,
        to,
        watts,
        d: `M${a}C${b} ${c} ${d}`,
        breadth: round(breadth(watts, scaleW)),
        start: start.map(round),
        end: end.map(round),
        middle: middleOf(points),
      };
    });
}

/** The quiet lines along which power could go, drawn under the ribbons. */
export function tracks(at) {
  const pairs = [["solar", "home"], ["solar", "battery"], ["solar", "grid"], ["battery", "home"], ["grid", "battery"], ["grid", "home"]];
  return pairs
    .filter(([from, to]) => at[from] && at[to])
    .map(([from, to]) => {
      const points = curve(at[from], at[to], at[from].port, at[to].port);
      const [a, b, c, d] = points.map((point) => point.map(round).join(" "));
      return { key: `${from}-${to}`, d: `M${a}C${b} ${c} ${d}` };
    });
}

/** How fast beads run: three gaits, so that they do not stumble with every watt. */
export function gait(watts) {
  if (watts < 400) return "slow";
  return watts < 2500 ? "steady" : "quick";
}

/** A small curve: its line and the area between it and nothing, with gaps where nothing is known. */
export function sparkline(values, least, most, width, height) {
  const step = width / Math.max(1, values.length - 1);
  const down = (value) => round(height - ((value - least) / (most - least || 1)) * height);
  const known = (value) => value !== null && value !== undefined;
  const zero = down(0);
  let [line, area] = ["", ""];
  values.forEach((value, index) => {
    if (!known(value)) return;
    const point = `${round(index * step)} ${down(value)}`;
    const begins = !known(values[index - 1]);
    const ends = !known(values[index + 1]);
    line += (begins ? "M" : "L") + point;
    // A single sample between two gaps is a point.
    if (begins && ends) line += "h.1";
    area += begins ? `M${round(index * step)} ${zero}L${point}` : `L${point}`;
    if (ends) area += `V${zero}Z`;
  });
  return { line, area };
}
