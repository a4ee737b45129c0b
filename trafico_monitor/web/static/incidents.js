// The list of incidents: a page at a time, with what happens coming in at the top.

import * as activity from "./activity.js";
import { read } from "./api.js";
import { at, fill, h, shown } from "./dom.js";
import { is_hub } from "./fleet.js";
import { chip, empty, failed, gently, key, named, segments, waiting } from "./parts.js";
import * as picked from "./picked.js";
import * as story from "./story.js";
import { language, number, t, when } from "./words.js";

const FIRST = 12,
  PAGE = 50,
  MOST = 1000;
const TYPES = ["timeout", "ruta_inexistente", "corrupto", "permisos", "disco_lleno", "servidor_caido", "otro"];

let rows = new Map(); // key → incident
let next = null,
  total = 0,
  asking = 0,
  problem = null,
  loaded = false,
  came = null; // incidents told of while a page is asked for, which may not have them
const fresh = new Set();
const wanted = { open: "", estado: "", type: "", modelo: "", video: "", machine: "", since: "", until: "" };
// What the segments choose: all, those that are not over, lost ones, those that are.
const STATES = { all: {}, open: { open: "true" }, failed: { estado: "fallido" }, closed: { open: "false" } };
let chosen = "all";
// A column each: its name in the catalogue (`ui.column.…`), its class, and what stands in it.
const COLUMNS = [
  ["type", "what", what],
  ["machine", "machine", (one) => shown(one.machine ?? "")],
  ["video", "video", video],
  ["state", "state", (one) => chip(one.estado)],
  ["when", "when", moment],
];
const columns = () => COLUMNS.filter(([name]) => name !== "machine" || is_hub());

export function start() {
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  at("filter-type").addEventListener("change", (event) => {
    wanted.type = event.target.value;
    load();
  });
  for (const name of ["modelo", "video"]) {
    let typing = null;
    at(`filter-${name}`).addEventListener("input", (event) => {
      clearTimeout(typing);
      typing = setTimeout(() => {
        wanted[name] = event.target.value.trim();
        load();
      }, 300);
    });
  }
  start_machine();
  // Days of whoever looks: from the beginning of the first to the end of the last.
  for (const [name, days] of [
    ["since", 0],
    ["until", 1],
  ])
    at(`filter-${name}`).addEventListener("change", (event) => {
      const [year, month, day] = event.target.value.split("-").map(Number);
      wanted[name] = year ? String(new Date(year, month - 1, day + days).getTime() / 1000 - (days ? 0.001 : 0)) : "";
      load();
    });
}

// The name of a machine, whole as the API asks for it: a few that fit are offered.
function start_machine() {
  let typing = null;
  at("filter-machine").addEventListener("input", (event) => {
    const input = event.target,
      name = input.value.toLowerCase().replace(/^[^a-z]+|[^a-z0-9_-]/g, "");
    if (name !== input.value) input.value = name;
    clearTimeout(typing);
    typing = setTimeout(async () => {
      filter_machine(name);
      const page = await read(`/machines?limit=10&search=${name}`).catch(() => ({ machines: [] }));
      fill(
        at("machine-names"),
        page.machines.map((one) => h("option", { value: one.name })),
      );
    }, 300);
  });
}

function filter_machine(name) {
  wanted.machine = name;
  activity.only(name);
  load();
}

// The incidents of one machine alone, as its page asks for them.
export function of_machine(name) {
  at("filter-machine").value = name;
  filter_machine(name);
  at("incidents").scrollIntoView();
  at("filter-machine").focus({ preventScroll: true });
}

// The incidents of one state, as a link of the verdict asks for them.
export function only(state) {
  chosen = state;
  Object.assign(wanted, { open: "", estado: "" }, STATES[state]);
  words();
  load();
}

export function words() {
  segments(
    at("filter-open"),
    Object.keys(STATES).map((state) => [state, t(`ui.filter.${state}`)]),
    chosen,
    only,
  );
  const type_now = wanted.type;
  fill(
    at("filter-type"),
    h("option", { value: "" }, t("ui.filter.types")),
    TYPES.map((type) => h("option", { value: type, selected: type === type_now }, t(`type.${type}`))),
  );
  for (const name of ["modelo", "video", "machine"]) at(`filter-${name}`).placeholder = t(`ui.filter.${name}`);
  if (loaded || problem) draw();
}

export async function load() {
  const mine = ++asking;
  came = [];
  if (!rows.size) fill(at("incidents-list"), waiting(6));
  try {
    const page = await read(`/incidents?${query()}`);
    if (mine !== asking) return; // another filter was chosen meanwhile
    rows = new Map(page.incidents.map((one) => [key(one), one]));
    ({ next, total } = page);
    problem = null;
    loaded = true;
    came.forEach(put);
  } catch (error) {
    if (mine !== asking) return;
    problem = error;
  }
  came = null;
  draw();
}

