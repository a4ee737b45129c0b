// The dialog at the side: one incident, or one machine of a hub. Its address says which: it can be kept and sent.

import { at, fill, h } from "./dom.js";
import { t } from "./words.js";

let views = []; // each with ADDRESS (a pattern), open (with what the pattern has found) and close
let current = null,
  address = "",
  from = null;

export function start(all) {
  views = all;
  const sheet = at("sheet");
  // The button that asked may have been redrawn meanwhile.
  at("ask").addEventListener("close", () => {
    if (sheet.open && !sheet.contains(document.activeElement)) at("sheet-title").focus();
  });
  sheet.addEventListener("close", () => {
    current?.close();
    current = null;
    address = "";
    if (location.hash.startsWith("#/")) history.pushState(null, "", location.pathname);
    from?.isConnected
      ? from.focus()
      : [...document.querySelectorAll("[data-id]")].find((node) => node.dataset.id === from?.dataset.id)?.focus();
  });
  sheet.addEventListener("click", (event) => {
    if (event.target === sheet) sheet.close();
  });
  addEventListener("popstate", follow);
}

export function go(where) {
  if (location.hash !== where) history.pushState(null, "", where);
  follow();
}

// Shows what the address says.
export function follow() {
  const sheet = at("sheet"),
    view = views.find((one) => one.ADDRESS.test(location.hash));
  if (!view) {
    if (sheet.open) sheet.close();
    return;
  }
  if (location.hash === address) return;
  current?.close();
  current = view;
  address = location.hash;
  view.open(...view.ADDRESS.exec(address).slice(1));
  if (!sheet.open) {
    from = document.activeElement;
    sheet.showModal();
  }
  sheet.scrollTop = 0;
  at("sheet-title").focus();
}

export const head = (mark, title) =>
  h(
    "div", // a header of its own would be a second one of the page
    { class: "heading" },
    h("div", {}, mark, h("h2", { class: "title", id: "sheet-title", tabindex: -1 }, title)),
    h(
      "button",
      {
        type: "button",
        class: "quiet",
        "data-act": "close",
        "aria-label": t("ui.close"),
        onclick: () => at("sheet").close(),
      },
      "✕",
    ),
  );

// What a person is marking, to copy it, would be lost by a redraw.
export const marked = () => at("sheet").contains(getSelection().anchorNode) && !getSelection().isCollapsed;

// What was redrawn has lost the focus: it goes to what stands there now.
export function redraw(...children) {
  const sheet = at("sheet"),
    scrolled = sheet.scrollTop,
    within = sheet.contains(document.activeElement),
    active = document.activeElement?.dataset?.act;
  fill(at("sheet-body"), children);
  sheet.scrollTop = scrolled;
  if (!within) return;
  const there = [...sheet.querySelectorAll("[data-act]:not(:disabled)")].find((node) => node.dataset.act === active);
  (there ?? at("sheet-title")).focus({ preventScroll: true });
}
