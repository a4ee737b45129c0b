// The panel's words, from the monitor's own catalogue; times and sizes as people of that language write them.

let words = {};
export let language = "es";

export function preferred() {
  const chosen = localStorage.getItem("language");
  if (chosen === "es" || chosen === "en") return chosen;
  return navigator.language?.toLowerCase().startsWith("en") ? "en" : "es";
}

export async function speak(chosen) {
  const answer = await fetch(`api/v1/texts/${chosen}`);
  if (!answer.ok) throw new Error(answer.statusText);
  words = await answer.json();
  language = chosen;
  document.documentElement.lang = chosen;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t(node.dataset.label));
    if (node.tagName === "BUTTON") node.title = t(node.dataset.label);
  }
  document.title = t("ui.title");
}

export function t(code, fields = {}) {
  const template = words[code] ?? code;
  return template.replace(/\{(\w+)\}/g, (_, name) => fields[name] ?? "…");
}

// One of a few: `code.one` or `code.many`, with n in it.
export const count = (code, n, fields = {}) => t(`${code}.${n === 1 ? "one" : "many"}`, { n: number(n), ...fields });

const made = new Map();
function formatter(kind, options) {
  const key = `${language} ${JSON.stringify(options)}`;
  if (!made.has(key)) made.set(key, new Intl[kind](language, options));
  return made.get(key);
}

export const number = (value, digits = 0) =>
  formatter("NumberFormat", { maximumFractionDigits: digits, useGrouping: "always" }).format(value);
export const percent = (value) =>
  formatter("NumberFormat", { style: "percent", maximumFractionDigits: value > 0.99 && value < 1 ? 1 : 0 }).format(
    value,
  );
export const clock = (at, seconds = true) =>
  formatter("DateTimeFormat", {
    hour: "2-digit",
    minute: "2-digit",
    ...(seconds ? { second: "2-digit" } : {}),
    hourCycle: "h23",
  }).format(at * 1000);
export const date = (at) => formatter("DateTimeFormat", { day: "numeric", month: "short" }).format(at * 1000);
export const whole = (at) =>
  formatter("DateTimeFormat", { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" }).format(at * 1000);

export function when(at, seconds = true) {
  const then = new Date(at * 1000);
  if (then.toDateString() === new Date().toDateString()) return clock(at, seconds);
  return `${date(at)}${then.getFullYear() === new Date().getFullYear() ? "" : ` ${then.getFullYear()}`}, ${clock(at, false)}`;
}

export function bytes(size) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = size,
    place = 0;
  while (value >= 1000 && place < units.length - 1) {
    value /= 1000;
    place += 1;
  }
  return `${number(value, value < 100 && place > 0 ? 1 : 0)} ${units[place]}`;
}

export function span(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600)
    return whole % 60 && whole < 600
      ? `${Math.floor(whole / 60)} min ${whole % 60} s`
      : `${Math.round(whole / 60)} min`;
  if (whole < 172800) {
    const minutes = Math.round((whole % 3600) / 60);
    return minutes && minutes < 60 ? `${Math.floor(whole / 3600)} h ${minutes} min` : `${Math.round(whole / 3600)} h`;
  }
  return `${number(whole / 86400, 1)} ${t("ui.days")}`;
}
