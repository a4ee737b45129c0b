// Several incidents at once: picked in the list, then retried or acknowledged together.

import { several } from "./asking.js";
import { at, fill, h } from "./dom.js";
import { named } from "./parts.js";
import { count, t } from "./words.js";

let shown = [];
const picked = new Set();

// The box before an incident. One of a hub's machine is asked for on that machine.
export function box(one) {
  if (one.machine) return null;
  const input = h("input", {
    type: "checkbox",
    "data-id": `pick-${one.id}`,
    "aria-label": t("ui.pick", { incidente: `${t(`type.${one.error_type}`)} · ${named(one)} · #${one.id}` }),
    onchange: (event) => {
      event.target.checked ? picked.add(one.id) : picked.delete(one.id);
      bar();
    },
  });
  input.checked = picked.has(one.id);
  return h("label", { class: "pick", onclick: (event) => event.stopPropagation() }, input);
}

// `rows` are those in the list now: what is not seen is not acted upon.
export function follow(rows) {
  shown = rows.filter((one) => !one.machine);
  const there = new Set(shown.map((one) => one.id));
  for (const id of picked) if (!there.has(id)) picked.delete(id);
  bar();
}

function bar() {
  const place = at("picked"),
    active = place.contains(document.activeElement) ? document.activeElement.dataset.pick : null;
  place.hidden = !picked.size;
  if (place.hidden) return fill(place);
  fill(
    place,
    h("p", { role: "status" }, count("ui.picked", picked.size)),
    act("retry", () => ask("retry")),
    act("acknowledge", () => ask("acknowledge")),
    picked.size < shown.length ? act("all", () => mark(shown.map((one) => one.id))) : null,
    act("none", () => mark([])),
  );
  if (active) (place.querySelector(`[data-pick="${active}"]`) ?? at("incidents")).focus({ preventScroll: true });
}

const act = (name, run) => h("button", { type: "button", "data-pick": name, onclick: run }, t(`ui.act.${name}`));

function mark(ids) {
  picked.clear();
  for (const id of ids) picked.add(id);
  for (const input of document.querySelectorAll("[data-id^=pick-]"))
    input.checked = picked.has(input.dataset.id.slice("pick-".length));
  bar();
}

function ask(kind) {
  several(
    kind,
    shown.map((one) => one.id).filter((id) => picked.has(id)),
    () => mark([]),
  );
}
