// The matrix of services: exchanges the rows of services as they change, and keeps open what was opened.
"use strict";
(() => {
  const GATHER_MS = 1_000; // a service that goes down changes with each look at it: rows are fetched once a second
  const said = document.getElementById("said");
  const changed = new Set();
  let timer = null;
  let whole = false;
  let fetching = false;

  function gather() {
    timer ??= setTimeout(exchange, GATHER_MS);
  }

  const kept = {
    morphStyle: "outerHTML",
    callbacks: { beforeAttributeUpdated: (name, node) => !(name === "open" && node.tagName === "DETAILS") },
  };

  async function exchange() {
    timer = null;
    if (fetching) return;
    const codes = whole ? [] : [...changed];
    changed.clear();
    whole = false;
    fetching = true;
    try {
      const answer = await fetch(`/fragments/services?codes=${codes.map(encodeURIComponent).join(",")}`, {
        headers: { Accept: "text/html" },
      });
      if (answer.redirected || answer.status === 401) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      take(new DOMParser().parseFromString(await answer.text(), "text/html"), codes);
    } catch {
      whole = true; // fetched when the centre is heard again
    } finally {
      fetching = false;
      if (changed.size) gather();
    }
  }

  function take(found, codes) {
    const counts = found.getElementById("service-counts");
    if (counts) Idiomorph.morph(document.getElementById("service-counts"), counts, kept);
    if (!codes.length) {
      Idiomorph.morph(document.getElementById("matrix"), found.getElementById("matrix"), kept);
      return;
    }
    const words = [];
    for (const code of codes) {
      const [here, there] = [document, found].map((page) => page.getElementById(`service-${code}`));
      if (!here !== !there) {
        whole = true; // it began to be measured, or ended
        gather();
        return;
      }
      if (!here) continue;
      if (here.dataset.said !== there.dataset.said) words.push(there.dataset.said);
      Idiomorph.morph(here, there, kept);
    }
    if (words.length) said.textContent = words.join(". ");
  }

  document.addEventListener("nhip:service", (event) => {
    changed.add(event.detail.code);
    gather();
  });
  document.addEventListener("nhip:resync", () => {
    whole = true;
    gather();
  });
  document.addEventListener("nhip:heartbeat", () => { if (whole) gather(); });
})();
