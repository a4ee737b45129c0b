// One incident: what happened, what was done, and the proof.

import { read } from "./api.js";
import { request } from "./asking.js";
import { at, fill, h, plain, shown } from "./dom.js";
import { chip, failed, gently, named, waiting } from "./parts.js";
import { bytes, clock, date, span, t, whole } from "./words.js";

let open_id = null,
  story = null,
  from = null;

export function start() {
  const sheet = at("sheet");
  // The button that asked may have been redrawn meanwhile.
  at("ask").addEventListener("close", () => {
    if (sheet.open && !sheet.contains(document.activeElement)) at("sheet-title").focus();
  });
  sheet.addEventListener("close", () => {
    open_id = story = null;
    if (location.hash.startsWith("#/")) history.pushState(null, "", location.pathname);
    from?.isConnected
      ? from.focus()
      : [...document.querySelectorAll("[data-id]")].find((node) => node.dataset.id === from?.dataset.id)?.focus();
  });
  sheet.addEventListener("click", (event) => {
    if (event.target === sheet) sheet.close();
  });
  addEventListener("popstate", follow);
}

// The address says which incident is open: it can be kept and sent.
export function follow() {
  const id = /^#\/incident\/([0-9A-Za-z_-]{4,40})$/.exec(location.hash)?.[1];
  if (id && id !== open_id) show(id);
  else if (!id && at("sheet").open) at("sheet").close();
}

export function show(id) {
  from = document.activeElement;
  open_id = id;
  story = null;
  if (location.hash !== `#/incident/${id}`) history.pushState(null, "", `#/incident/${id}`);
  fill(at("sheet-body"), head(null), waiting(8));
  if (!at("sheet").open) at("sheet").showModal();
  at("sheet-title").focus();
  load();
}

async function load() {
  const id = open_id;
  try {
    const found = await read(`/incidents/${id}`);
    if (id !== open_id) return;
    story = found;
    draw();
  } catch (error) {
    if (id !== open_id) return;
    fill(at("sheet-body"), head(null), failed(error, load));
    at("sheet-title").focus();
  }
}

const again = gently(load);
export function take(incident) {
  if (incident.id === open_id) again();
}

function head(one) {
  return h(
    "header",
    {},
    h(
      "div",
      {},
      one && chip(one.estado),
      h("h2", { class: "title", id: "sheet-title", tabindex: -1 }, one ? t(`type.${one.error_type}`) : t("ui.incident")),
    ),
    h(
      "button",
      { type: "button", class: "quiet", "data-act": "close", "aria-label": t("ui.close"), onclick: () => at("sheet").close() },
      "✕",
    ),
  );
}

export function draw() {
  if (!story) return;
  const one = story,
    sheet = at("sheet"),
    scrolled = sheet.scrollTop,
    within = sheet.contains(document.activeElement),
    active = document.activeElement?.dataset?.act;
  const facts = [
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
  const closed = one.closed_at !== null;
  const acts = [
    ["retry", t("ui.act.retry"), () => request("retry", one), one.estado === "solucionado"],
    ["acknowledge", t("ui.act.acknowledge"), () => request("acknowledge", one), closed || Boolean(one.acknowledged_by)],
    ["silence", t("ui.act.silence"), () => request("silence", one), false],
  ];
  fill(
    at("sheet-body"),
    head(one),
    h(
      "dl",
      { class: "facts" },
      facts.filter(([, value]) => value !== null).map(([name, value]) => [h("dt", {}, t(name)), h("dd", {}, value)]),
    ),
    h(
      "div",
      { class: "acts" },
      acts.map(([name, label, run, off]) =>
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
    ),
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
  sheet.scrollTop = scrolled;
  // What was redrawn has lost the focus: it goes to what stands there now.
  const again_there = active && sheet.querySelector(`[data-act="${active}"]:not(:disabled)`);
  if (within) (again_there || at("sheet-title")).focus({ preventScroll: true });
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
