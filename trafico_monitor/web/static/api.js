// What the monitor is asked, and its story as it happens.

import { language, t } from "./words.js";

const BASE = "api/v1"; // relative to the page: below web.base_path too
const QUIET = 10; // seconds without a message on an open stream: the server says one every 4
const PATIENCE = 5; // seconds without a stream before the page says so

export class Refused extends Error {
  constructor(status, said) {
    super(said?.text || t("ui.error.status", { n: status }));
    this.status = status;
    this.fields = said?.code === "invalid" ? said.fields : {}; // name → what is expected of it
  }
}

// What a browser says of an answer that never came is in its own language, and says little.
async function reach(url, options) {
  try {
    return await fetch(url, options);
  } catch (error) {
    throw new Error(t(error.name === "TimeoutError" ? "ui.error.slow" : "ui.error.unreachable"));
  }
}

export async function ask(method, path, body) {
  const headers = { "Accept-Language": language };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const patience = AbortSignal.timeout(35000);
  const answer = await reach(BASE + path, {
    method,
    headers,
    signal: patience,
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const said = await answer.json().catch(() => null);
  if (answer.status === 401) document.dispatchEvent(new CustomEvent("signed-out"));
  if (!answer.ok) throw new Refused(answer.status, said);
  return said;
}

export const read = (path) => ask("GET", path);

// Listens until `close`. The browser comes back by itself, behind the last number that it has seen;
// a hidden page gives its connection back, for a browser has only six for each host. `state` gets the time
// (seconds since the epoch) of the last message once there is no stream, null once there is one again.
export function listen(take, state) {
  let source = null,
    last = null,
    again = null,
    closed = false,
    heard = Date.now() / 1000,
    shown = heard, // when the page was last brought to the front
    lost;

  function check() {
    if (document.hidden) return;
    const is_open = source?.readyState === EventSource.OPEN;
    if (Date.now() / 1000 - Math.max(heard, shown) <= (is_open ? QUIET : PATIENCE)) return;
    tell(heard);
    if (!is_open) return;
    drop(); // an open connection to a monitor that stands still, or is no more
    open_soon();
  }

  function tell(since) {
    if (lost === since) return;
    lost = since;
    state(since);
  }

  function hear() {
    heard = Date.now() / 1000;
    tell(null);
  }

  function open() {
    if (closed || source || document.hidden) return;
    clearTimeout(again);
    source = new EventSource(`${BASE}/events${last === null ? "" : `?after=${last}`}`);
    source.onerror = () => {
      if (source?.readyState === EventSource.CLOSED) {
        drop();
        open_soon();
      }
    };
    for (const name of ["hello", "record", "now", "reset", "alive"]) {
      source.addEventListener(name, (event) => {
        hear();
        const data = JSON.parse(event.data);
        last = data.seq ?? last;
        take[name]?.(data);
      });
    }
  }

  function open_soon() {
    clearTimeout(again);
    again = setTimeout(
      () =>
        read("/session").then(open, (error) => {
          if (error.status !== 401) open_soon();
        }),
      2000,
    );
  }

  function drop() {
    source?.close();
    source = null;
  }

  let leaving = null;
  function seen() {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(drop, 60000);
    else {
      shown = Date.now() / 1000;
      open();
    }
  }
  const watch = setInterval(check, 1000);
  document.addEventListener("visibilitychange", seen);
  open();
  return {
    close() {
      closed = true;
      clearTimeout(again);
      clearInterval(watch);
      document.removeEventListener("visibilitychange", seen);
      drop();
    },
  };
}
