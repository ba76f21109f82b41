// The editor of a check: its parameters and the steps of a scenario as a form and as JSON. The JSON is what is sent; the form
// writes it, and keeps what it has no field for.
"use strict";
(() => {
  const form = document.getElementById("check");
  const kind = document.getElementById("kind");
  const params = document.getElementById("params");
  const steps = document.getElementById("steps");
  const settings = document.getElementById("settings");
  const template = document.getElementById("step");
  const unknown = document.getElementById("unknown");
  const plain = document.getElementById("plain");
  const wrong = document.getElementById("json-wrong");
  const views = [...document.querySelectorAll("[data-view]")];
  let view = "form";
  let said = {}; // what the JSON says
  let last = params; // the field into which a secret goes

  const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const textOf = (value) => (typeof value === "string" ? value : JSON.stringify(value));

  function read() {
    try {
      const found = JSON.parse(params.value || "{}");
      if (!isObject(found)) throw new Error("{…}");
      said = found;
      wrong.hidden = true;
      return true;
    } catch (error) {
      wrong.textContent = wrong.dataset.words.replace("{why}", error.message);
      wrong.hidden = false;
      return false;
    }
  }

  // Objects by path: "expect.status"

  function at(object, path) {
    return path.split(".").reduce((found, name) => (isObject(found) ? found[name] : undefined), object);
  }

  function put(object, path, value) {
    const names = path.split(".");
    const final = names.pop();
    let here = object;
    for (const name of names) {
      if (!isObject(here[name])) {
        if (value === undefined) return;
        here[name] = {};
      }
      here = here[name];
    }
    if (value === undefined) delete here[final];
    else here[final] = value;
    if (names.length && value === undefined && !Object.keys(here).length) delete object[names[0]];
  }

  // A field's text as a value, and back.

  function numberOf(text) {
    const found = Number(text.trim().replace(",", "."));
    return Number.isFinite(found) ? found : text;
  }

  const shown = (value) => (value === undefined ? "" : textOf(value));
  const listed = (value) => (Array.isArray(value) ? value.map(textOf).join("\n") : shown(value));
  const linesOf = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
  const TYPES = {
    text: [(text) => text || undefined, shown],
    number: [(text) => (text.trim() === "" ? undefined : numberOf(text)), shown],
    numbers: [
      (text) => { const found = text.split(/[\s,;]+/).filter(Boolean).map(numberOf); return found.length ? found : undefined; },
      (value) => (Array.isArray(value) ? value.map(textOf).join(", ") : shown(value)),
    ],
    lines: [(text) => { const found = linesOf(text); return found.length > 1 ? found : found[0]; }, listed],
    list: [(text) => { const found = linesOf(text); return found.length ? found : undefined; }, listed],
    json: [
      (text) => { if (!text.trim()) return undefined; try { return JSON.parse(text); } catch { return text; } },
      (value) => (value === undefined ? "" : JSON.stringify(value)),
    ],
  };

  // From the JSON to the form

  function row(holder, fill) {
    const made = holder.querySelector("template").content.firstElementChild.cloneNode(true);
    if (fill) fill(made);
    holder.querySelector(".rows").append(made);
    return made;
  }

  function fillPairs(holder, found) {
    holder.querySelector(".rows").replaceChildren();
    for (const [key, value] of Object.entries(isObject(found) ? found : {})) {
      row(holder, (made) => {
        made.querySelector("[data-key]").value = key;
        made.querySelector("[data-value]").value = textOf(value);
      });
    }
  }

  const WAYS = ["css", "jsonpath", "regex", "header", "cookie"];

  function fillSaves(holder, found) {
    holder.querySelector(".rows").replaceChildren();
    for (const [key, value] of Object.entries(isObject(found) ? found : {})) {
      const how = WAYS.find((way) => isObject(value) && way in value) ?? "css";
      row(holder, (made) => {
        made.querySelector("[data-key]").value = key;
        made.querySelector("[data-how]").value = how;
        made.querySelector("[data-value]").value = isObject(value) && how in value ? textOf(value[how]) : "";
        made.querySelector("[data-attr]").value = isObject(value) && value.attr ? textOf(value.attr) : "";
      });
    }
  }

  // The fields below `holder` show what `found` says.
  function fill(holder, found) {
    for (const field of holder.querySelectorAll("[data-path]")) {
      const value = at(found, field.dataset.path);
      if (field.type === "checkbox") field.checked = value === undefined ? field.dataset.default === "true" : Boolean(value);
      else if (field.tagName === "SELECT") {
        const chosen = value === undefined ? "" : textOf(value);
        const option = [...field.options].find((one) => one.value.toUpperCase() === chosen.toUpperCase());
        if (!option) field.append(new Option(chosen));
        field.value = option ? option.value : chosen;
      } else {
        field.value = TYPES[field.dataset.type ?? "text"][1](value);
        if (field.tagName === "TEXTAREA") field.rows = Math.min(6, Math.max(field.rows, field.value.split("\n").length));
      }
    }
    for (const pairs of holder.querySelectorAll("[data-map]")) fillPairs(pairs, at(found, pairs.dataset.map));
  }

  function show() {
    const opened = [...steps.children, settings].map((one) => [...one.querySelectorAll("details")].map((part) => part.open));
    const own = document.querySelector(`[data-parameters="${CSS.escape(kind.value)}"]`);
    settings.replaceChildren(...(own ? [own.content.firstElementChild.cloneNode(true)] : []));
    fill(settings, said);
    opened.pop().forEach((open, part) => { const made = settings.querySelectorAll("details")[part]; if (made) made.open = open; });
    steps.replaceChildren();
    const found = kind.value === "scenario" && Array.isArray(said.steps) ? said.steps : [];
    found.forEach((step, place) => {
      const made = template.content.firstElementChild.cloneNode(true);
      fill(made, step);
      fillSaves(made.querySelector("[data-saves]"), at(step, "save"));
      opened[place]?.forEach((open, part) => { made.querySelectorAll("details")[part].open = open; });
      steps.append(made);
    });
    label();
  }

  const keysOf = (holder, of) => [...holder.querySelectorAll(of)].map((one) => one.value);
  const filledIn = (holder, of) => [...holder.querySelectorAll(of)].filter((one) => one.value && one.type !== "checkbox");

  function label() {
    [...steps.children].forEach((step, place) => {
      step.querySelector(".number").textContent = String(place + 1);
      step.querySelector(".step-name").textContent = step.querySelector("[data-path=name]").value;
      const sums = {
        send: [...keysOf(step, "[data-path=submit]"), ...keysOf(step, "[data-map=form] [data-key], [data-map=headers] [data-key]")],
        save: keysOf(step, "[data-saves] [data-key]"),
        expect: filledIn(step, "[data-path^='expect.']").map((one) => one.value.replaceAll("\n", ", ")),
      };
      for (const [name, values] of Object.entries(sums)) {
        step.querySelector(`[data-sum=${name}]`).textContent = values.filter(Boolean).join(", ");
      }
    });
    const more = settings.querySelector("details");
    if (more) more.querySelector("[data-sum]").textContent = [...filledIn(more, "[data-path]").map((one) => one.dataset.path), ...keysOf(more, "[data-key]")].join(", ");
    tell(unknown, strangers());
    tell(plain, readable());
  }

  function tell(note, names) {
    note.hidden = !names.length;
    note.textContent = note.dataset.words.replace("{names}", names.join(", "));
  }

  // What the JSON has and the form of this kind has no field for: a mistyped name, or a parameter of another kind.
  function strangers() {
    const of = (holder) => new Set([...holder.querySelectorAll("[data-path], [data-map]")].flatMap((one) => { const path = one.dataset.path ?? one.dataset.map; return [path, path.split(".")[0]]; }));
    const own = of(settings).add(kind.value === "scenario" ? "steps" : "");
    const step = of(template.content).add("save");
    const found = Object.keys(said).filter((name) => !own.has(name));
    if (kind.value === "scenario" && Array.isArray(said.steps)) {
      for (const each of said.steps.filter(isObject)) {
        const expects = isObject(each.expect) ? Object.keys(each.expect).map((name) => `expect.${name}`) : [];
        found.push(...[...Object.keys(each), ...expects].filter((name) => !step.has(name)).map((name) => `${shown(each.name)}: ${name}`));
      }
    }
    return found;
  }

  // Passwords and keys that stand there as they are, and not by the name of a secret.
  function readable() {
    const named = (text) => !text || /\{[^{}]+\}/.test(text);
    const found = [...settings.querySelectorAll("[data-secret]:not([data-path=user])")].filter((one) => !named(one.value)).map((one) => one.dataset.path);
    for (const made of steps.querySelectorAll("[data-map=form] .row")) {
      const key = made.querySelector("[data-key]").value;
      if (/pass|pwd|mat_?khau|secret/i.test(key) && !named(made.querySelector("[data-value]").value)) found.push(key);
    }
    return found;
  }

  // From the form to the JSON

  function pairsOf(holder, typed) {
    const found = {};
    for (const made of holder.querySelectorAll(".row")) {
      const key = made.querySelector("[data-key]").value.trim();
      if (!key) continue;
      const value = made.querySelector("[data-value]").value;
      found[key] = typed ? TYPES.json[0](value) ?? "" : value;
    }
    return Object.keys(found).length ? found : undefined;
  }

  function savesOf(holder) {
    const found = {};
    for (const made of holder.querySelectorAll(".row")) {
      const key = made.querySelector("[data-key]").value.trim();
      if (!key) continue;
      const attr = made.querySelector("[data-attr]").value.trim();
      found[key] = { [made.querySelector("[data-how]").value]: made.querySelector("[data-value]").value };
      if (attr) found[key].attr = attr;
    }
    return Object.keys(found).length ? found : undefined;
  }

  // `before` with what the fields below `holder` say.
  function collect(holder, before) {
    const found = structuredClone(isObject(before) ? before : {});
    for (const field of holder.querySelectorAll("[data-path]")) {
      const { path } = field.dataset;
      if (field.type === "checkbox") put(found, path, field.checked === (field.dataset.default === "true") && !(path in found) ? undefined : field.checked);
      else if (field.tagName === "SELECT") put(found, path, field.value || undefined);
      else put(found, path, TYPES[field.dataset.type ?? "text"][0](field.value));
    }
    for (const pairs of holder.querySelectorAll("[data-map]")) {
      put(found, pairs.dataset.map, pairsOf(pairs, pairs.dataset.map === "expect.json"));
    }
    return found;
  }

  function write() {
    const before = Array.isArray(said.steps) ? said.steps : [];
    said = collect(settings, said);
    if (kind.value === "scenario") {
      said.steps = [...steps.children].map((step) => {
        const found = collect(step, before[Number(step.dataset.was ?? -1)]);
        put(found, "save", savesOf(step.querySelector("[data-saves]")));
        return found;
      });
    }
    number();
    params.value = JSON.stringify(said, null, 2);
    label();
  }

  // Which step of the JSON each is of: what the form has no field for goes along when steps move.
  function number() {
    [...steps.children].forEach((step, place) => { step.dataset.was = String(place); });
  }

  function refresh() {
    const scenario = kind.value === "scenario";
    const asForm = view === "form";
    for (const part of document.querySelectorAll("[data-for-steps]")) part.hidden = !scenario;
    for (const part of document.querySelectorAll("[data-for-others]")) part.hidden = scenario;
    for (const part of document.querySelectorAll("[data-in-form]")) part.hidden = !asForm || ("forSteps" in part.dataset && !scenario);
    for (const button of views) button.setAttribute("aria-pressed", String(button.dataset.view === view));
    params.hidden = asForm;
    show();
    number();
  }

  // A new check that nobody has written in begins anew as what it is now.
  function begin() {
    const starts = [...kind.options].map((one) => JSON.parse(one.dataset.start ?? "null")).filter(Boolean);
    const same = (text) => JSON.stringify(JSON.parse(text || "{}"));
    const fresh = starts.find((one) => form.elements.target.value === one.target && same(params.value) === same(one.params));
    const start = JSON.parse(kind.selectedOptions[0].dataset.start ?? "null");
    if (!fresh || !start) return;
    for (const [name, value] of Object.entries(start)) form.elements[name].value = String(value);
    read();
  }

  for (const part of [steps, settings]) {
    part.addEventListener("input", write);
    part.addEventListener("change", write);
    part.addEventListener("click", press);
  }
  function press(event) {
    const button = event.target.closest("button");
    const step = event.target.closest(".step, #settings");
    if (!button || !step) return;
    if (button.dataset.addRow) row(button.closest(".pairs")).querySelector("[data-key]").focus();
    else if ("removeRow" in button.dataset) button.closest(".row").remove();
    else if ("removeStep" in button.dataset) step.remove();
    else if (button.dataset.move === "-1") step.previousElementSibling?.before(step);
    else if (button.dataset.move === "1") step.nextElementSibling?.after(step);
    if (button.dataset.move) button.focus();
    write();
  }
  document.querySelector("[data-add-step]").addEventListener("click", () => {
    const made = template.content.firstElementChild.cloneNode(true);
    for (const field of made.querySelectorAll("[data-default=true]")) field.checked = true;
    steps.append(made);
    write();
    made.querySelector("[data-path=name]").focus();
  });
  params.addEventListener("input", () => { if (read()) label(); });
  for (const button of views) {
    button.addEventListener("click", () => {
      if (button.dataset.view === "form" && !read()) return;
      view = button.dataset.view;
      refresh();
    });
  }
  kind.addEventListener("change", () => {
    if (!read()) return;
    begin();
    refresh();
  });

  // A secret goes where one wrote last.
  form.addEventListener("focusin", (event) => {
    if (event.target.matches("#params, #target, :is(.step, #settings) :is(input:not([type=checkbox]), textarea)")) last = event.target;
  });
  document.getElementById("secret").addEventListener("change", (event) => {
    const name = event.target.value;
    event.target.value = "";
    if (!name) return;
    const seen = (one) => one.isConnected && one.offsetParent !== null && !one.closest("details:not([open])");
    const field = seen(last) ? last : [...settings.querySelectorAll("[data-secret]")].filter((one) => !one.value).find(seen);
    document.getElementById("where").hidden = Boolean(field);
    if (!field) return;
    field.setRangeText(`\${secret:${name}}`, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  if (!read()) view = "json";
  refresh();
})();
