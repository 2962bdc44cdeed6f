// Shows what the proxy knows, every five seconds. Unknown is a dash, never a zero.

const EVERY_MS = 5000;
/** Where PW_READ_TOKEN closes reads, the page is opened as /?token=... */
const TOKEN = new URLSearchParams(location.search).get("token");
const DASH = "\u2013";
const GRID = {
  SystemGridConnected: "connected",
  SystemIslandedActive: "islanded",
  SystemIslandedReady: "ready to island",
  SystemTransitionToGrid: "reconnecting",
  SystemTransitionToIsland: "islanding",
  SystemMicroGridFaulted: "microgrid faulted",
  SystemWaitForUser: "waiting for you",
};
const DIRECTION = {
  site: ["exporting", "importing"],
  battery: ["charging", "discharging"],
};

/** Read one route: its document (null when unknown), its age in seconds, whether simulated. */
async function read(path) {
  const headers = TOKEN ? { Authorization: `Bearer ${TOKEN}` } : {};
  const answer = await fetch(path, { cache: "no-store", headers });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  const age = answer.headers.get("Age");
  return {
    document: await answer.json(),
    age: age === null ? null : Number(age),
    demo: answer.headers.has("X-Demo"),
  };
}

/** A power and, where it matters, its direction; what rounds to nothing has none. */
function power(meter, watts) {
  if (typeof watts !== "number") return DASH;
  const kilowatts = `${(Math.abs(watts) / 1000).toFixed(2)} kW`;
  if (Math.abs(watts) < 5) return kilowatts;
  const words = DIRECTION[meter];
  if (words) return `${kilowatts} ${words[watts > 0 ? 1 : 0]}`;
  return watts < 0 ? `\u2212${kilowatts}` : kilowatts;
}

function show(id, text) {
  document.getElementById(id).textContent = text;
}

function state(text, stale) {
  show("state", text);
  document.getElementById("state").classList.toggle("stale", stale);
}

async function refresh() {
  const [meters, level, grid, version, stats] = await Promise.all(
    ["aggregates", "api/system_status/soe", "api/system_status/grid_status", "version", "stats"].map(read),
  );
  for (const field of document.querySelectorAll("[data-power]")) {
    const meter = field.dataset.power;
    field.textContent = power(meter, meters.document?.[meter]?.instant_power);
  }
  const percent = level.document?.percentage;
  show("level", typeof percent === "number" ? `${percent.toFixed(1)} %` : DASH);
  const status = grid.document?.grid_status;
  show("grid", status ? (GRID[status] ?? status) : DASH);
  show("firmware", version.document?.version ?? DASH);
  show("site", stats.document?.site_name ?? "Powerwall");
  const lane = stats.document?.lanes?.[0];
  const why = lane?.last_error && lane.state !== "up" ? ` (${lane.state}: ${lane.last_error})` : "";
  const simulated = meters.demo ? "Simulated. " : "";
  if (meters.age === null) state(`${simulated}Nothing is known just now${why}.`, true);
  else state(`${simulated}${meters.age} s old${why}.`, meters.age > 20);
}

async function keepFresh() {
  try {
    await refresh();
  } catch {
    state("The proxy does not answer; the values below are old.", true);
  }
  setTimeout(keepFresh, EVERY_MS);
}

keepFresh();
