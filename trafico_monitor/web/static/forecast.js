// What is foreseen: beside the open incidents, each disk as a fan, and how good predictions have been.

import { read } from "./api.js";
import { colour, fit, frame } from "./charts.js";
import { at, fill, h, shown } from "./dom.js";
import * as now from "./now.js";
import { empty, failed, table, waiting } from "./parts.js";
import { bytes, clock, date, number, percent, span, t, when as precise } from "./words.js";

const HOUR = 3600,
  DAY = 24 * HOUR;

const when = (time) => precise(time, false); // nobody foresees seconds

let view = null,
  problem = null,
  plots = [],
  drawn = "";
const opened = new Set(); // paths whose table is open

export async function load() {
  if (!view) fill(at("forecast"), waiting(4));
  try {
    view = await read("/forecast");
    problem = null;
    now.foresee(view);
  } catch (error) {
    problem = error;
  }
  const said = JSON.stringify([
    problem?.message,
    { ...view, at: 0 },
    view?.disks.map((fan) => now.past(fan.path).at(-1)),
  ]);
  if (drawn === said) return; // what has the focus keeps it
  drawn = said;
  draw();
}

// The stream says which predictions stand: their details are asked for when those are others.
export function seen(foreseen) {
  const ids = (said) => JSON.stringify(said.map((one) => one.id).sort());
  if (view && foreseen && ids(foreseen) !== ids(view.foreseen)) load();
}

export function draw() {
  for (const plot of plots) plot.destroy();
  plots = [];
  if (problem) {
    fill(at("forecast"), failed(problem, load));
    return;
  }
  if (!view) return;
  foreseen();
  const off = view.scores.length > 0 && view.scores.every((one) => one.state === "off");
  fill(
    at("forecast"),
    off ? empty(t("ui.forecast.off"), t("ui.forecast.off.about")) : !view.disks.length && empty(...none()),
    view.disks.map(disk),
    !off && view.scores.length > 0 && scores(),
  );
  plots = [...at("forecast").querySelectorAll(".fan")].map((place, n) =>
    chart(place, view.disks[n], now.past(view.disks[n].path)),
  );
}

const none = () => [
  t("ui.forecast.none"),
  view.since ? t("ui.forecast.none.about", { desde: when(view.since) }) : t("ui.forecast.none.new"),
];

export function resize() {
  for (const plot of plots) fit(plot);
}

// Beside the open incidents: the same list, another kind of border, and a word that says what it is.
function foreseen() {
  const place = at("foreseen");
  place.hidden = !view.foreseen.length;
  fill(
    place,
    view.foreseen.map((one) =>
      h(
        "li",
        {},
        h("span", { class: "chip foreseen" }, t("ui.foreseen")),
        h(
          "div",
          {},
          h("div", { class: "title" }, headline(one)),
          h("div", {}, [chance(one), interval(one)].join(", ")),
          h(
            "div",
            { class: "sub" },
            [
              shown(one.reason_text),
              t("ui.foreseen.said", { hora: when(one.said_at) }),
              one.told ? "" : t("foreseen.shown"),
            ]
              .filter(Boolean)
              .join(" · "),
          ),
        ),
      ),
    ),
  );
}

function headline(one) {
  const clase = t(`foreseen.kind.${one.kind}`);
  return one.about ? t("foreseen.about", { clase, sobre: shown(one.about) }) : clase;
}

const chance = (one) => t("foreseen.chance", { palabra: t(`foreseen.${one.likelihood}`), p: number(one.p * 100) });

function interval({ lo, hi, until }) {
  if (lo === null) return t("foreseen.before", { hasta: when(hi ?? until) });
  if (hi === null) return t("foreseen.from", { desde: when(lo) });
  return t("foreseen.between", { desde: when(lo), hasta: when(hi) });
}

function disk(fan) {
  return h(
    "figure",
    {},
    h("figcaption", {}, h("b", {}, shown(fan.path)), ` ${expected(fan)}`),
    h("div", { class: "chart fan", role: "img", "aria-label": about(fan) }),
    h(
      "ul",
      { class: "legend" },
      ["past", "median", "band", "limit", ...(fan.full_at ? ["full"] : [])].map((name) =>
        h(
          "li",
          {},
          h("span", { class: `swatch ${name}`, "aria-hidden": "true" }),
          t(`ui.fan.${name}`, { limite: bytes(fan.limit) }),
        ),
      ),
    ),
    as_table(fan),
  );
}

// When it is expected to be full, in words: the chart's caption, and part of its alternative.
function expected(fan) {
  const fields = {
    limite: bytes(fan.limit),
    p: number(fan.probability * 100),
    plazo: span(fan.horizon),
    hora: fan.full_at && when(fan.full_at),
  };
  if (!fan.full_at) return t("foreseen.full.never", fields);
  return fan.full_lo && fan.full_hi
    ? t("foreseen.full.between", { ...fields, desde: when(fan.full_lo), hasta: when(fan.full_hi) })
    : t("foreseen.full.at", fields);
}

