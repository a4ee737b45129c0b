// The newest lines of the monitor's own story.

import { read } from "./api.js";
import { at, fill, h, plain, shown } from "./dom.js";
import { empty, failed, gently, waiting } from "./parts.js";
import { clock, t, when } from "./words.js";

const MOST = 60;
let lines = null,
  problem = null,
  machine = ""; // the only one whose lines are shown

export async function load() {
  if (!lines) fill(at("activity"), waiting(5));
  try {
    lines = (await read("/records")).records;
    problem = null;
  } catch (error) {
    problem = error;
  }
  draw();
}

const redraw = gently(draw);
export function take(record) {
  if (!lines || lines.some((one) => one.seq === record.seq)) return;
  lines = [...lines, record].slice(-MOST);
  redraw();
}

export function only(name) {
  machine = name;
  draw();
}

export function draw() {
  if (problem && !lines) {
    fill(at("activity"), failed(problem, load));
    return;
  }
  if (!lines) return;
  const chosen = machine ? lines.filter((one) => one.machine === machine) : lines;
  if (!chosen.length) {
    const none = machine ? t("ui.activity.nothing", { maquina: machine }) : t("ui.activity.none");
    fill(at("activity"), empty(none, ""));
    return;
  }
  const today = new Date().toDateString();
  fill(
    at("activity"),
    h(
      "ol",
      { class: "log", tabindex: "0", "aria-labelledby": "story-title" },
      [...chosen]
        .reverse()
        .map((one) =>
          h(
            "li",
            { class: one.estado ?? (one.priority <= 4 ? "detectado" : "") },
            h(
              "time",
              { datetime: new Date(one.at * 1000).toISOString() },
              new Date(one.at * 1000).toDateString() === today ? clock(one.at) : when(one.at),
            ),
            h("span", { title: plain(one.text) }, one.machine && h("b", {}, `${shown(one.machine)} `), plain(one.text)),
          ),
        ),
    ),
  );
}
