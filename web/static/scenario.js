// The editor of a check: steps of a scenario as a form and as JSON. The JSON is what is sent; the form writes it, and
// keeps what it has no field for.
"use strict";
(() => {
  const form = document.getElementById("check");
  const kind = document.getElementById("kind");
  const params = document.getElementById("params");
  const steps = document.getElementById("steps");
  const template = document.getElementById("step");
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

  const TYPES = {
    text: [(text) => text || undefined, (value) => (value === undefined ? "" : textOf(value))],
    number: [(text) => (text.trim() === "" ? undefined : Number.isFinite(Number(text)) ? Number(text) : text), (value) => (value === undefined ? "" : String(value))],
    numbers: [
      (text) => { const found = text.split(/[\s,;]+/).filter(Boolean).map((one) => (Number.isInteger(Number(one)) ? Number(one) : one)); return found.length ? found : undefined; },
      (value) => (Array.isArray(value) ? value.join(", ") : value === undefined ? "" : textOf(value)),
    ],
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

  function show() {
    const opened = [...steps.children].map((one) => [...one.querySelectorAll("details")].map((part) => part.open));
    steps.replaceChildren();
    const found = Array.isArray(said.steps) ? said.steps : [];
    found.forEach((step, place) => {
      const made = template.content.firstElementChild.cloneNode(true);
      for (const field of made.querySelectorAll("[data-path]")) {
        const value = at(step, field.dataset.path);
        if (field.type === "checkbox") field.checked = value === undefined ? field.dataset.default === "true" : Boolean(value);
        else if (field.tagName === "SELECT") {
          const method = typeof value === "string" ? value.toUpperCase() : "GET";
          if (![...field.options].some((option) => option.value === method)) field.append(new Option(method));
          field.value = method;
        } else field.value = TYPES[field.dataset.type ?? "text"][1](value);
      }
      for (const holder of made.querySelectorAll("[data-map]")) fillPairs(holder, at(step, holder.dataset.map));
      fillSaves(made.querySelector("[data-saves]"), at(step, "save"));
      opened[place]?.forEach((open, part) => { made.querySelectorAll("details")[part].open = open; });
      steps.append(made);
    });
    label();
  }

  function label() {
    [...steps.children].forEach((step, place) => {
      step.querySelector(".number").textContent = String(place + 1);
      step.querySelector(".step-name").textContent = step.querySelector("[data-path=name]").value;
      const sums = {
        send: [...step.querySelectorAll("[data-map=form] [data-key], [data-map=headers] [data-key]")].map((one) => one.value),
        save: [...step.querySelectorAll("[data-saves] [data-key]")].map((one) => one.value),
        expect: [...step.querySelectorAll("[data-path^='expect.']")].map((one) => one.value),
      };
      for (const [name, values] of Object.entries(sums)) {
        step.querySelector(`[data-sum=${name}]`).textContent = values.filter(Boolean).join(", ");
      }
    });
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

  function written(step, before) {
    const found = structuredClone(isObject(before) ? before : {});
    for (const field of step.querySelectorAll("[data-path]")) {
      const { path } = field.dataset;
      if (field.type === "checkbox") put(found, path, field.checked === (field.dataset.default === "true") && !(path in found) ? undefined : field.checked);
      else if (field.tagName === "SELECT") put(found, path, field.value === "GET" && !(path in found) ? undefined : field.value);
      else put(found, path, TYPES[field.dataset.type ?? "text"][0](field.value));
    }
    for (const holder of step.querySelectorAll("[data-map]")) {
      put(found, holder.dataset.map, pairsOf(holder, holder.dataset.map === "expect.json"));
    }
    put(found, "save", savesOf(step.querySelector("[data-saves]")));
    return found;
  }

  function write() {
    const before = Array.isArray(said.steps) ? said.steps : [];
    said.steps = [...steps.children].map((step) => written(step, before[Number(step.dataset.was ?? -1)]));
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
    for (const part of document.querySelectorAll("[data-for-steps]")) part.hidden = !scenario;
    for (const part of document.querySelectorAll("[data-for-others]")) part.hidden = scenario;
    for (const part of document.querySelectorAll("[data-example]")) part.hidden = part.dataset.example !== kind.value;
    for (const button of views) button.setAttribute("aria-pressed", String(button.dataset.view === view));
    const asForm = scenario && view === "form";
    params.hidden = asForm;
    steps.hidden = !asForm;
    document.querySelector("[data-in-form]").hidden = !asForm;
    if (asForm) { show(); number(); }
  }

  steps.addEventListener("input", write);
  steps.addEventListener("change", write);
  steps.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    const step = event.target.closest(".step");
    if (!button || !step) return;
    if (button.dataset.addRow) row(button.closest(".pairs")).querySelector("[data-key]").focus();
    else if ("removeRow" in button.dataset) button.closest(".row").remove();
    else if ("removeStep" in button.dataset) step.remove();
    else if (button.dataset.move === "-1") step.previousElementSibling?.before(step);
    else if (button.dataset.move === "1") step.nextElementSibling?.after(step);
    if (button.dataset.move) button.focus();
    write();
  });
  document.querySelector("[data-add-step]").addEventListener("click", () => {
    const made = template.content.firstElementChild.cloneNode(true);
    for (const field of made.querySelectorAll("[data-default=true]")) field.checked = true;
    steps.append(made);
    write();
    made.querySelector("[data-path=name]").focus();
  });
  params.addEventListener("input", read);
  for (const button of views) {
    button.addEventListener("click", () => {
      if (button.dataset.view === "form" && !read()) return;
      view = button.dataset.view;
      refresh();
    });
  }
  kind.addEventListener("change", () => { if (read()) refresh(); });

  // A secret goes where one wrote last.
  form.addEventListener("focusin", (event) => {
    if (event.target.matches("#params, #target, .step input:not([type=checkbox]), .step textarea")) last = event.target;
  });
  document.getElementById("secret").addEventListener("change", (event) => {
    const name = event.target.value;
    event.target.value = "";
    if (!name) return;
    const field = last.isConnected ? last : params;
    field.setRangeText(`\${secret:${name}}`, field.selectionStart, field.selectionEnd, "end");
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });

  if (!read()) view = "json";
  refresh();
})();
