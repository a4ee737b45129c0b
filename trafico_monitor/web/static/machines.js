// The machines of a hub, the worst first: a page at a time, however many there are.

import { read } from "./api.js";
import { at, fill, h, shown } from "./dom.js";
import { machine_chip } from "./fleet.js";
import * as page_of from "./machine.js";
import { empty, failed, segments, waiting } from "./parts.js";
import { bytes, count, number, percent, t, when } from "./words.js";

const FIRST = 10,
  PAGE = 50,
  MOST = 500; // rows: beyond that a search is quicker
const SOON = 2000, // ms after a change of the totals
  AGAIN = 15000; // ms: each machine is heard of once a minute
const ALWAYS = ["silent", "troubled", "ok"];

let found = null, // the answer of the API, with the rows of all the pages that were asked for
  problem = null,
  asking = 0,
  asked_at = 0,
  totals = "",
  later = null;
const wanted = { state: "", search: "" };

// A column each: its name in the catalogue, its class, and what stands in it.
const COLUMNS = [
  ["ui.machine", "what", named],
  ["ui.machine.state", "state", machine_chip],
  ["ui.machine.problems", "video", problems],
  ["ui.incidents", "counts", counts],
  ["ui.machine.free", "free", free],
  ["ui.machine.heard", "when", heard],
];

export function start() {
  at("machines-filters").addEventListener("submit", (event) => event.preventDefault());
  let typing = null;
  at("machines-search").addEventListener("input", (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      wanted.search = event.target.value.trim().toLowerCase();
      choose();
    }, 200);
  });
}

function choose() {
  found = found && { ...found, machines: found.machines.slice(0, FIRST) };
  load();
}

// The totals have come: the list follows what they say, at a walking pace.
export function follow(hub) {
  if (!hub || document.hidden) return;
  const now = JSON.stringify([hub.states, hub.silent, hub.troubled, hub.open, hub.unanswered, hub.bots, hub.servers]);
  const wait = Math.max(0, asked_at + (now === totals ? AGAIN : SOON) - Date.now());
  if (now === totals && wait) return;
  totals = now;
  later ??= setTimeout(() => {
    later = null;
    load();
    page_of.load();
  }, wait);
}

// No machine has another letter in its name: the API would refuse the question.
const possible = () => /^[a-z0-9_-]{0,40}$/.test(wanted.search);

function query(offset, limit) {
  const given = { ...wanted, search: possible() ? wanted.search : "", offset, limit };
  return new URLSearchParams(Object.entries(given).filter(([, value]) => value !== "")).toString();
}

export async function load() {
  const mine = ++asking;
  asked_at = Date.now();
  if (!found) fill(at("machines-list"), waiting(4));
  try {
    const page = await read(`/machines?${query(0, Math.max(FIRST, found?.machines.length ?? 0))}`);
    if (mine !== asking) return; // something else was chosen meanwhile
    found = possible() ? page : { ...page, machines: [], total: 0, next: null };
    problem = null;
  } catch (error) {
    if (mine !== asking) return;
    problem = error;
  }
  draw();
}

async function more(event) {
  event.currentTarget.disabled = true;
  const mine = ++asking;
  try {
    const page = await read(`/machines?${query(found.next, PAGE)}`);
    if (mine !== asking) return;
    // One that has become worse meanwhile may come a second time.
    const rows = new Map([...found.machines, ...page.machines].map((one) => [one.name, one]));
    found = { ...page, machines: [...rows.values()].slice(0, MOST) };
    problem = null;
  } catch (error) {
    if (mine !== asking) return;
    problem = error;
  }
  draw();
}

function choices() {
  const { states } = found;
  const some = ["invited", "revoked"].filter((state) => states[state]);
  return [
    ["", t("ui.machines.all")],
    ...[...ALWAYS, ...some].map((state) => [state, `${t(`ui.machines.${state}`)} ${number(states[state])}`]),
  ];
}

export function draw() {
  at("machines-search").placeholder = t("ui.machines.search");
  const place = at("machines-list"),
    held = document.activeElement?.dataset?.id,
    held_state = [...at("machines-state").children].indexOf(document.activeElement);
  if (problem && !found) return fill(place, failed(problem, load));
  if (!found) return;
  segments(at("machines-state"), choices(), wanted.state, (state) => {
    wanted.state = state;
    choose();
  });
  at("machines-state").children[held_state]?.focus();
  fill(at("machines-count"), found.total ? number(found.total) : "");
  const { machines, next, total } = found;
  if (!machines.length) {
    const none = !wanted.state && !wanted.search;
    fill(place, none ? empty(t("ui.machines.none"), t("ui.machines.none.about")) : empty(t("ui.machines.nothing")));
    return;
  }
  const full = machines.length >= MOST && next !== null;
  fill(
    place,
    problem && failed(problem, load),
    h(
      "table",
      { class: "rows machines" },
      h("caption", { class: "hidden" }, t("ui.machines")),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          COLUMNS.map(([name, kind]) => h("th", { scope: "col", class: kind }, t(name))),
        ),
      ),
      h("tbody", {}, machines.map(row)),
    ),
    full && h("p", { class: "count" }, t("ui.machines.most", { n: number(machines.length), total: number(total) })),
    next !== null && !full && h("button", { type: "button", class: "more", onclick: more }, t("ui.machines.more")),
  );
  if (held)
    [...place.querySelectorAll("[data-id]")].find((node) => node.dataset.id === held)?.focus({ preventScroll: true });
}

function row(one) {
  return h(
    "tr",
    { onclick: () => page_of.show(one.name) },
    COLUMNS.map(([, kind, cell]) => h("td", { class: kind }, cell(one))),
  );
}

function named({ name }) {
  return h(
    "button",
    {
      type: "button",
      class: "open-it",
      "data-id": `machine/${name}`,
      "aria-haspopup": "dialog",
      onclick: (event) => {
        event.stopPropagation();
        page_of.show(name);
      },
    },
    shown(name),
  );
}

function problems({ problems: all, state }) {
  if (state === "invited") return h("span", { class: "sub" }, t("machine.state.invited"));
  if (!all.length) return h("span", { class: "sub" }, state === "ok" ? t("ui.machine.fine") : "");
  const [first, ...others] = all.map((one) => shown(one.text));
  const title = all.map((one) => shown(one.text)).join("\n");
  return [
    h("div", { class: "problem", title }, first),
    others.length > 0 && h("div", { class: "problem sub", title }, others.join(" · ")),
  ];
}

function counts(one) {
  return [
    one.open ? h("div", {}, count("ui.machine.incidents", one.open)) : h("div", { class: "large-only" }, "–"),
    one.failed > 0 && h("div", { class: "sub" }, count("ui.machine.failed", one.failed)),
  ];
}

function free({ disk }) {
  if (!disk) return "–";
  return [
    h("div", { class: "large-only" }, bytes(disk.free)),
    h("div", { class: "small-only" }, t("ui.disk.free", { libre: bytes(disk.free) })),
    disk.total > 0 && h("div", { class: "sub" }, percent(disk.free / disk.total)),
  ];
}

function heard({ received_at }) {
  if (received_at === null) return "–";
  return h("time", { datetime: new Date(received_at * 1000).toISOString() }, when(received_at));
}
