// Wires the event stream, and says when what is shown may be old: nothing heard from the centre for 90 seconds, or
// the centre itself heard from nobody for so long. Other scripts hear of events as `nhip:<kind>` on the document.
"use strict";
(() => {
  const OLD_MS = 90_000;
  const KINDS = ["unit", "outage", "agent", "service", "heartbeat", "resync"];
  const banner = document.getElementById("stale");
  const streaming = document.body.hasAttribute("sse-connect");
  const polling = document.querySelector("[hx-trigger*='every']") !== null;
  const wired = new WeakSet();
  let heard = Date.now();
  let newest = null; // when the centre last heard from an agent, by this browser's clock

  const clock = new Intl.DateTimeFormat(document.documentElement.lang, {
    timeZone: document.body.dataset.zone, hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false,
  });

  function noteAge() {
    const part = document.getElementById("freshness");
    if (part?.dataset.age) newest = Date.now() - Number(part.dataset.age);
  }

  function show(selector, since) {
    const part = banner.querySelector(selector);
    part.dataset.words ??= part.textContent;
    part.textContent = part.dataset.words.replace("{time}", clock.format(since));
    part.hidden = false;
  }

  function judge() {
    if (!banner || !(streaming || polling)) return;
    const silent = Date.now() - heard > OLD_MS;
    const old = newest !== null && Date.now() - newest > OLD_MS;
    for (const part of banner.querySelectorAll("span")) part.hidden = true;
    if (silent) show("[data-silent]", heard);
    else if (old) show("[data-old]", newest);
    banner.hidden = !(silent || old);
    document.body.classList.toggle("is-stale", silent || old);
  }

  function hear() {
    heard = Date.now();
    if (banner && !banner.hidden) judge();
  }

  // The extension makes a new source when the old one was refused; its own reconnections keep the source.
  document.addEventListener("htmx:sseOpen", (open) => {
    const source = open.detail.source;
    if (wired.has(source)) return;
    wired.add(source);
    for (const kind of KINDS) {
      source.addEventListener(kind, (message) => {
        hear();
        document.dispatchEvent(new CustomEvent(`nhip:${kind}`, { detail: JSON.parse(message.data) }));
      });
    }
  });
  document.addEventListener("htmx:afterRequest", (done) => {
    if (done.detail.successful && !streaming) hear();
  });
  document.addEventListener("htmx:oobAfterSwap", noteAge);
  document.addEventListener("htmx:afterSwap", noteAge);
  document.addEventListener("visibilitychange", judge);
  noteAge();
  judge();
  setInterval(judge, 1_000);
})();
