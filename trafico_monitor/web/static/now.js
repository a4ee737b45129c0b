// How things stand: one sentence, then a tile for each thing that has to work.

import { acknowledge } from "./asking.js";
import { at, fill, h, shown, svg } from "./dom.js";
import * as fleet from "./fleet.js";
import { meter } from "./parts.js";
import { assign } from "./rescue.js";
import { bytes, clock, count, date, number, span, t, when } from "./words.js";

let histories = {};
let present = null;
let fans = {};
let lost = null; // time of the last message of a stream that is no more

export function remember(health) {
  histories = Object.fromEntries(health.volumes.map((one) => [one.path, one.history]));
  present = { status: health.status, volumes: health.volumes, downloads: present?.downloads ?? [] };
  draw();
}

// The forecasts of the disks, by path.
export function foresee(view) {
  fans = Object.fromEntries(view.disks.map((fan) => [fan.path, fan]));
  draw();
}

export const past = (path) => histories[path] ?? [];

export function take(now) {
  for (const one of now.volumes) {
    const past = (histories[one.path] ??= []);
    const second = Math.floor(Date.now() / 1000);
    if (!past.length || second - past.at(-1)[0] >= 300) past.push([second, one.free]);
  }
  present = now;
  draw();
}

// There is no stream since then, or (null) there is one again.
export function lose(since) {
  lost = since;
  document.body.classList.toggle("lost", lost !== null);
  draw();
}

export function draw() {
  if (lost !== null)
    return say_verdict("bad", t("ui.verdict.lost", { hora: when(lost, false) }), t("ui.verdict.stale"));
  if (!present) return;
  const { status, volumes } = present;
  const own = alerts(status);
  const around = status.hub
    ? fleet.tiles(status.hub)
    : [unit(status), server(status), ...disks(volumes, status), reading(status), ...reporting(status)];
  const tiles = [...around, own, ...resources(status)];
  fill(at("tiles"), tiles.map(tile));
  if (status.hub) say_verdict(...fleet.verdict(status, own));
  else verdict(status, tiles);
  rescued(status.rescued);
  alarms(status.alarms ?? []);
  const since = status.started_at;
  fill(
    at("foot"),
    t("ui.foot", { version: status.version ?? "", desde: since ? `${date(since)}, ${clock(since, false)}` : "–" }),
  );
}

function tile({ tone, name, value, note, more }) {
  return h(
    "li",
    { class: `tile ${tone}` },
    h(
      "p",
      { class: "name" },
      h("span", { class: "mark", "aria-hidden": "true" }),
      name,
      h("span", { class: "hidden" }, ` (${t(`ui.tone.${tone}`)})`),
    ),
    h("p", { class: "value" }, value),
    note && h("p", { class: "note", title: note }, note),
    more,
  );
}

const TONE = { true: "good", false: "bad" };

function unit(status) {
  const known = status.unit_active;
  return {
    tone: TONE[known] ?? "idle",
    name: t("ui.unit"),
    value: t(known === true ? "ui.unit.up" : known === false ? "ui.unit.down" : "ui.unknown"),
    note: [status.unit_name, status.unit_restarts ? count("ui.restarts", status.unit_restarts) : ""]
      .filter(Boolean)
      .map(shown)
      .join(" · "),
  };
}

function server(status) {
  const up = status.server_up;
  return {
    tone: TONE[up] ?? "idle",
    name: t("ui.server"),
    value: t(up === true ? "ui.server.up" : up === false ? "ui.server.down" : "ui.server.none"),
    note: shown(status.server ?? ""),
  };
}

function disks(volumes, status) {
  if (!volumes.length)
    return [{ tone: "idle", name: t("ui.disk"), value: t("ui.unknown"), note: shown(status.space ?? "") }];
  const tones = { ok: "good", warning: "warn", critical: "bad" };
  return volumes.slice(0, 3).map((one) => {
    const full = fans[one.path]?.full_at;
    return {
      tone: tones[one.level] ?? "idle",
      name: volumes.length > 1 ? `${t("ui.disk")} ${shown(one.path)}` : t("ui.disk"),
      value: t("ui.disk.free", { libre: bytes(one.free) }),
      note: [t("ui.disk.of", { total: bytes(one.total) }), full ? t("ui.disk.full", { hora: when(full, false) }) : ""]
        .filter(Boolean)
        .join(" · "),
      more: [meter(one), spark(past(one.path))],
    };
  });
}

