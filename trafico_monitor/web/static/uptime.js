// For how long bot, server and monitor were up: a bar for each day.

import { read } from "./api.js";
import { at, fill, h } from "./dom.js";
import { table } from "./parts.js";
import { date, number, span, t } from "./words.js";

const DAYS = 30;
let parts = [];

export async function load() {
  try {
    parts = (await read("/uptime")).parts;
  } catch {
    return; // what was known stays; the verdict says that there is no connection
  }
  draw();
}

export function draw() {
  at("uptime-card").hidden = !parts.length;
  const days = lately();
  fill(
    at("uptime"),
    parts.map((one) => row(one, days)),
    h("details", { class: "as-table" }, h("summary", {}, t("ui.trends.table")), h("div", {}, as_table(days))),
  );
}

// The last days of whoever looks, as ISO 8601 has them.
function lately() {
  const today = new Date();
  return Array.from({ length: DAYS }, (_, n) => {
    const day = new Date(today.getFullYear(), today.getMonth(), today.getDate() - DAYS + 1 + n);
    return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((n) => String(n).padStart(2, "0")).join("-");
  });
}

const named = (part) => t(part === "bot" ? "ui.unit" : part === "server" ? "ui.server" : "ui.resources");
const share_of = (one) => (one && one.up + one.down ? one.up / (one.up + one.down) : null);
// Never «100 %» of what was down for a moment.
const percent = (share) =>
  share === null ? "–" : `${number(share === 1 ? 100 : Math.min(99.99, Math.floor(share * 10000) / 100), 2)} %`;

function tone(share) {
  if (share === null) return "idle";
  return share >= 0.999 ? "good" : share >= 0.95 ? "warn" : "bad";
}

const day_name = (day) => date(new Date(`${day}T12:00`).getTime() / 1000);

function said(day, one) {
  const share = share_of(one);
  if (share === null) return t("ui.uptime.unknown", { dia: day_name(day) });
  const down = one.down >= 1 ? t("ui.uptime.down", { tiempo: span(one.down) }) : "";
  return [t("ui.uptime.day", { dia: day_name(day), parte: percent(share) }), down].filter(Boolean).join(" · ");
}

function row({ part, days }, shown) {
  const by_day = Object.fromEntries(days.map((one) => [one.day, one]));
  const known = shown.map((day) => by_day[day]).filter(Boolean);
  const all = known.reduce((sum, one) => ({ up: sum.up + one.up, down: sum.down + one.down }), { up: 0, down: 0 });
  const words = t("ui.uptime.share", { parte: percent(share_of(all)), n: DAYS });
  return h(
    "div",
    { class: "uptime-row" },
    h("p", {}, h("b", {}, named(part)), h("span", {}, words)),
    h(
      "div",
      { class: "bars", role: "img", "aria-label": `${named(part)}: ${words}` },
      shown.map((day) => h("span", { class: tone(share_of(by_day[day])), title: said(day, by_day[day]) })),
    ),
  );
}

function as_table(shown) {
  const of = (part, day) => parts.find((one) => one.part === part).days.find((one) => one.day === day);
  return table(
    [t("ui.fan.column.when"), ...parts.map((one) => named(one.part))],
    [...shown].reverse().map((day) => [day_name(day), ...parts.map((one) => percent(share_of(of(one.part, day))))]),
  );
}
