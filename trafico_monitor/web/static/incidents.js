// The list of incidents: a page at a time, with what happens coming in at the top.

import { read } from "./api.js";
import { at, fill, h, shown } from "./dom.js";
import { chip, empty, failed, gently, segments, waiting } from "./parts.js";
import { number, t, when } from "./words.js";

const FIRST = 12,
  PAGE = 50,
  MOST = 1000;
const TYPES = ["timeout", "ruta_inexistente", "corrupto", "permisos", "disco_lleno", "servidor_caido", "otro"];

let rows = new Map(); // id → incident
let next = null,
  asking = 0,
  problem = null,
  loaded = false;
const fresh = new Set();
const wanted = { open: "", type: "", modelo: "" };
let show = () => {};

export function start(open_story) {
  show = open_story;
  at("filters").addEventListener("submit", (event) => event.preventDefault());
  at("filter-type").addEventListener("change", (event) => {
    wanted.type = event.target.value;
    load();
  });
  let typing = null;
  at("filter-modelo").addEventListener("input", (event) => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      wanted.modelo = event.target.value.trim();
      load();
    }, 300);
  });
}

export function words() {
  segments(
    at("filter-open"),
    [
      ["", t("ui.filter.all")],
      ["true", t("ui.filter.open")],
      ["false", t("ui.filter.closed")],
    ],
    wanted.open,
    (value) => {
      wanted.open = value;
      load();
    },
  );
  const chosen = wanted.type;
  fill(
    at("filter-type"),
    h("option", { value: "" }, t("ui.filter.types")),
    TYPES.map((type) => h("option", { value: type, selected: type === chosen }, t(`type.${type}`))),
  );
  at("filter-modelo").placeholder = t("ui.filter.modelo");
  if (loaded || problem) draw();
}

export async function load() {
  const mine = ++asking;
  if (!rows.size) fill(at("incidents-list"), waiting(6));
  try {
    const page = await read(`/incidents?${query()}`);
    if (mine !== asking) return; // another filter was chosen meanwhile
    rows = new Map(page.incidents.map((one) => [one.id, one]));
    next = page.next;
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
    next = page.next;
    problem = null;
  } catch (error) {
    problem = error;
  }
  draw();
}

function query(cursor) {
  const given = Object.entries(wanted).filter(([, value]) => value);
  return new URLSearchParams([
    ...given,
    ["limit", cursor ? PAGE : FIRST],
    ...(cursor ? [["cursor", cursor]] : []),
  ]).toString();
}

const redraw = gently(draw);

export function take(incident) {
  const fits =
    (!wanted.type || incident.error_type === wanted.type) &&
    (!wanted.modelo || incident.modelo === wanted.modelo) &&
    (!wanted.open || (wanted.open === "true") === (incident.closed_at === null));
  if (!loaded) return;
  if (!fits) {
    if (!rows.delete(incident.id)) return;
  } else {
    if (!rows.has(incident.id)) fresh.add(incident.id);
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
  if (problem && !rows.size) {
    fill(place, failed(problem, load));
    fill(at("incidents-count"), "");
    return;
  }
  fill(at("incidents-count"), ordered.length ? `${number(ordered.length)}${next ? "+" : ""}` : "");
  if (!ordered.length) {
    const filtered = Object.values(wanted).some(Boolean);
    fill(
      place,
      filtered
        ? empty(t("ui.incidents.nothing"), t("ui.incidents.nothing.about"))
        : empty(t("ui.incidents.none"), t("ui.incidents.none.about")),
    );
    return;
  }
  const head = ["type", "video", "state", "when"].map((name) => h("th", { scope: "col" }, t(`ui.column.${name}`)));
  fill(
    place,
    problem && failed(problem, load),
    h(
      "table",
      { class: "rows" },
      h("caption", { class: "hidden" }, t("ui.incidents")),
      h("thead", {}, h("tr", {}, head)),
      h("tbody", {}, ordered.map(row)),
    ),
    next && ordered.length < MOST && h("button", { type: "button", class: "more", onclick: more }, t("ui.more")),
  );
  if (held)
    [...place.querySelectorAll("[data-id]")].find((node) => node.dataset.id === held)?.focus({ preventScroll: true });
  fresh.clear();
}

function row(one) {
  const sub = one.closed_at === null && one.reason_text ? `${one.accion_text} · ${one.reason_text}` : one.accion_text;
  return h(
    "tr",
    { class: fresh.has(one.id) ? "fresh" : null, onclick: () => show(one.id) },
    h(
      "td",
      { class: "what" },
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
    ),
    h(
      "td",
      { class: "video" },
      h("div", {}, shown(one.video ?? t("ui.unnamed"))),
      h("div", { class: "sub" }, one.modelo === null ? t("ui.nobody") : shown(one.modelo)),
    ),
    h("td", { class: "state" }, chip(one.estado)),
    h(
      "td",
      { class: "when" },
      h(
        "span",
        { class: "small-only", "aria-hidden": "true" },
        `${one.modelo === null ? t("ui.nobody") : shown(one.modelo)} · `,
      ),
      h("time", { datetime: new Date(one.opened_at * 1000).toISOString() }, when(one.opened_at)),
      h("div", { class: "sub" }, sub),
    ),
  );
}
