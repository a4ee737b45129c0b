// One machine of a hub: what is wrong there, its disks, its latest incidents, and what to run on it.

import { read } from "./api.js";
import { at, fill, h, shown } from "./dom.js";
import { disk_tone, machine_chip } from "./fleet.js";
import * as incidents from "./incidents.js";
import { chip, empty, failed, key, meter, named, waiting } from "./parts.js";
import * as sheet from "./sheet.js";
import { bytes, count, number, percent, span, t, when, whole } from "./words.js";

export const ADDRESS = /^#\/machine\/([a-z][a-z0-9_-]{0,39})$/;
const LATEST = 8;
const SKEW = 1; // seconds: less is the way of the message

let name = null,
  machine = null,
  latest = null; // its newest incidents, or why there are none

export const show = (which) => sheet.go(`#/machine/${which}`);

export function open(which) {
  name = which;
  fill(at("sheet-body"), sheet.head(null, shown(which)), waiting(8));
  load();
}

export function close() {
  name = machine = latest = null;
}

// A database that is away keeps nobody from what the hub knows of the machine.
const newest = (which) =>
  read(`/incidents?machine=${which}&limit=${LATEST}`).then(
    (page) => page.incidents,
    (error) => error,
  );

export async function load() {
  const mine = name;
  if (mine === null) return;
  try {
    const found = await Promise.all([read(`/machines/${mine}`), newest(mine)]);
    if (mine !== name) return;
    [machine, latest] = found;
    if (!sheet.marked()) draw();
  } catch (error) {
    if (mine !== name) return;
    sheet.redraw(sheet.head(null, shown(mine)), failed(error, load));
  }
}

export function draw() {
  if (!machine) return;
  const one = machine;
  sheet.redraw(
    sheet.head(machine_chip(one), shown(one.name)),
    one.problems.length > 0 &&
      h(
        "ul",
        { class: "problems", "aria-label": t("ui.machine.problems") },
        one.problems.map((problem) => h("li", {}, shown(problem.text))),
      ),
    h(
      "dl",
      { class: "facts" },
      facts(one)
        .filter(([, value]) => value)
        .map(([label, value]) => [h("dt", {}, t(label)), h("dd", {}, value)]),
    ),
    one.disks.length > 0 && [h("h3", {}, t("ui.machine.disks")), h("ul", { class: "disks" }, one.disks.map(disk))],
    h("h3", {}, t("ui.machine.latest")),
    newest_incidents(),
    one.state !== "revoked" && [
      h("h3", {}, t("ui.machine.commands")),
      h("p", { class: "count" }, t("ui.machine.commands.about")),
      h(
        "pre",
        { class: "lines", tabindex: "0", "aria-label": t("ui.machine.commands") },
        h("code", {}, one.commands.map(shown).join("\n")),
      ),
    ],
  );
}

const state = (known, code, none) => t(known === true ? `${code}.up` : known === false ? `${code}.down` : none);

function facts(one) {
  const heard = one.received_at !== null;
  return [
    ["ui.machine.heard", heard && whole(one.received_at)],
    ["ui.machine.invited.at", !heard && one.invited_at && whole(one.invited_at)],
    ["ui.machine.revoked.at", one.revoked_at && whole(one.revoked_at)],
    ["ui.unit", heard && state(one.bot_active, "ui.unit", "ui.unknown")],
    ["ui.server", heard && state(one.server_up, "ui.server", "ui.unknown")],
    [
      "ui.incidents",
      heard &&
        [one.open && count("ui.machine.incidents", one.open), one.failed && count("ui.machine.failed", one.failed)]
          .filter(Boolean)
          .join(" · "),
    ],
    ["ui.machine.success", one.success_rate !== null && percent(one.success_rate)],
    ["ui.machine.pending", one.pending > 0 && number(one.pending)],
    ["ui.machine.clock", heard && Math.abs(one.skew) >= SKEW && span(Math.abs(one.skew))],
    ["ui.machine.version", shown(one.version)],
    ["ui.machine.started", one.started_at && whole(one.started_at)],
    ["ui.machine.certificate", one.certificate_until && whole(one.certificate_until)],
    ["ui.machine.container", shown(one.container)],
    ["ui.machine.address", shown(one.address)], // words of the machine: no link to follow
  ];
}

const disk = (one) =>
  h(
    "li",
    { class: disk_tone(one) },
    h("p", {}, h("span", {}, shown(one.path)), h("span", {}, t("ui.disk.free", { libre: bytes(one.free) }))),
    meter(one),
    h(
      "p",
      { class: "sub" },
      [
        t("ui.disk.of", { total: bytes(one.total) }),
        one.full_at !== null && t("ui.disk.full", { hora: when(one.full_at, false) }),
      ]
        .filter(Boolean)
        .join(" · "),
    ),
  );

function newest_incidents() {
  if (latest instanceof Error) return failed(latest, load);
  if (!latest.length) return empty(t("ui.incidents.none"));
  return [
    h(
      "ul",
      { class: "latest" },
      latest.map((one) =>
        h(
          "li",
          {},
          h(
            "button",
            { type: "button", "data-act": key(one), class: "link", onclick: () => sheet.go(`#/incident/${key(one)}`) },
            t(`type.${one.error_type}`),
          ),
          chip(one.estado),
          h("p", { class: "sub" }, [named(one), when(one.opened_at)].join(" · ")),
        ),
      ),
    ),
    h(
      "button",
      {
        type: "button",
        "data-act": "alone",
        onclick: () => {
          const which = name;
          // Behind the sheet's own, which gives the focus back.
          at("sheet").addEventListener("close", () => incidents.of_machine(which), { once: true });
          at("sheet").close();
        },
      },
      t("ui.machine.show"),
    ),
  ];
}
