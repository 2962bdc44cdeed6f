// What the proxy knows, as it changes: a stream where there is one, else asking every five seconds.
// Whatever ends it - a restart, a tablet that slept, a wall between - it begins again by itself.

import { NoAnswer, read, withToken } from "./api.js";
import { EMPTY, changed, whole } from "./facts.js";

const STATE = "api/v1/state?rows";
const POLL_MS = 5000;
/** A stream says nothing while nothing changes; after so long the proxy is asked whether it lives. */
const SILENCE_MS = 12000;
const STREAM_AGAIN_MS = 60000;
const LOST_MS = 9000;

/**
 * Start to listen.
 *
 * @param tell is called with {known, link, simulated, silentMs} whenever one of them changes, and
 *   at least every second. link is waiting, stream, polling, lost or locked.
 */
export function startFeed(tell) {
  const feed = new Feed(tell);
  feed.poll();
  feed.listen();
  setInterval(() => feed.tick(), 1000);
  document.addEventListener("visibilitychange", () => feed.wake());
  window.addEventListener("online", () => feed.wake());
  return feed;
}

class Feed {
  constructor(tell) {
    this.tell = tell;
    this.known = EMPTY;
    this.link = "waiting";
    this.simulated = false;
    this.startedMs = Date.now();
    this.heardMs = 0;
    this.askedMs = 0;
    this.asking = false;
    this.source = null;
    this.listensAgainMs = 0;
    this.version = null;
  }

  get streams() {
    return this.source !== null && this.source.readyState === 1;
  }

  heard(known) {
    // Quiet is asked about after SILENCE_MS; what says nothing for longer was lost, or slept.
    const wasAway = this.link === "lost" || Date.now() - this.heardMs > 2 * SILENCE_MS;
    this.known = known;
    this.heardMs = Date.now();
    this.link = this.streams ? "stream" : "polling";
    if (wasAway || this.version === null) this.checkVersion();
    this.show();
  }

  show() {
    const sinceMs = this.heardMs || this.startedMs;
    this.tell({
      known: this.known,
      link: this.link,
      simulated: this.simulated,
      silentMs: Date.now() - sinceMs,
    });
  }

  async poll() {
    if (this.asking) return;
    this.asking = true;
    this.askedMs = Date.now();
    try {
      const { document, simulated } = await read(STATE);
      this.simulated = simulated;
      this.heard(whole(document, Date.now()));
    } catch (error) {
      this.failed(error);
    } finally {
      this.asking = false;
    }
  }

  failed(error) {
    const refused = error instanceof NoAnswer && error.status === 401;
    if (refused) this.link = "locked";
    else if (Date.now() - (this.heardMs || this.startedMs) > LOST_MS || !this.streams) this.link = "lost";
    this.show();
  }

  listen() {
    if (this.source) this.source.close();
    const source = new EventSource(withToken("events"));
    this.source = source;
    source.addEventListener("state", (event) => this.take(event, (data) => whole(data.rows, Date.now())));
    source.addEventListener("change", (event) =>
      this.take(event, (data) => changed(this.known, data.rows || [], data.gone, Date.now())),
    );
    source.onerror = () => {
      // Closed for good: 503 beyond the cap, 404 where there is no stream, 401. Else it retries.
      if (source.readyState === 2 && this.source === source) this.source = null;
      this.listensAgainMs = Date.now() + STREAM_AGAIN_MS;
      this.poll();
    };
  }

  take(event, apply) {
    try {
      this.heard(apply(JSON.parse(event.data)));
    } catch {
      this.poll(); // half a frame is none
    }
  }

  tick() {
    const nowMs = Date.now();
    const dueMs = this.streams ? this.heardMs + SILENCE_MS : POLL_MS + this.askedMs;
    if (nowMs >= dueMs && nowMs - this.askedMs >= POLL_MS) this.poll();
    const canListen = this.link === "polling" || this.link === "stream";
    if (this.source === null && canListen && nowMs >= this.listensAgainMs) this.listen();
    this.show();
  }

  wake() {
    if (document.hidden) return;
    this.poll();
    // What slept with the device may look open and be dead.
    if (Date.now() - this.heardMs > SILENCE_MS) this.listen();
  }

  /** A tablet stays open for months: a page of an old version is replaced after an update. */
  async checkVersion() {
    try {
      const { document } = await read("api/v1/version");
      if (this.version !== null && this.version !== document.version) location.reload();
      this.version = document.version;
    } catch {
      // It is asked for again after the next outage or sleep.
    }
  }
}
