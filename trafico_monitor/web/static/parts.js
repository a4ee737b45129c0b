// Small things that every view shows alike.

import { h, shown } from "./dom.js";
import { t } from "./words.js";

// What tells an incident from all others: on a hub two machines may have the same number.
export const key = ({ machine, id }) => (machine ? `${machine}/${id}` : id);

// A download as people call it: its video, else the server's file.
export const named = ({ video, file }) =>
  video !== null ? shown(video) : file ? t("ui.unnamed.file", { archivo: shown(file) }) : t("ui.unnamed");

export const chip = (estado) => h("span", { class: `chip ${estado}` }, t(`ui.estado.${estado}`));

export const waiting = (lines = 4) =>
  h(
    "div",
    { class: "waiting", role: "status", "aria-label": t("ui.loading") },
    Array.from({ length: lines }, () => h("span")),
  );

// How full a disk is.
export function meter({ free, total }) {
  const used = total ? Math.min(100, Math.max(0, (100 * (total - free)) / total)) : 0;
  return h(
    "div",
    {
      class: "meter",
      role: "meter",
      "aria-label": t("ui.disk.used"),
      "aria-valuemin": 0,
      "aria-valuemax": 100,
      "aria-valuenow": Math.round(used),
    },
    h("span", { style: { width: `${used.toFixed(1)}%` } }),
  );
}

export const empty = (title, text) => h("p", { class: "empty" }, h("strong", {}, title), text ?? "");

// Of each row the name, then its values; the first `words` columns hold words, the others numbers.
export function table(head, rows, { words = 1, ...properties } = {}) {
  const kind = (n) => (n < words ? null : "number");
  return h(
    "table",
    properties,
    h(
      "thead",
      {},
      h(
        "tr",
        {},
        head.map((name, n) => h("th", { scope: "col", class: kind(n) }, name)),
      ),
    ),
    h(
      "tbody",
      {},
      rows.map(([name, ...values]) =>
        h(
          "tr",
          {},
          h("th", { scope: "row" }, name),
          values.map((value, n) => h("td", { class: kind(n + 1) }, value)),
        ),
      ),
    ),
  );
}

export function failed(error, again) {
  return h(
    "div",
    { class: "error", role: "alert" },
    h("span", {}, t("ui.failed", { motivo: error.message })),
    h("button", { type: "button", onclick: again }, t("ui.again")),
  );
}

// One of a few choices, as buttons that say which is pressed.
export function segments(place, choices, chosen, take) {
  place.replaceChildren(
    ...choices.map(([value, label]) =>
      h(
        "button",
        {
          type: "button",
          "aria-pressed": String(value === chosen),
          onclick: (event) => {
            for (const button of place.children)
              button.setAttribute("aria-pressed", String(button === event.currentTarget));
            take(value);
          },
        },
        label,
      ),
    ),
  );
}

// What is said in passing is said above whatever dialog is open: what lies beneath one is neither seen nor read out.
const region = () =>
  [...document.querySelectorAll("dialog[open] > .toasts")].at(-1) ?? document.querySelector("body > .toasts");

export function toast(text, bad = false) {
  const node = h("div", bad ? { class: "toast bad", role: "alert" } : { class: "toast" }, text);
  region().append(node);
  setTimeout(() => node.remove(), bad ? 9000 : 5000);
}

for (const dialog of document.querySelectorAll("dialog"))
  dialog.addEventListener("close", () => region().append(...dialog.querySelector(".toasts").children));

// At most once a frame, however many events come.
export function gently(work) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      work();
    });
  };
}
