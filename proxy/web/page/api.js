// The road to the proxy: relative addresses only, so that any front end and prefix will do.

const KEY = "powerwall-read-token";
const PATIENCE_MS = 8000;
let memory = null;

/** Take the read token out of the address: it stays with this tab, and with nobody's history. */
export function takeToken(place = location, store = sessionStorageOrNone()) {
  const here = new URL(place.href);
  const given = here.searchParams.get("token");
  if (given !== null) {
    memory = given;
    here.searchParams.delete("token");
    try {
      store.setItem(KEY, given);
      history.replaceState(null, "", here.pathname + here.search + here.hash);
    } catch {
      // Without a store the address is what survives a reload.
    }
  } else if (store) {
    memory = store.getItem(KEY);
  }
  return memory;
}

function sessionStorageOrNone() {
  try {
    return window.sessionStorage;
  } catch {
    return null;
  }
}

/** An address with the read token, for what takes no headers. */
export const withToken = (path) =>
  memory ? `${path}${path.includes("?") ? "&" : "?"}token=${encodeURIComponent(memory)}` : path;

/** An answer that is none. */
export class NoAnswer extends Error {
  constructor(status, document) {
    super(`status ${status}`);
    this.status = status;
    this.document = document;
  }
}

async function ask(path, options) {
  const ends = new AbortController();
  const timer = setTimeout(() => ends.abort(), options.patienceMs || PATIENCE_MS);
  try {
    const answer = await fetch(path, { cache: "no-store", ...options, signal: ends.signal });
    const text = await answer.text();
    return { answer, document: text ? JSON.parse(text) : null };
  } finally {
    clearTimeout(timer);
  }
}

/** A header is sent letter by letter as Latin-1; the proxy compares the bytes of UTF-8. */
const bearer = (token) => `Bearer ${String.fromCharCode(...new TextEncoder().encode(token))}`;

/** Read a route: {document, simulated}. Throws NoAnswer for a refusal, others for no answer. */
export async function read(path) {
  const headers = memory ? { Authorization: bearer(memory) } : {};
  const { answer, document } = await ask(path, { headers });
  if (!answer.ok) throw new NoAnswer(answer.status, document);
  return { document, simulated: answer.headers.has("X-Demo") };
}

/** Send a command with the control token; every answer is one, {status, document}. */
export async function command(path, fields, token, key) {
  const { answer, document } = await ask(path, {
    method: "POST",
    patienceMs: 20000,
    headers: {
      Authorization: bearer(token),
      "Content-Type": "application/json",
      "Idempotency-Key": key,
    },
    body: JSON.stringify(fields),
  });
  return { status: answer.status, document };
}
