// A rescued video to the modelo that somebody chooses.

import { read } from "./api.js";
import { confirm } from "./asking.js";
import { h, shown } from "./dom.js";
import { toast } from "./parts.js";
import { bytes, count, t, when } from "./words.js";

// Asks which of them goes to whom.
export async function assign() {
  let found;
  try {
    found = await read("/rescued");
  } catch (error) {
    toast(error.message, true);
    return;
  }
  if (!found.files.length) {
    toast(t("ui.rescued.nothing"));
    return;
  }
  const file = h(
    "select",
    { name: "file" },
    found.files.map((one) =>
      h("option", { value: one.file }, `${shown(one.file)} · ${bytes(one.size)} · ${when(one.since, false)}`),
    ),
  );
  const modelo = h("input", {
    name: "modelo",
    list: "modelos",
    required: true,
    maxlength: 255,
    autocomplete: "off",
    spellcheck: "false",
  });
  const fields = [
    h("label", {}, t("ui.ask.file"), file),
    h("label", {}, t("ui.ask.modelo"), modelo),
    h(
      "datalist",
      { id: "modelos" },
      found.modelos.map((name) => h("option", { value: name })),
    ),
  ];
  confirm(
    t("ui.ask.assign"),
    count("ui.rescued.waiting", found.total),
    t("ui.ask.assign.about"),
    fields,
    t("ui.act.assign"),
    () => ({ kind: "assign", file: file.value, modelo: modelo.value.trim() }),
  );
}
