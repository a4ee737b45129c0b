// One incident: what happened, what was done, and the proof.

import { read } from "./api.js";
import { request } from "./asking.js";
import { at, fill, h, plain, shown } from "./dom.js";
import { chip, failed, gently, key, named, waiting } from "./parts.js";
import * as sheet from "./sheet.js";
import { bytes, clock, date, span, t, whole } from "./words.js";

// On a hub the machine comes first: two of them may have the same number.
export const ADDRESS = /^#\/incident\/((?:[a-z][a-z0-9_-]{0,39}\/)?[0-9A-Za-z_-]{4,40})$/;

let open_key = null,
  story = null;

export const show = (one) => sheet.go(`#/incident/${key(one)}`);

export function open(which) {
  open_key = which;
  fill(at("sheet-body"), head(null), waiting(8));
  load();
}

export function close() {
  open_key = story = null;
}

async function load() {
  const mine = open_key;
  if (mine === null) return;
  const [id, machine] = mine.split("/").reverse();
  try {
    const found = await read(`/incidents/${id}${machine ? `?machine=${machine}` : ""}`);
    if (mine !== open_key) return;
    story = found;
    draw();
  } catch (error) {
    if (mine !== open_key) return;
    fill(at("sheet-body"), head(null), failed(error, load));
    at("sheet-title").focus();
  }
}

const again = gently(load);
export function take(incident) {
  if (key(incident) === open_key) again();
}

const head = (one) => sheet.head(one && chip(one.estado), one ? t(`type.${one.error_type}`) : t("ui.incident"));

export function draw() {
  if (!story) return;
  const one = story;
  const facts = [
    ["ui.machine", one.machine ? machine_link(one.machine) : null],
    ["ui.fact.video", named(one)],
    ["ui.fact.modelo", one.modelo === null ? t("ui.nobody") : shown(one.modelo)],
    ["ui.fact.size", one.size === null ? null : bytes(one.size)],
    ["ui.fact.opened", whole(one.opened_at)],
    [
      "ui.fact.closed",
      one.closed_at === null ? null : `${whole(one.closed_at)} (${span(one.closed_at - one.opened_at)})`,
    ],
    ["ui.fact.action", one.accion_text],
    ["ui.fact.reason", one.reason_text || null],
    ["ui.fact.waiting", one.waiting_for ? t(`type.${one.waiting_for}`) : null],
    ["ui.fact.attempt", one.intento ? `${one.intento} / ${one.max_intentos}` : null],
    ["ui.fact.exception", one.exception ? shown(one.exception) : null],
    ["ui.fact.rule", one.rule ? shown(one.rule) : null],
    [
      "ui.fact.known",
      one.acknowledged_by
        ? `${shown(one.acknowledged_by)}${one.acknowledged_at ? `, ${clock(one.acknowledged_at, false)}` : ""}`
        : null,
    ],
    ["ui.fact.id", `#${one.id}`],
  ];
  sheet.redraw(
    head(one),
    h(
      "dl",
      { class: "facts" },
      facts.filter(([, value]) => value !== null).map(([name, value]) => [h("dt", {}, t(name)), h("dd", {}, value)]),
    ),
    one.machine ? commands(one) : acts(one),
    h("h3", {}, t("ui.proof")),
    one.evidence.length
      ? h("ul", { class: "proof" }, one.evidence.map(proof))
      : h("p", { class: "count" }, t(one.recovered_by_bot ? "ui.proof.bot" : "ui.proof.none")),
    h("h3", {}, t("ui.timeline")),
    h("ol", { class: "timeline" }, one.history.map(moment)),
    h("h3", {}, t("ui.lines")),
    h(
      "pre",
      { class: "lines", tabindex: "0", "aria-label": t("ui.lines") },
      (one.lines.length ? one.lines : [one.error_message]).map(shown).join("\n"),
    ),
  );
}

const machine_link = (name) =>
  h(
    "button",
    { type: "button", class: "link", "data-act": "machine", onclick: () => sheet.go(`#/machine/${name}`) },
    shown(name),
  );

function acts(one) {
  const closed = one.closed_at !== null;
  const choices = [
    ["retry", t("ui.act.retry"), () => request("retry", one), one.estado === "solucionado"],
    ["acknowledge", t("ui.act.acknowledge"), () => request("acknowledge", one), closed || Boolean(one.acknowledged_by)],
    ["silence", t("ui.act.silence"), () => request("silence", one), false],
  ];
  return h(
    "div",
    { class: "acts" },
    choices.map(([name, label, run, off]) =>
      h(
        "button",
        {
          type: "button",
          "data-act": name,
          class: name === "retry" && !closed ? "main" : "",
          disabled: off,
          onclick: run,
        },
        label,
      ),
    ),
  );
}

// A hub repairs nothing: what a person would ask for here is asked for on the machine. An id that is none, which only a
// stranger writes, is nothing to put into a command.
function commands(one) {
  const closed = one.closed_at !== null;
  const verbs = [one.estado !== "solucionado" && "retry", !closed && !one.acknowledged_by && "ack"].filter(Boolean);
  if (!verbs.length || !/^[0-9A-Za-z_-]+$/.test(one.id)) return null;
  return [
    h("h3", {}, t("ui.machine.run")),
    h(
      "pre",
      { class: "lines", tabindex: "0", "aria-label": t("ui.machine.run") },
      h("code", {}, verbs.map((verb) => `sudo trafico-monitor ${verb} ${one.id}`).join("\n")),
    ),
  ];
}

const proof = (one) =>
  h(
    "li",
    {},
    h(
      "span",
      { class: one.ok ? "ok" : "not", role: "img", "aria-label": t(one.ok ? "ui.proof.ok" : "ui.proof.not") },
      one.ok ? "✓" : "✗",
    ),
    h("span", { class: "what" }, one.text),
    h("span", { class: "seen" }, shown(one.value)),
  );

const moment = (one) =>
  h(
    "li",
    { class: one.estado ?? "" },
    h("time", { datetime: new Date(one.at * 1000).toISOString() }, `${date(one.at)}, ${clock(one.at)}`),
    plain(one.text),
  );
