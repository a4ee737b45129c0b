// Downloads under way, with what is on disk of them.

import { at, fill, h, shown } from "./dom.js";
import { empty, named } from "./parts.js";
import { bytes, number, span, t } from "./words.js";

let under_way = null;

export function take(downloads) {
  under_way = downloads;
  draw();
}

export function draw() {
  if (under_way === null) return;
  fill(at("downloads-count"), under_way.length ? number(under_way.length) : "");
  fill(
    at("downloads"),
    under_way.length ? under_way.map(one) : empty(t("ui.downloads.none"), t("ui.downloads.none.about")),
  );
}

function one(download) {
  const { done, size } = download;
  const share = done !== null && size ? Math.min(1, done / size) : null;
  const name = named(download);
  const amount = share === null ? (size ? bytes(size) : "") : `${number(share * 100)} %`;
  const bar = {
    class: share === null ? "meter unknown" : "meter",
    role: "progressbar",
    "aria-label": name,
    "aria-valuemin": 0,
    "aria-valuemax": 100,
  };
  if (share !== null) bar["aria-valuenow"] = Math.round(share * 100);
  const going = Math.max(0, Date.now() / 1000 - download.since);
  const phase = t(`ui.phase.${download.phase}`, { n: download.intento ?? "" });
  const sub = [
    download.modelo ? shown(download.modelo) : "",
    phase,
    download.phase === "retrying" && going === 0 ? "" : span(going),
    done === null ? "" : size ? `${bytes(done)} / ${bytes(size)}` : t("ui.download.done", { hecho: bytes(done) }),
  ];
  return h(
    "div",
    { class: "download" },
    h("p", { class: "title" }, h("span", {}, name), h("span", {}, amount)),
    h("p", { class: "sub" }, sub.filter(Boolean).join(" · ")),
    h("div", bar, share !== null && h("span", { style: { width: `${(share * 100).toFixed(1)}%` } })),
  );
}
