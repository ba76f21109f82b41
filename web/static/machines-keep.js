// The button that keeps a unit's machines in this browser, and the note that what is shown was kept.
"use strict";
(async () => {
  const WORKER = "/machines-worker.js";
  const OLD_MS = 120_000;
  const place = document.getElementById("kept");
  if (!place || !("serviceWorker" in navigator)) return;

  if (Date.now() - Number(place.dataset.now) > OLD_MS) place.querySelector("[data-old]").hidden = false;

  const button = place.querySelector("button");
  if (!button) return;
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    const done = place.querySelector("[data-done]");
    try {
      await navigator.serviceWorker.register(WORKER);
      const { active } = await navigator.serviceWorker.ready;
      const links = [...document.querySelectorAll(".machines a[href^='/machines/'], .machines a[href*='/machines/'], #pages a")];
      const addresses = new Set([location.pathname, ...links.map((each) => each.getAttribute("href").split("#")[0])]);
      const channel = new MessageChannel();
      const answered = new Promise((resolve) => { channel.port1.onmessage = (event) => resolve(event.data); });
      active.postMessage([...addresses].filter((each) => each && !each.includes("format=")), [channel.port2]);
      const count = await answered;
      done.textContent = done.dataset.words.replace("{count}", count);
    } catch {
      done.textContent = done.dataset.failed;
    }
    done.hidden = false;
    button.disabled = false;
  });
})();
