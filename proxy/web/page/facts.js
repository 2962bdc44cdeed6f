// What is known: rows of /api/v1/state by their fact and labels. Pure.

const LEAF = ["site", "fact", "value", "unit", "kind", "state", "age_s", "source", "time", "detail"];
const GONE = { value: null, state: "unknown", age_s: null };

export const EMPTY = { site: null, rows: new Map() };

const keyOf = (fact, labels) => JSON.stringify([fact, ...labels]);
const labelsOf = (row) => Object.keys(row).filter((name) => !LEAF.includes(name)).map((n) => row[n]);

function put(rows, site, found, atMs) {
  for (const row of found) {
    if (row.site !== site) continue;
    const labels = labelsOf(row);
    rows.set(keyOf(row.fact, labels), { ...row, labels, atMs });
  }
  return rows;
}

/** What is known after a full state; atMs is when it came. */
export function whole(found, atMs) {
  const list = Array.isArray(found) ? found : [];
  const site = list.length ? list[0].site : null;
  return { site, rows: put(new Map(), site, list, atMs) };
}

/** What is known after a change: rows that are new, keys that are gone. */
export function changed(known, found, gone, atMs) {
  const rows = new Map(known.rows);
  for (const key of gone || []) rows.delete(JSON.stringify(key));
  const site = known.site === null && found.length ? found[0].site : known.site;
  return { site, rows: put(rows, site, found || [], atMs) };
}

/** The row of a fact; one that is not there is unknown. */
export const row = (known, fact, ...labels) => known.rows.get(keyOf(fact, labels)) || GONE;

export const value = (known, fact, ...labels) => row(known, fact, ...labels).value;

/** Whether this home has no such thing, as opposed to not knowing it just now. */
export const isNotServed = (known, fact, ...labels) =>
  row(known, fact, ...labels).state === "not_served" || row(known, fact).state === "not_served";

/** Everything below a fact: [label, row], in the order it came. */
export function below(known, fact) {
  return [...known.rows.values()]
    .filter((found) => found.fact === fact && found.labels.length)
    .map((found) => [found.labels, found]);
}

/** The first labels below some facts, each once: PW1, PW2, ... */
export function names(known, ...facts) {
  const all = facts.flatMap((fact) => below(known, fact).map(([labels]) => labels[0]));
  return [...new Set(all)].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}

/** The Powerwalls. */
export const packNames = (known) => names(known, "pack_full_wh", "pack_power_w", "pack_serial");

/** How old a row is now, in seconds; null without a value. */
export function ageOf(found, nowMs) {
  if (found.age_s === null || found.age_s === undefined) return null;
  return found.age_s + Math.max(0, nowMs - found.atMs) / 1000;
}
