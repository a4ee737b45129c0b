// How the machines of a hub stand: a tile for each thing that has to work on them, and one sentence.

import { h, shown } from "./dom.js";
import { meter } from "./parts.js";
import { bytes, count, number, t, when } from "./words.js";

const DAY = 86400;
const FEW_FREE = 0.05; // of a disk, as the API counts it among a machine's problems

// A monitor and a hub show different parts of the page. Neither is shown before it is known which one this is.
export const is_hub = () => document.body.dataset.role === "hub";

// Whether that was not known before.
export function know(status) {
  const role = status.hub ? "hub" : "monitor";
  if (document.body.dataset.role === role) return false;
  document.body.dataset.role = role;
  return true;
}

const names = (found) => found.map(shown).join(", ");
const several = (code, n) => n && count(code, n);
const said = (...parts) => parts.filter(Boolean).join(" · ");

export const tiles = (hub) => [machines(hub), bots(hub), servers(hub), disk(hub), database(hub)];

function machines({ machines: all, states }) {
  const { ok, silent, troubled, invited } = states;
  return {
    tone: silent ? "bad" : troubled ? "warn" : ok ? "good" : "idle",
    name: t("ui.machines"),
    value: number(all),
    note: said(
      several("ui.machines.quiet", silent),
      several("ui.machines.trouble", troubled),
      several("ui.machines.fine", ok),
      several("ui.machines.invited", invited),
    ),
  };
}

const bots = (hub) => part("ui.bots", hub.bots);
const servers = (hub) => part("ui.servers", hub.servers);

const part_value = (code, { up, down }) =>
  down
    ? t(`${code}.down`, { n: number(down), total: number(up + down) })
    : up
      ? t(`${code}.up`, { n: number(up) })
      : t("ui.unknown");

function part(code, one) {
  return {
    tone: one.down ? "bad" : one.up ? "good" : "idle",
    name: t(code),
    value: part_value(code, one),
    note: said(
      names(one.worst),
      one.unknown && (one.up || one.down) && t("ui.parts.unknown", { n: number(one.unknown) }),
    ),
  };
}

const soon_full = (one) => one.full_at !== null && one.full_at - Date.now() / 1000 < DAY;
export const disk_tone = (one) => (one.free < FEW_FREE * one.total ? "bad" : soon_full(one) ? "warn" : "good");

function disk({ disks }) {
  const [worst] = disks;
  if (!worst) return { tone: "idle", name: t("ui.disks"), value: t("ui.disks.none") };
  return {
    tone: disk_tone(worst),
    name: t("ui.disks"),
    value: t("ui.disk.free", { libre: bytes(worst.free) }),
    note: said(
      `${shown(worst.machine)} ${shown(worst.path)}`,
      worst.full_at && t("ui.disk.full", { hora: when(worst.full_at, false) }),
    ),
    more: meter(worst),
  };
}

function database({ database: trouble, missing, pending }) {
  const name = t("ui.database");
  if (trouble) return { tone: "bad", name, value: t("ui.database.down"), note: shown(trouble) };
  const lacking = several("ui.database.missing", missing),
    coming = several("ui.database.pending", pending);
  return {
    tone: missing ? "warn" : "good",
    name,
    value: t("ui.database.up"),
    note: said(lacking, coming) || t("ui.database.all"),
  };
}

// Its tone, the sentence, and what else there is to say. `channels` is the tile of the hub's own alerts.
export function verdict({ hub, alarms }, channels) {
  if (!hub.machines && !hub.database) return ["idle", t("ui.machines.none"), t("ui.machines.none.about")];
  const broken = (code, one) => one.down && `${t(code)}: ${part_value(code, one)}`;
  const own = (alarms ?? []).filter((one) => !one.acknowledged_by).length;
  const bad = [
    hub.database && t("ui.verdict.broken", { que: t("ui.database") }),
    several("ui.verdict.silent", hub.states.silent),
    broken("ui.bots", hub.bots),
    broken("ui.servers", hub.servers),
    channels.tone === "bad" && t("ui.verdict.broken", { que: channels.name }),
  ].filter(Boolean);
  const warn = [
    several("ui.verdict.troubled", hub.states.troubled),
    several("ui.verdict.alarms", hub.unanswered + own),
    several("ui.rescued.waiting", hub.waiting),
    several("ui.database.missing", hub.missing),
    several("ui.verdict.open", hub.open),
    channels.tone === "warn" && t("ui.verdict.weak", { que: channels.name }),
  ].filter(Boolean);
  const [big, ...small] = [...bad, ...warn];
  return [
    bad.length ? "bad" : big ? "warn" : "good",
    big ?? t("ui.verdict.fleet"),
    said(...small) || count("ui.verdict.following", hub.machines),
  ];
}

export const machine_chip = ({ state }) =>
  h("span", { class: `chip ${state}` }, t(state === "invited" ? "ui.machine.invited" : `machine.state.${state}`));
