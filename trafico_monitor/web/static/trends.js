// Trends: bars of an hour or a day, stacked by type, estado or modelo.

import { read } from "./api.js";
import { fit, frame } from "./charts.js";
import { at, fill, h, shown } from "./dom.js";
import { is_hub } from "./fleet.js";
import { empty, failed, segments, table, waiting } from "./parts.js";
import { clock, date, number, percent, span, t } from "./words.js";

const DAY = 86400;
const PERIODS = { day: [DAY, "hour"], week: [7 * DAY, "hour"], month: [30 * DAY, "day"], year: [365 * DAY, "day"] };
// Told apart by everybody (after Okabe and Ito), on light and on dark ground.
const HUES = ["#0072b2", "#e69f00", "#cc79a7", "#009e73", "#d55e00", "#56b4e9", "#8a7fd6", "#a8a13b", "#8a94a0"];
const ESTADOS = {
  solucionado: "#2e9e63",
  fallido: "#d2483f",
  reintentando: "#4b82e6",
  pendiente: "#8a94a0",
  detectado: "#dd9a22",
};

let period = "day",
  by = "types",
  series = null,
  figures = null,
  problem = null,
  plot = null,
  asking = 0;

export function words() {
  segments(
    at("period"),
    Object.keys(PERIODS).map((name) => [name, t(`ui.period.${name}`)]),
    period,
    (value) => {
      period = value;
      load();
    },
  );
  segments(
    at("by"),
    ["types", "estados", is_hub() ? "machines" : "modelos"].map((name) => [name, t(`ui.by.${name}`)]),
    by,
    (value) => {
      by = value;
      draw();
    },
  );
  draw();
}

export async function load() {
  const mine = ++asking,
    [length, step] = PERIODS[period];
  if (!series) fill(at("trends"), waiting(5));
  const now = Math.floor(Date.now() / 1000);
  const zone = encodeURIComponent(Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC");
  try {
    const found = await Promise.all([
      read(`/series?step=${step}&since=${now - length}&until=${now}&zone=${zone}`),
      read(`/summary?since=${now - length}`),
    ]);
    if (mine !== asking) return;
    [series, figures] = found;
    problem = null;
  } catch (error) {
    if (mine !== asking) return;
    problem = error;
  }
  draw();
}

function lines() {
  if (by === "modelos" || by === "machines")
    return (series[by] ?? []).map((one, n) => ({
      name: one.others ? t("ui.others") : shown(one.machine ?? one.modelo ?? t("ui.nobody")),
      hue: one.others ? HUES[8] : HUES[n % 8],
      values: one.values,
    }));
  const hues =
    by === "types"
      ? Object.fromEntries(
          ["timeout", "ruta_inexistente", "corrupto", "permisos", "disco_lleno", "servidor_caido", "otro"].map(
            (name, n) => [name, HUES[n]],
          ),
        )
      : ESTADOS;
  const names = Object.keys(hues).filter((name) => series[by][name]);
  return names.map((name) => ({
    name: t(by === "types" ? `type.${name}` : `ui.estado.${name}`),
    hue: hues[name],
    values: series[by][name],
  }));
}

const moment = (time, full = false) =>
  series.step === "day" ? date(time) : full ? `${date(time)}, ${clock(time, false)}` : clock(time, false);

export function draw() {
  if (problem) {
    fill(at("trends"), failed(problem, load));
    return;
  }
  if (!series) return;
  const pairs = [
    ["ui.figure.total", number(figures.total)],
    ["ui.figure.success", figures.success_rate === null ? "–" : percent(figures.success_rate)],
    ["ui.figure.median", span(figures.median_seconds)],
    ["ui.figure.p95", span(figures.p95_seconds)],
  ];
  fill(
    at("figures"),
    pairs.map(([name, value]) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, value))),
  );
  plot?.destroy();
  plot = null;
  const shown_lines = lines();
  if (!figures.total && !shown_lines.length) {
    fill(at("trends"), empty(t("ui.trends.none"), t("ui.trends.none.about")));
    return;
  }
  const place = h("div", {
    class: "chart",
    role: "img",
    "aria-label": t("ui.trends.about", {
      n: number(figures.total),
      que: shown_lines.map((one) => `${one.name} ${number(total(one))}`).join(", "),
    }),
  });
  const legend = h(
    "ul",
    { class: "legend" },
    shown_lines.map((one) =>
      h(
        "li",
        {},
        h("span", { class: "swatch", style: { background: one.hue } }),
        one.name,
        h("b", {}, number(total(one))),
      ),
    ),
  );
  fill(at("trends"), place, legend, as_table(shown_lines));
  plot = chart(place, shown_lines);
}