function spark(samples) {
  if (samples.length < 6) return null;
  const times = samples.map((one) => one[0]),
    frees = samples.map((one) => one[1]);
  const low = Math.min(...frees),
    high = Math.max(...frees),
    from = times[0],
    to = times.at(-1);
  if (to <= from) return null;
  const spread = Math.max(high - low, high * 0.02, 1);
  const x = (time) => ((time - from) / (to - from)) * 100,
    y = (free) => 30 - ((free - low) / spread) * 26;
  const line = samples.map(([time, free], n) => `${n ? "L" : "M"}${x(time).toFixed(2)} ${y(free).toFixed(2)}`).join("");
  return svg(
    "svg",
    {
      class: "spark",
      viewBox: "0 0 100 34",
      preserveAspectRatio: "none",
      role: "img",
      "aria-label": t("ui.disk.trend", {
        desde: clock(from, false),
        antes: bytes(frees[0]),
        ahora: bytes(frees.at(-1)),
      }),
    },
    svg("path", { class: "area", d: `${line}L100 34L0 34Z` }),
    svg("path", { d: line }),
  );
}

function reading(status) {
  const reasons = status.blindness?.reasons ?? [];
  const lag = status.lag ?? 0;
  if (reasons.length)
    return {
      tone: "bad",
      name: t("ui.reading"),
      value: t("ui.reading.blind"),
      note: reasons.map((one) => shown(one.text)).join("; "),
    };
  if (lag > 5)
    return {
      tone: "warn",
      name: t("ui.reading"),
      value: t("ui.reading.behind", { tiempo: span(lag) }),
      note: t("ui.reading.catching"),
    };
  return {
    tone: "good",
    name: t("ui.reading"),
    value: t("ui.reading.live"),
    note: status.blindness?.suppressed
      ? t("ui.reading.lost", { n: number(status.blindness.suppressed) })
      : t("ui.reading.all"),
  };
}

// Whether the bot tells of its downloads itself, or its text is all there is: not a fault, but less.
function reporting(status) {
  const said = status.reporting;
  if (!said) return [];
  if (said.exact)
    return [
      {
        tone: "good",
        name: t("ui.reporting"),
        value: t("ui.reporting.exact"),
        note: said.library ? t("ui.reporting.told", { biblioteca: shown(said.library) }) : "",
      },
    ];
  return [
    {
      tone: "idle",
      name: t("ui.reporting"),
      value: t("ui.reporting.text"),
      note: said.foreign ? t("ui.reporting.foreign", { biblioteca: shown(said.foreign) }) : t("ui.reporting.how"),
    },
  ];
}

// What the monitor itself takes, and what the host has left.
function resources({ process, host }) {
  if (!process) return [];
  const share = `${number(process.cpu * 100, 1)} %`;
  const own = t("ui.resources.process", {
    cpu: share,
    archivos: number(process.open_files),
    hilos: number(process.threads),
  });
  const around = host
    ? t("ui.resources.host", { carga: number(host.load[0], 2), libre: bytes(host.memory_available) })
    : "";
  return [
    {
      tone: "good",
      name: t("ui.resources"),
      value: bytes(process.rss),
      note: [own, around].filter(Boolean).join(" · "),
    },
  ];
}

function alerts(status) {
  const outbox = status.outbox ?? {};
  // A channel with a remark that has never delivered lacks a setting: the others are all there is.
  const channels = (status.channels ?? []).filter((one) => one.last_success || !one.remark);
  const ailing = channels.filter((one) => one.unusable || one.last_error);
  const name = t("ui.alerts"),
    waiting = count("ui.alerts.waiting", outbox.waiting ?? 0);
  if (ailing.length) {
    const note = ailing
      .map((one) => `${shown(one.channel)}: ${shown(one.last_error)}${one.stand_in ? ` → ${shown(one.stand_in)}` : ""}`)
      .join("; ");
    const told = ailing.every((one) => one.stand_in) || ailing.length < channels.length;
    return { tone: told ? "warn" : "bad", name, value: waiting, note };
  }
  if (!channels.length && outbox.error) return { tone: "bad", name, value: waiting, note: shown(outbox.error) };
  const lacking = (status.missing ?? []).some((code) => ["admin", "token", "alert_conflict"].includes(code));
  if (status.channels?.length ? !channels.length : lacking)
    return { tone: "warn", name, value: t("ui.alerts.none"), note: t("ui.alerts.set") };
  const all = silence_of_all(status);
  if (all)
    return {
      tone: "idle",
      name,
      value: t("ui.alerts.silenced"),
      note: t("ui.until", { hora: when(all.until, false) }),
    };
  if (outbox.waiting) return { tone: "good", name, value: waiting, note: t("ui.alerts.going") };
  return {
    tone: "good",
    name,
    value: t("ui.alerts.done"),
    note: channels.map(last_success).join("; ") || t("ui.alerts.all"),
  };
}