async function more(event) {
  event.currentTarget.disabled = true;
  const mine = asking;
  try {
    const page = await read(`/incidents?${query(next)}`);
    if (mine !== asking) return;
    for (const one of page.incidents) rows.set(key(one), one);
    ({ next, total } = page);
    problem = null;
  } catch (error) {
    problem = error;
  }
  draw();
}

const given = () => Object.entries(wanted).filter(([, value]) => value);

function query(cursor) {
  return new URLSearchParams([
    ...given(),
    ["limit", cursor ? PAGE : FIRST],
    ...(cursor ? [["cursor", cursor]] : []),
  ]).toString();
}

const redraw = gently(draw);

const holds = (part, one) => [one.id, one.video, one.file].some((name) => name?.toLowerCase().includes(part));

function fits(one) {
  const { open, estado, type, modelo, video, machine, since, until } = wanted;
  return (
    (!type || one.error_type === type) &&
    (!estado || one.estado === estado) &&
    (!modelo || one.modelo === modelo) &&
    (!machine || one.machine === machine) &&
    (!video || holds(video.toLowerCase(), one)) &&
    (!since || one.opened_at >= Number(since)) &&
    (!until || one.opened_at <= Number(until)) &&
    (!open || (open === "true") === (one.closed_at === null))
  );
}

export function take(incident) {
  came?.push(incident);
  if (!loaded) return;
  put(incident);
  redraw();
}

function put(incident) {
  if (!fits(incident)) {
    if (rows.delete(key(incident))) total -= 1;
  } else {
    if (!rows.has(key(incident))) {
      fresh.add(key(incident));
      // One of those that are not loaded yet is among them already.
      if (!next || incident.opened_at >= Math.min(...[...rows.values()].map((one) => one.opened_at))) total += 1;
    }
    rows.set(key(incident), incident);
  }
}

export function draw() {
  const ordered = [...rows.values()].sort(
    (one, other) => other.opened_at - one.opened_at || (key(other) > key(one) ? 1 : -1),
  );
  if (ordered.length > MOST) {
    for (const one of ordered.splice(MOST)) rows.delete(key(one));
    const { opened_at, id, machine } = ordered.at(-1);
    next = [opened_at, id, machine].filter(Boolean).join("~");
  }
  const place = at("incidents-list"),
    held = document.activeElement?.dataset?.id;
  picked.follow(ordered);
  if (problem && !rows.size) {
    fill(place, failed(problem, load));
    fill(at("incidents-count"), "");
    return;
  }
  fill(at("incidents-count"), total ? number(total) : "");
  at("incidents-table").href = `api/v1/incidents.csv?${new URLSearchParams([...given(), ["language", language]])}`;
  if (!ordered.length) {
    fill(
      place,
      given().length
        ? empty(t("ui.incidents.nothing"), t("ui.incidents.nothing.about"))
        : empty(t("ui.incidents.none"), t("ui.incidents.none.about")),
    );
    return;
  }
  fill(
    place,
    problem && failed(problem, load),
    h(
      "table",
      { class: is_hub() ? "rows of-hub" : "rows" },
      h("caption", { class: "hidden" }, t("ui.incidents")),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          columns().map(([name, kind]) => h("th", { scope: "col", class: kind }, t(`ui.column.${name}`))),
        ),
      ),
      h("tbody", {}, ordered.map(row)),
    ),
    next && ordered.length < MOST && h("button", { type: "button", class: "more", onclick: more }, t("ui.more")),
  );
  if (held)
    [...place.querySelectorAll("[data-id]")].find((node) => node.dataset.id === held)?.focus({ preventScroll: true });
  fresh.clear();
}

function row(one) {
  return h(
    "tr",
    { class: fresh.has(key(one)) ? "fresh" : null, onclick: () => story.show(one) },
    columns().map(([, kind, cell]) => h("td", { class: kind }, cell(one))),
  );
}

function what(one) {
  return [
    picked.box(one),
    h(
      "button",
      {
        type: "button",
        class: "open-it",
        "data-id": key(one),
        "aria-haspopup": "dialog",
        onclick: (event) => {
          event.stopPropagation();
          story.show(one);
        },
      },
      t(`type.${one.error_type}`),
    ),
    one.count > 1 && h("span", { class: "sub" }, ` ×${number(one.count)}`),
  ];
}

// A video without a name is told apart by the server's name of its file, and by the incident.
function video(one) {
  return [
    h("div", {}, named(one)),
    h(
      "div",
      { class: "sub" },
      one.modelo === null ? t("ui.nobody") : shown(one.modelo),
      one.video === null && ` · #${one.id}`,
    ),
  ];
}

function moment(one) {
  const why = one.closed_at === null && one.reason_text ? `${one.accion_text} · ${one.reason_text}` : one.accion_text;
  const who = one.modelo === null ? t("ui.nobody") : shown(one.modelo);
  return [
    h("span", { class: "small-only", "aria-hidden": "true" }, `${who} · `),
    h("time", { datetime: new Date(one.opened_at * 1000).toISOString() }, when(one.opened_at)),
    h("div", { class: "sub", title: why }, why),
  ];
}