const total = (line) => line.values.reduce((sum, value) => sum + value, 0);

function as_table(found) {
  const details = h("details", { class: "as-table" }, h("summary", {}, t("ui.trends.table")));
  details.addEventListener("toggle", () => {
    // hundreds of rows: made when somebody wants them
    if (!details.open || details.childElementCount > 1) return;
    const rows = series.at
      .map((time, n) => [time, found.map((one) => one.values[n])])
      .filter(([, values]) => values.some(Boolean))
      .reverse();
    details.append(
      h(
        "div",
        { tabindex: "0", role: "region", "aria-label": t("ui.trends.table") },
        table(
          [t("ui.column.when"), ...found.map((one) => one.name)],
          rows.map(([time, values]) => [moment(time, true), ...values.map((value) => number(value))]),
        ),
      ),
    );
  });
  return details;
}

function chart(place, found) {
  // Stacked: each bar is drawn from the ground to the sum so far, the tallest first.
  const sums = [];
  found.reduce(
    (below, one) => {
      const sum = one.values.map((value, n) => value + below[n]);
      sums.unshift(sum);
      return sum;
    },
    series.at.map(() => 0),
  );
  const hues = found.map((one) => one.hue).reverse();
  const paths = uPlot.paths.bars({ size: [0.78, 46, 1], radius: 0.12 });
  const tip = h("div", { class: "tip", hidden: true });
  const days = series.step === "day",
    step = days ? DAY : 3600;
  const made = new uPlot(
    {
      ...frame(
        place,
        {
          space: 70,
          values: (_, splits) =>
            splits.map((time) =>
              days || (time % DAY === 0 && period === "week") || period === "week" ? date(time) : clock(time, false),
            ),
          incrs: days ? [1, 2, 7, 14, 30, 60].map((n) => n * DAY) : [1, 2, 3, 6, 12, 24, 48].map((n) => n * 3600),
        },
        {
          size: 44,
          incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000],
          values: (_, splits) => splits.map((value) => number(value)),
        },
      ),
      padding: [10, 4, 0, 0],
      cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
      scales: {
        x: { range: (_, low, high) => [low - step * 0.6, high + step * 0.6] },
        y: { range: (_, __, high) => [0, Math.max(4, high * 1.06)] },
      },
      series: [
        {},
        ...sums.map((_, n) => ({ fill: hues[n], stroke: hues[n], width: 0, paths, points: { show: false } })),
      ],
      hooks: { setCursor: [(self) => hover(self)] },
    },
    [series.at, ...sums],
    place,
  );
  place.append(tip);

  function hover(self) {
    const n = self.cursor.idx;
    if (n === null || n === undefined || self.cursor.left < 0) {
      tip.hidden = true;
      return;
    }
    const rows = found.filter((one) => one.values[n]);
    fill(
      tip,
      h("p", { class: "when" }, moment(series.at[n], true)),
      rows.length
        ? rows.map((one) =>
            h(
              "p",
              {},
              h("span", { class: "swatch", style: { background: one.hue } }),
              h("span", {}, one.name),
              h("span", {}, number(one.values[n])),
            ),
          )
        : h("p", {}, t("ui.trends.quiet")),
    );
    tip.hidden = false;
    const x = self.valToPos(series.at[n], "x") + 48,
      right = x > place.clientWidth / 2;
    Object.assign(tip.style, {
      top: "6px",
      left: right ? "" : `${x + 14}px`,
      right: right ? `${place.clientWidth - x + 14}px` : "",
    });
  }
  return made;
}

export function resize() {
  if (plot) fit(plot);
}
