// The list of incidents: a page at a time, with what happens coming in at the top.

import { read } from "./api.js";
import { at, fill, h, shown } from "./dom.js";
import { chip, empty, failed, gently, named, segments, waiting } from "./parts.js";
import * as picked from "./picked.js";
import { language, number, t, when } from "./words.js";

const FIRST = 12,
  PAGE = 50,
  MOST = 1000;
const TYPES = ["timeout", "ruta_inexistente", "corrupto", "permisos", "disco_lleno", "servidor_caido", "otro"];

let rows = new Map(); // id → incident
let next = null,
  total = 0,
  asking = 0,
  problem = null,
  loaded = false;
const fresh = new Set();
const wanted = { open: "", estado: "", type: "", modelo: "", video: "", since: "", until: "" };
// What the segments choose: all, those that are not over, lost ones, those that are.
const STATES = { all: {}, open: { open: "true" }, failed: { estado: "fallido" }, closed: { open: "false" } };
let chosen = "all";
let show = () => {};

// A column each: its name in the catalogue (`ui.column.…`), its class, and what stands in it.
const COLUMNS = [
  ["type", "what", what],
  ["video", "video", video],
  ["state", "state", (one) => chip(one.estado)],
  ["when", "when", moment],
];

export function start(open_story) {
  show = open_story;
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
  for (const name of ["modelo", "video"]) at(`filter-${name}`).placeholder = t(`ui.filter.${name}`);
  if (loaded || problem) draw();
}

export async function load() {
  const mine = ++asking;
  if (!rows.size) fill(at("incidents-list"), waiting(6));
  try {
    const page = await read(`/incidents?${query()}`);
    if (mine !== asking) return; // another filter was chosen meanwhile
    rows = new Map(page.incidents.map((one) => [one.id, one]));
    ({ next, total } = page);
    problem = null;
    loaded = true;
  } catch (error) {
    if (mine !== asking) return;
    problem = error;
  }
  draw();
}

async function more(event) {
  event.currentTarget.disabled = true;
  const mine = asking;
  try {
    const page = await read(`/incidents?${query(next)}`);
    if (mine !== asking) return;
    for (const one of page.incidents) rows.set(one.id, one);
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
  const { open, estado, type, modelo, video, since, until } = wanted;
  return (
    (!type || one.error_type === type) &&
    (!estado || one.estado === estado) &&
    (!modelo || one.modelo === modelo) &&
    (!video || holds(video.toLowerCase(), one)) &&
    (!since || one.opened_at >= Number(since)) &&
    (!until || one.opened_at <= Number(until)) &&
    (!open || (open === "true") === (one.closed_at === null))
  );
}

export function take(incident) {
  if (!loaded) return;
  if (!fits(incident)) {
    if (!rows.delete(incident.id)) return;
    total -= 1;
  } else {
    if (!rows.has(incident.id)) {
      fresh.add(incident.id);
      // One of those that are not loaded yet is among them already.
      if (!next || incident.opened_at >= Math.min(...[...rows.values()].map((one) => one.opened_at))) total += 1;
    }
    rows.set(incident.id, incident);
  }
  redraw();
}

export function draw() {
  const ordered = [...rows.values()].sort(
    (one, other) => other.opened_at - one.opened_at || (other.id > one.id ? 1 : -1),
  );
  if (ordered.length > MOST) {
    for (const one of ordered.splice(MOST)) rows.delete(one.id);
    next = `${ordered.at(-1).opened_at}~${ordered.at(-1).id}`;
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
      { class: "rows" },
      h("caption", { class: "hidden" }, t("ui.incidents")),
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          COLUMNS.map(([name, kind]) => h("th", { scope: "col", class: kind }, t(`ui.column.${name}`))),
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
    { class: fresh.has(one.id) ? "fresh" : null, onclick: () => show(one.id) },
    COLUMNS.map(([, kind, cell]) => h("td", { class: kind }, cell(one))),
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
        "data-id": one.id,
        "aria-haspopup": "dialog",
        onclick: (event) => {
          event.stopPropagation();
          show(one.id);
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
