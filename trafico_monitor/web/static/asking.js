// What a person asks of the monitor: always confirmed first, and answered in words.

import { ask } from "./api.js";
import { at, fill, h, shown } from "./dom.js";
import { named, toast } from "./parts.js";
import { count, t } from "./words.js";

const HOURS = [1, 4, 24, 168];

export function request(kind, incident) {
  const name = `${t(`type.${incident.error_type}`)} · ${named(incident)} · #${incident.id}`;
  const reason = h("input", { name: "reason", maxlength: 200, required: kind === "silence", autocomplete: "off" });
  if (kind === "silence") needed(reason);
  const fields = [];
  let body = () => ({ kind, incident: incident.id });
  if (kind === "silence") {
    const scopes = [
      ["incident", t("ui.scope.incident"), incident.id],
      ["type", t("ui.scope.type", { tipo: t(`type.${incident.error_type}`) }), incident.error_type],
      ...(incident.modelo
        ? [["modelo", t("ui.scope.modelo", { modelo: shown(incident.modelo) }), incident.modelo]]
        : []),
    ];
    const scope = h(
      "select",
      {},
      scopes.map(([value, label]) => h("option", { value }, label)),
    );
    const hours = hours_field();
    fields.push(h("label", {}, t("ui.ask.scope"), scope), h("label", {}, t("ui.ask.hours"), hours));
    body = () => ({
      kind,
      scope: scope.value,
      value: scopes.find(([value]) => value === scope.value)[2],
      seconds: Number(hours.value) * 3600,
    });
  }
  fields.push(h("label", {}, t(kind === "silence" ? "ui.ask.reason.needed" : "ui.ask.reason"), reason));
  confirm(t(`ui.ask.${kind}`), name, t(`ui.ask.${kind}.about`), fields, t(`ui.act.${kind}`), () => ({
    ...body(),
    ...(reason.value.trim() ? { reason: reason.value.trim() } : {}),
  }));
}

// Every channel gets a message, and says in how many seconds it took it.
export function test_channels() {
  confirm(t("ui.ask.test"), t("ui.ask.test.about"), "", [], t("ui.act.test"), () => ({ kind: "test" }));
}

// For a maintenance that somebody does: nothing is told meanwhile, of whatever kind.
export function silence_all(done) {
  const reason = needed(h("input", { name: "reason", maxlength: 200, required: true, autocomplete: "off" }));
  const hours = hours_field();
  confirm(
    t("ui.ask.silence_all"),
    t("ui.ask.silence.about"),
    t("ui.ask.silence_all.about"),
    [h("label", {}, t("ui.ask.hours"), hours), h("label", {}, t("ui.ask.reason.needed"), reason)],
    t("ui.act.silence_all"),
    () => ({ kind: "silence", scope: "all", seconds: Number(hours.value) * 3600, reason: reason.value.trim() }),
    done,
  );
}

const hours_field = () =>
  h(
    "select",
    { name: "hours" },
    HOURS.map((n) => h("option", { value: n }, t(`ui.hours.${n}`))),
  );

// The same of each of several incidents; those that it cannot be done of are named.
export function several(kind, ids, done) {
  const reason = h("input", { name: "reason", maxlength: 200, autocomplete: "off" });
  confirm(
    t(`ui.ask.${kind}.many`),
    count("ui.picked", ids.length),
    t(`ui.ask.${kind}.about`),
    [h("label", {}, t("ui.ask.reason"), reason)],
    t(`ui.act.${kind}`),
    () => ids.map((incident) => ({ kind, incident, ...(reason.value.trim() ? { reason: reason.value.trim() } : {}) })),
    done,
  );
}

async function ask_all(requests) {
  const refused = [];
  for (const one of requests) {
    try {
      await ask("POST", "/requests", one);
    } catch (error) {
      if (!error.status || error.status === 401) throw error; // nobody answers any more
      refused.push(error.message);
    }
  }
  const text = count("ui.done", requests.length - refused.length);
  if (refused.length) throw new Error([text, ...refused].join("\n"));
  return { text };
}

export function acknowledge(alarm) {
  confirm(
    t("ui.ask.acknowledge"),
    shown(alarm.text),
    t("ui.ask.acknowledge.alarm"),
    [],
    t("ui.act.acknowledge"),
    () => ({ kind: "acknowledge", incident: alarm.id }),
  );
}

export function end_silence(silence, done) {
  confirm(
    t("ui.ask.end_silence"),
    shown(silence.value || t("ui.scope.all")),
    "",
    [],
    t("ui.act.end_silence"),
    () => ({ kind: "end_silence", value: silence.id }),
    done,
  );
}

export function confirm(title, name, about, fields, label, body, done = () => {}) {
  const dialog = at("ask");
  const send = h("button", { type: "submit", class: "main" }, label);
  const refusal = h("div", { role: "alert" });
  const form = h(
    "form",
    {
      onsubmit: async (event) => {
        event.preventDefault();
        send.disabled = true;
        fill(refusal);
        try {
          const wanted = body();
          const said = await (Array.isArray(wanted) ? ask_all(wanted) : ask("POST", "/requests", wanted));
          dialog.close();
          toast(said.text);
          done();
        } catch (error) {
          // What was written stays: it can be mended, and sent again.
          const expected = Object.values(error.fields ?? {});
          fill(refusal, h("p", { class: "error" }, [error.message, ...expected].join(" · ")));
        }
        send.disabled = false;
      },
    },
    h("h2", { id: "ask-title" }, title),
    h("p", {}, name),
    about && h("p", {}, about),
    refusal,
    fields,
    h("div", { class: "acts" }, h("button", { type: "button", onclick: () => dialog.close() }, t("ui.cancel")), send),
  );
  fill(at("ask-body"), form);
  dialog.showModal();
}

// The browser's own words for a field that lacks its value are in the language of the browser, not of the page.
function needed(input) {
  const check = () => input.setCustomValidity(input.value.trim() ? "" : t("ui.ask.needed"));
  input.addEventListener("input", check);
  check();
  return input;
}
