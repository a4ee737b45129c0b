// The panel: signs in, asks for everything at once, then lives from the stream.

import * as activity from "./activity.js";
import { ask, listen, read } from "./api.js";
import { end_silence } from "./asking.js";
import * as channels from "./channels.js";
import { at, fill, h, shown } from "./dom.js";
import * as downloads from "./downloads.js";
import * as fleet from "./fleet.js";
import * as forecast from "./forecast.js";
import * as incidents from "./incidents.js";
import * as ledger from "./ledger.js";
import * as machine from "./machine.js";
import * as machines from "./machines.js";
import * as now from "./now.js";
import { failed } from "./parts.js";
import * as sheet from "./sheet.js";
import * as story from "./story.js";
import * as trends from "./trends.js";
import * as uptime from "./uptime.js";
import { language, preferred, speak, t, when } from "./words.js";

const AGAIN_SECONDS = 60; // figures that only grow need no more
let stream = null,
  silences = [],
  later = null;

let gone = false; // the stream is lost

function live(since) {
  at("live").className = `live ${since === null ? "on" : "off"}`;
  fill(at("live-text"), t(since === null ? "ui.live" : "ui.lost"));
  now.lose(since);
  if (since === null && gone) load_all(); // what failed to load meanwhile
  gone = since !== null;
}

// What the page shows besides depends on what it is of.
function know(status) {
  if (fleet.know(status)) redraw_all();
  machines.follow(status.hub);
}

async function load_health() {
  try {
    const health = await read("/health");
    know(health.status);
    now.remember(health);
    channels.take(health.status);
    if (!fleet.is_hub()) forecast.load(); // the past of its charts has come
    silences = health.silences;
    draw_silences();
  } catch (error) {
    if (error.status !== 401) fill(at("tiles"), h("li", {}, failed(error, load_health)));
  }
}

function draw_silences() {
  at("silences-card").hidden = !silences.length;
  fill(
    at("silences"),
    silences.map((one) =>
      h(
        "div",
        { class: "silence" },
        h(
          "div",
          {},
          h("div", {}, silence_name(one)),
          h(
            "div",
            { class: "sub" },
            [t("ui.until", { hora: when(one.until) }), shown(one.by), shown(one.reason)].filter(Boolean).join(" · "),
          ),
        ),
        h("button", { type: "button", onclick: () => end_silence(one, load_health) }, t("ui.act.end_silence")),
      ),
    ),
  );
}

function silence_name(one) {
  if (one.scope === "type") return t(`type.${one.value}`);
  if (one.scope === "all" || one.scope === "maintenance") return t(`ui.scope.${one.scope}`);
  return one.scope === "incident" ? `#${one.value}` : shown(one.value);
}

// Figures follow the story, at a walking pace.
function soon() {
  if (later) return;
  later = setTimeout(() => {
    later = null;
    trends.load();
    if (!fleet.is_hub()) ledger.load();
    load_health();
  }, 4000);
}

function load_all() {
  uptime.load();
  incidents.load();
  activity.load();
  trends.load();
  ledger.load();
  load_health();
}

function redraw_all() {
  incidents.words();
  trends.words();
  machines.draw();
  now.draw();
  channels.draw();
  forecast.draw();
  downloads.draw();
  ledger.draw();
  uptime.draw();
  activity.draw();
  draw_silences();
  story.draw();
  machine.draw();
  at("language").textContent = language === "es" ? "EN" : "ES";
  if (at("live").className !== "live") fill(at("live-text"), t(gone ? "ui.lost" : "ui.live"));
}

function redraw_charts() {
  trends.draw();
  forecast.draw();
}

function enter() {
  at("door").hidden = true;
  at("panel").hidden = at("leave").hidden = false;
  redraw_all();
  load_all();
  sheet.follow();
  stream?.close();
  stream = listen(
    {
      record(data) {
        activity.take(data);
        if (data.incident) {
          incidents.take(data.incident);
          story.take(data.incident);
        }
        soon();
      },
      now(data) {
        know(data.status);
        now.take(data);
        channels.take(data.status);
        forecast.seen(data.status.forecast?.foreseen);
        downloads.take(data.downloads);
      },
      reset: load_all,
    },
    live,
  );
}

function wait_at_door(said = "") {
  stream?.close();
  stream = null;
  if (at("sheet").open) at("sheet").close();
  at("panel").hidden = at("leave").hidden = true;
  at("door").hidden = false;
  at("live").className = "live";
  fill(at("live-text"), "");
  gone = false;
  now.lose(null);
  const code = h("input", {
    name: "code",
    autocomplete: "off",
    spellcheck: "false",
    required: true,
    maxlength: 100,
    "aria-label": t("ui.door.code"),
    placeholder: t("ui.door.code"),
  });
  fill(
    at("door"),
    h("h2", {}, t("ui.door.title")),
    h("p", {}, t("ui.door.about")),
    h("pre", { tabindex: "0" }, h("code", {}, t("ui.door.command"))),
    said && h("p", { class: "error", role: "alert" }, said),
    h(
      "form",
      {
        onsubmit: (event) => {
          event.preventDefault();
          sign_in(code.value.trim().replace(/^.*#code=/, ""));
        },
      },
      code,
      h("button", { class: "main" }, t("ui.door.enter")),
    ),
  );
}

async function sign_in(code) {
  try {
    await ask("POST", "/session", { code });
    enter();
  } catch (error) {
    wait_at_door(error.message);
  }
}

async function begin() {
  try {
    await speak(preferred());
  } catch {
    setTimeout(begin, 3000);
    return;
  }
  incidents.start();
  channels.start(load_health);
  machines.start();
  sheet.start([story, machine]);
  at("language").addEventListener("click", async () => {
    const chosen = language === "es" ? "en" : "es";
    localStorage.setItem("language", chosen);
    await speak(chosen);
    redraw_all();
    if (!at("panel").hidden) load_all();
    else wait_at_door();
  });
  at("theme").addEventListener("click", () => {
    const dark = getComputedStyle(document.documentElement).colorScheme === "dark";
    document.documentElement.dataset.theme = dark ? "light" : "dark";
    localStorage.setItem("theme", dark ? "light" : "dark");
    redraw_charts();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw_charts);
  at("leave").addEventListener("click", async () => {
    await ask("DELETE", "/session").catch(() => null);
    wait_at_door();
  });
  document.addEventListener("signed-out", () => {
    if (!at("panel").hidden) wait_at_door();
  });
  new ResizeObserver(() => {
    trends.resize();
    forecast.resize();
  }).observe(at("trends"));
  setInterval(() => {
    if (!at("panel").hidden && !document.hidden) {
      trends.load();
      uptime.load();
      load_health();
    }
  }, AGAIN_SECONDS * 1000);

  const code = /^#code=([\w-]+)$/.exec(location.hash)?.[1];
  if (code) {
    history.replaceState(null, "", location.pathname); // it must not stay in the history
    await sign_in(code);
    return;
  }
  try {
    await read("/session");
    enter();
  } catch (error) {
    wait_at_door(error.status === 401 ? "" : error.message);
  }
}

begin();
