// What the monitor is asked, and its story as it happens.

import { language } from "./words.js";

const BASE = "api/v1"; // relative to the page: below web.base_path too

export class Refused extends Error {
  constructor(status, said) {
    super(said?.text || String(status));
    this.status = status;
  }
}

export async function ask(method, path, body) {
  const headers = { "Accept-Language": language };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const patience = AbortSignal.timeout(35000);
  const answer = await fetch(BASE + path, {
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
// a hidden page gives its connection back, for a browser has only six for each host.
export function listen(take, state) {
  let source = null,
    last = null,
    again = null,
    closed = false;

  function open() {
    if (closed || source || document.hidden) return;
    clearTimeout(again);
    source = new EventSource(`${BASE}/events${last === null ? "" : `?after=${last}`}`);
    source.onopen = () => state(true);
    source.onerror = () => {
      state(false);
      if (source?.readyState === EventSource.CLOSED) {
        drop();
        again = setTimeout(
          () =>
            read("/session").then(open, (error) => {
              if (error.status !== 401) again = setTimeout(open, 3000);
            }),
          2000,
        );
      }
    };
    for (const name of ["hello", "record", "now", "reset"]) {
      source.addEventListener(name, (event) => {
        const data = JSON.parse(event.data);
        if (name !== "now") last = data.seq;
        take[name]?.(data);
      });
    }
  }

  function drop() {
    source?.close();
    source = null;
  }

  let leaving = null;
  function seen() {
    clearTimeout(leaving);
    if (document.hidden) leaving = setTimeout(drop, 60000);
    else open();
  }
  document.addEventListener("visibilitychange", seen);
  open();
  return {
    close() {
      closed = true;
      clearTimeout(again);
      document.removeEventListener("visibilitychange", seen);
      drop();
    },
  };
}