function about(fan) {
  const n = Math.min(24, fan.at.length) - 1;
  if (n < 0) return `${shown(fan.path)}: ${expected(fan)}`;
  return t("ui.fan.about", {
    sobre: shown(fan.path),
    hora: when(fan.at[n]),
    mediana: bytes(fan.median[n]),
    bajo: bytes(fan.low[n]),
    alto: bytes(fan.high[n]),
    lleno: expected(fan),
  });
}

function as_table(fan) {
  const rows = [1, 3, 6, 12, 24, 48, 96, 168].filter((hours) => hours <= fan.at.length).map((hours) => hours - 1);
  return h(
    "details",
    {
      class: "as-table",
      open: opened.has(fan.path),
      ontoggle: (event) => opened[event.currentTarget.open ? "add" : "delete"](fan.path),
    },
    h("summary", {}, t("ui.trends.table")),
    table(
      ["when", "low", "median", "high"].map((name) => t(`ui.fan.column.${name}`)),
      rows.map((n) => [when(fan.at[n]), ...[fan.low, fan.median, fan.high].map((path) => bytes(path[n]))]),
    ),
  );
}

function scores() {
  const columns = ["kind", "state", "said", "came_true", "false", "missed", "false_per_week", "brier", "coverage"];
  const rest = (value, digits) => (value === null ? "–" : number(value, digits));
  const row = (one) => [
    t(`foreseen.kind.${one.kind}`),
    t(`foreseen.state.${one.state}`),
    ...[one.said, one.came_true, one.false, one.missed].map((value) => number(value)),
    rest(one.false_per_week, 2),
    rest(one.brier, 3),
    one.coverage === null ? "–" : percent(one.coverage),
  ];
  return [
    h("h3", { id: "scores-title" }, t("ui.scores")),
    h(
      "div",
      { class: "scroll", tabindex: "0", role: "region", "aria-labelledby": "scores-title" },
      table(
        columns.map((name) => t(`foreseen.head.${name}`)),
        view.scores.map(row),
        { words: 2, id: "scores" },
      ),
    ),
  ];
}

// The past day as it was, then the median and the band that holds 80 % of what may come.
function chart(place, fan, past) {
  const end = fan.full_hi ? fan.full_hi + 6 * HOUR : Infinity;
  const now_at = past.at(-1)?.[0] ?? 0; // a forecast is made once an hour: what has passed of it is known
  const last = Math.max(view.at + 2 * DAY, end);
  const ahead = fan.at.map((_, n) => n).filter((n) => fan.at[n] > now_at && fan.at[n] <= last);
  const start = past.length ? [past.at(-1)] : [];
  const times = [...past.map((one) => one[0]), ...ahead.map((n) => fan.at[n])];
  const blank = new Array(Math.max(0, past.length - 1)).fill(null);
  const path = (values) => [...blank, ...start.map((one) => one[1]), ...ahead.map((n) => values[n])];
  const frees = [...past.map((one) => one[1]), ...ahead.map(() => null)];
  const none = { points: { show: false } };
  return new uPlot(
    {
      ...frame(
        place,
        {
          space: 64,
          incrs: [1, 3, 6, 12, 24, 48].map((n) => n * HOUR),
          values: (_, splits) =>
            splits.map((time) => (new Date(time * 1000).getHours() === 0 ? date(time) : clock(time, false))),
        },
        { size: 62, values: (_, splits) => splits.map((value) => bytes(value)) },
      ),
      padding: [10, 8, 0, 0],
      cursor: { show: false },
      scales: { y: { range: (_, __, high) => [0, Math.min(fan.total, Math.max(high * 1.08, fan.limit * 4))] } },
      series: [
        {},
        { ...none, stroke: colour("accent"), width: 2 },
        { ...none, stroke: colour("accent"), width: 2, dash: [6, 4] },
        { ...none, width: 0 },
        { ...none, width: 0 },
      ],
      bands: [{ series: [4, 3], fill: `${colour("accent")}38` }],
      hooks: { draw: [(self) => marks(self, fan, colour("bad"))] },
    },
    [times, frees, path(fan.median), path(fan.low), path(fan.high)],
    place,
  );
}

// The limit, and the moment at which the median meets it, within its interval.
function marks(self, fan, hue) {
  const { ctx, bbox } = self,
    x = (time) => Math.min(bbox.left + bbox.width, Math.max(bbox.left, self.valToPos(time, "x", true)));
  const y = self.valToPos(fan.limit, "y", true),
    thick = devicePixelRatio;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = hue;
  ctx.lineWidth = 1.5 * thick;
  ctx.setLineDash([2 * thick, 3 * thick]);
  line(ctx, bbox.left, y, bbox.left + bbox.width, y);
  if (fan.full_at && fan.full_at <= self.scales.x.max) {
    const from = x(fan.full_lo ?? fan.full_at),
      to = x(fan.full_hi ?? self.scales.x.max);
    ctx.globalAlpha = 0.12;
    ctx.fillRect(from, bbox.top, to - from, bbox.height);
    ctx.globalAlpha = 1;
    ctx.setLineDash([]);
    line(ctx, x(fan.full_at), bbox.top, x(fan.full_at), bbox.top + bbox.height);
  }
  ctx.restore();
}

function line(ctx, ...ends) {
  ctx.beginPath();
  ctx.moveTo(ends[0], ends[1]);
  ctx.lineTo(ends[2], ends[3]);
  ctx.stroke();
}