// The silence under which nothing is told, if there is one.
const silence_of_all = (status) => (status.silences ?? []).find((one) => one.scope === "all");

const last_success = (one) =>
  `${shown(one.channel)}: ${one.last_success ? t("ui.alerts.last", { hora: when(one.last_success) }) : t("ui.alerts.unused")}`;

// What lies in _rescatados until somebody says whose it is.
function rescued(found) {
  const place = at("rescued"),
    said = JSON.stringify([found, t("ui.rescued")]);
  if (place.dataset.said === said) return; // a command that is being marked stays marked
  place.dataset.said = said;
  place.hidden = !found?.files;
  if (!found?.files) return fill(place);
  const since = found.oldest ? t("ui.rescued.since", { hora: when(found.oldest) }) : "";
  fill(
    place,
    h(
      "div",
      { class: "alarm warn" },
      h(
        "div",
        {},
        h("div", {}, count("ui.rescued.waiting", found.files)),
        h("div", { class: "sub" }, [bytes(found.bytes), since].filter(Boolean).join(" · ")),
        found.fix ? h("div", { class: "sub" }, h("code", {}, shown(found.fix))) : null,
      ),
      h("button", { type: "button", onclick: assign }, t("ui.act.assign")),
    ),
  );
}

// What has rung and is not over: unit, disk, the monitor's own files. Incidents have a list of their own.
function alarms(standing) {
  const place = at("alarms"),
    said = JSON.stringify([standing, t("ui.act.acknowledge")]);
  if (place.dataset.said === said) return; // a button that has the focus keeps it
  place.dataset.said = said;
  place.hidden = !standing.length;
  fill(
    place,
    standing.map((one) =>
      h(
        "div",
        { class: "alarm" },
        h(
          "div",
          {},
          h("div", {}, shown(one.text)),
          h(
            "div",
            { class: "sub" },
            [
              t("ui.alarm.since", { hora: when(one.since) }),
              one.acknowledged_by
                ? t("ui.alarm.known", { por: shown(one.acknowledged_by), hora: when(one.acknowledged_at) })
                : t("ui.alarm.unknown"),
            ].join(" · "),
          ),
        ),
        one.acknowledged_by
          ? null
          : h("button", { type: "button", onclick: () => acknowledge(one) }, t("ui.act.acknowledge")),
      ),
    ),
  );
}

// What does not work, then what waits for a person, then what the monitor is busy with. Nothing of it: all is well.
function verdict(status, tiles) {
  const named = (tone) => tiles.filter((one) => one.tone === tone).map((one) => one.name);
  const [broken, weak] = [named("bad"), named("warn")];
  const missing = (status.missing ?? []).map((code) => t(`short.${code}`)).join(", ");
  const lacking = missing ? t("ui.verdict.missing", { que: missing }) : "";
  const several = (code, n) => n && count(code, n);
  const unknown = (status.alarms ?? []).filter((one) => !one.acknowledged_by);
  const [big, ...more] = [
    broken.length && t("ui.verdict.broken", { que: broken.join(", ") }),
    several("ui.verdict.failed", status.lost?.length),
    several("ui.verdict.open", status.open),
    several("ui.verdict.alarms", unknown.length),
    several("ui.rescued.waiting", status.rescued?.files),
    weak.length && t("ui.verdict.weak", { que: weak.join(", ") }),
    // A way of their own for alerts is advice; without the rest of it something cannot be repaired or told.
    (status.missing ?? []).some((code) => code !== "alert_path") && lacking,
  ].filter(Boolean);
  const silent = silence_of_all(status);
  const untold = silent ? t("ui.verdict.silenced", { hora: when(silent.until, false) }) : "";
  const small = [...more, untold, several("ui.verdict.orders", status.orders), big === lacking ? "" : lacking].filter(
    Boolean,
  );
  say_verdict(
    broken.length ? "bad" : big ? "warn" : "good",
    big ?? t("ui.verdict.good"),
    [...new Set(small)].join(" · ") || t("ui.verdict.watching"),
  );
}

function say_verdict(tone, big, small) {
  const place = at("verdict"),
    said = `${tone}|${big}|${small}`;
  if (place.dataset.said === said) return; // a screen reader says it only when it has changed
  place.dataset.said = said;
  fill(place, h("p", { class: `big ${tone}` }, big), h("p", { class: "small" }, small));
}
