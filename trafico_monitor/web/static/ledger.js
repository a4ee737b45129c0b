// What corrections were tried, and what they were good for.

import { read } from "./api.js";
import { at, fill, h } from "./dom.js";
import { empty, failed, waiting } from "./parts.js";
import { number, percent, span, t } from "./words.js";

let rows = null,
  problem = null;

export async function load() {
  if (!rows) fill(at("ledger"), waiting(4));
  try {
    rows = (await read("/ledger")).ledger;
    problem = null;
  } catch (error) {
    problem = error;
  }
  draw();
}

export function draw() {
  if (problem) {
    fill(at("ledger"), failed(problem, load));
    return;
  }
  if (!rows) return;
  if (!rows.length) {
    fill(at("ledger"), empty(t("ui.ledger.none"), t("ui.ledger.none.about")));
    return;
  }
  const head = [["type"], ["order"], ["tried", 1], ["worked"], ["median", 1], ["p95", 1], ["why"]].map(
    ([name, right]) => h("th", { scope: "col", class: right ? "number" : "" }, t(`ui.column.${name}`)),
  );
  fill(
    at("ledger"),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "group", "aria-labelledby": "ledger-title" },
      h("table", {}, h("thead", {}, h("tr", {}, head)), h("tbody", {}, rows.map(row))),
    ),
  );
}

function row(one) {
  const share = one.tried ? one.worked / one.tried : 0;
  const reasons = Object.entries(one.reasons)
    .slice(0, 2)
    .map(([code, n]) => `${t(code.includes(".") ? code : `reason.${code}`)} (${number(n)})`);
  return h(
    "tr",
    {},
    h("td", {}, t(`type.${one.error_type}`)),
    h("td", {}, t(`ui.order.${one.order}`)),
    h("td", { class: "number" }, number(one.tried)),
    h(
      "td",
      {},
      h("span", { class: "share", "aria-hidden": "true" }, h("span", { style: { width: `${share * 100}%` } })),
      `${percent(share)}`,
    ),
    h("td", { class: "number" }, span(one.median_seconds)),
    h("td", { class: "number" }, span(one.p95_seconds)),
    h("td", {}, reasons.join(", ") || "–"),
  );
}
