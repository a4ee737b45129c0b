// The channels by which the monitor tells: their last success, a test of them all, and silence for a maintenance.

import { silence_all, test_channels } from "./asking.js";
import { at, fill, h, shown } from "./dom.js";
import { empty } from "./parts.js";
import { count, t, when } from "./words.js";

let known = null;
let silenced = () => {};

// `done` is called once a silence has begun.
export function start(done) {
  silenced = done;
}

export function take(status) {
  known = status.channels ?? [];
  draw();
}

export function draw() {
  if (!known) return;
  const place = at("channels"),
    said = JSON.stringify([known, t("ui.channels")]);
  if (place.dataset.said === said) return; // a button that has the focus keeps it
  place.dataset.said = said;
  fill(
    place,
    known.length ? h("ul", { class: "channels" }, known.map(channel)) : empty(t("ui.alerts.none"), t("ui.alerts.set")),
  );
  fill(
    at("channels-acts"),
    h("button", { type: "button", disabled: !known.length, onclick: test_channels }, t("ui.act.test")),
    h("button", { type: "button", onclick: () => silence_all(silenced) }, t("ui.act.silence_all")),
  );
}

// A channel that has never delivered and lacks a setting is not broken: nobody has set it up.
function tone(one) {
  if (one.unusable || one.last_error) return one.stand_in ? "warn" : "bad";
  if (!one.last_success) return "idle";
  return "good";
}

function channel(one) {
  const told = one.last_success ? t("ui.alerts.last", { hora: when(one.last_success, false) }) : t("ui.alerts.unused");
  const failed = one.last_error && [shown(one.last_error), one.last_error_at && when(one.last_error_at, false)];
  const rest = [
    shown(one.remark),
    failed && failed.filter(Boolean).join(", "),
    one.waiting ? count("ui.alerts.waiting", one.waiting) : "",
    one.resumes_at ? t("ui.channel.resumes", { hora: when(one.resumes_at, false) }) : "",
    one.stand_in ? t("ui.channel.stand_in", { canal: shown(one.stand_in) }) : "",
  ].filter(Boolean);
  return h(
    "li",
    { class: tone(one) },
    h(
      "p",
      { class: "name" },
      h("span", { class: "mark", "aria-hidden": "true" }),
      h("b", {}, shown(one.channel)),
      h("span", { class: "hidden" }, ` (${t(`ui.tone.${tone(one)}`)})`),
      h("span", { class: "last" }, told),
    ),
    rest.length ? h("p", { class: "sub" }, rest.join(" · ")) : null,
  );
}
