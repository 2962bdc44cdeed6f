// The second view: how the road from the house to this page is doing.

import { read } from "./api.js";
import { byId, facts, h, refill } from "./dom.js";
import { DASH, age, clock, fixed, isNumber } from "./formats.js";
import { startShell } from "./shell.js";
import { laneWord, who } from "./trouble.js";

const EVERY_MS = 5000;
const LINKS = {
  waiting: "connecting",
  stream: "live, told by the proxy as things change",
  polling: "asks the proxy every five seconds",
  lost: "lost; it is tried again all the time",
  locked: "refused: the read token is wanted",
};

let zone = null;

startShell((house, known, told) => {
  if (zone !== house.zone) {
    zone = house.zone;
    look();
  }
  refill(
    byId("link"),
    facts([
      ["Connection to the proxy", LINKS[told.link]],
      ["Last heard of", `${age(told.silentMs / 1000)} ago`],
      ["Power and charge", trust(house.trust)],
    ]),
  );
});

const trust = ({ isKnown, isStale, ageS }) => (!isKnown ? "unknown" : isStale ? `${age(ageS)} old` : "fresh");

/** An upstream: [name, value] rows. Pure. */
export function laneRows(lane, nowMs, inZone) {
  const rests = isNumber(lane.resting_for_s) && lane.resting_for_s > 0;
  return [
    ["State", laneWord(lane.state)],
    ["Requests in the last minute", fixed(lane.requests_per_minute, 0)],
    ["Time for an answer", isNumber(lane.mean_latency_s) ? fixed(lane.mean_latency_s * 1000, 0, "ms") : DASH],
    rests ? ["Rests until", `${clock(nowMs + lane.resting_for_s * 1000, inZone)} (${age(lane.resting_for_s)})`] : null,
    ["Logins", fixed(lane.logins, 0)],
    ["Last error", lane.last_error || "none"],
    lane.remedy ? ["What helps", lane.remedy] : null,
  ].filter(Boolean);
}

function laneCard(lane) {
  const rests = Object.entries(lane.resting_paths || {});
  const rows = rests.map(([path, rest]) => [path, `${rest.state}, ${age(rest.for_s)}`]);
  return h(
    "section",
    { class: `card${lane.state === "up" ? "" : " grave"}` },
    h("h2", {}, who(lane)),
    facts(laneRows(lane, Date.now(), zone)),
    rows.length ? h("details", {}, h("summary", {}, `Left alone for a while: ${rows.length}`), facts(rows)) : null,
  );
}

function proxyRows(health, version) {
  const well = health.connection_health || {};
  return [
    ["Version", `${version.name} ${version.version}`],
    ["Reads", { Cloud: "Tesla\u2019s cloud", Local: "the gateway" }[health.mode] || "nothing yet"],
    ["Started", String(health.startup_time || DASH).replace("T", " ").slice(0, 16)],
    ["Last good answer", isNumber(well.last_success_age_seconds) ? `${age(well.last_success_age_seconds)} ago` : "none yet"],
    ["Answers, failures", `${well.total_successes} \u00b7 ${well.total_failures}`],
  ];
}

async function look() {
  try {
    const [health, version] = await Promise.all([read("health"), read("api/v1/version")]);
    refill(byId("lanes"), health.document.lanes.map(laneCard));
    if (!health.document.lanes.length) refill(byId("lanes"), h("p", { class: "card" }, "No gateway and no account is set up."));
    refill(byId("proxy"), facts(proxyRows(health.document, version.document)));
  } catch (error) {
    const why = error.status === 421 ? "Shown only under a name of this machine: see PW_ALLOWED_HOSTS." : "Not to be had just now.";
    refill(byId("proxy"), h("p", { class: "quiet" }, why));
  }
}

look();
setInterval(() => document.hidden || look(), EVERY_MS);
