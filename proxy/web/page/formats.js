// Numbers as people read them. Pure. What is not a number is a dash, never a zero.

export const DASH = "\u2013";
const MINUS = "\u2212";
const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86400;
/** What is longer ago may have been yesterday: its day is told as well. */
const LONG_AGO_S = 18 * HOUR_S;

export const isNumber = (value) => typeof value === "number" && Number.isFinite(value);

/** Whether a power rounds to nothing on the page. */
export const isNothing = (watts) => !isNumber(watts) || Math.abs(watts) < 5;

/** A power in kW: two decimals below ten, one below a hundred. The unit never changes, so that
 * the eye need not read it. */
export function kilowatts(watts) {
  if (!isNumber(watts)) return DASH;
  if (isNothing(watts)) return "0.00";
  const size = Math.abs(watts) / 1000;
  const text = size.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
  return watts < 0 ? MINUS + text : text;
}

/** The same without its sign, where the drawing and the words tell the direction. */
export const size = (watts) => (isNumber(watts) ? kilowatts(Math.abs(watts)) : DASH);

export const power = (watts) => `${kilowatts(watts)} kW`;

/** Watts to the watt, for details. */
export function watts(value) {
  return isNumber(value) ? `${fixed(value, 0)} W` : DASH;
}

export function energy(wattHours) {
  if (!isNumber(wattHours)) return DASH;
  const kwh = wattHours / 1000;
  if (Math.abs(kwh) >= 10000) return `${fixed(kwh / 1000, 1)} MWh`;
  return `${fixed(kwh, Math.abs(kwh) < 100 ? 1 : 0)} kWh`;
}

export const percent = (value) => (isNumber(value) ? `${fixed(value, 0)}\u2009%` : DASH);

/** A fact that is 1 or 0, in words. */
export const flag = (found, yes = "yes", no = "no") => (found === 1 ? yes : found === 0 ? no : DASH);

/** A number with so many decimals and its unit. */
export function fixed(value, decimals, unit = "") {
  if (!isNumber(value)) return DASH;
  const text = Math.abs(value).toFixed(decimals);
  const sign = value < 0 && Number(text) !== 0 ? MINUS : "";
  return sign + text + (unit && `\u2009${unit}`);
}

/** How long something lasts, from hours. */
export function hours(value) {
  if (!isNumber(value) || value < 0) return DASH;
  const minutes = Math.round(value * 60);
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 10 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  if (minutes < 72 * 60) return `${Math.round(minutes / 60)} h`;
  return `${Math.round(minutes / 1440)} days`;
}

/** How long ago something was, from seconds. */
export function age(seconds) {
  if (!isNumber(seconds)) return DASH;
  const s = Math.max(0, seconds);
  if (s < 100) return `${Math.round(s)} s`;
  if (s < 100 * MINUTE_S) return `${Math.round(s / MINUTE_S)} min`;
  if (s < 36 * HOUR_S) return `${Math.round(s / HOUR_S)} h`;
  return `${Math.round(s / DAY_S)} days`;
}

/** A time of day where the house stands; a zone nobody knows is this device's. */
export function clock(ms, zone, withDay = false) {
  const shape = { hour: "numeric", minute: "2-digit" };
  if (withDay) Object.assign(shape, { weekday: "short", day: "numeric", month: "short" });
  try {
    return new Date(ms).toLocaleString([], { ...shape, ...(zone ? { timeZone: zone } : {}) });
  } catch {
    return new Date(ms).toLocaleString([], shape);
  }
}

/** Since when something is, from seconds since the epoch. */
export const since = (atS, zone, nowMs) => clock(atS * 1000, zone, nowMs / 1000 - atS > LONG_AGO_S);
