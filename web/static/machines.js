// What people say of machines where there is no line: kept in this browser, and sent when there is one again. Each word has the
// time at which it was said, by which the centre knows one that arrives twice.
"use strict";
(() => {
  const KEY = "nhip-said";
  const AGAIN_MS = 20_000;
  const box = document.getElementById("waiting");
  if (!box) return;
  const { user, csrf } = box.dataset;
  let sending = false;

  const read = () => { try { return JSON.parse(localStorage.getItem(KEY)) || []; } catch { return []; } };
  const write = (words) => { localStorage.setItem(KEY, JSON.stringify(words)); show(); };
  const mine = () => read().filter((word) => word.user === user);

  function show() {
    const words = mine();
    box.hidden = words.length === 0;
    box.querySelector("[data-count]").textContent = words.length;
    box.querySelector("ul").replaceChildren(...words.map((word) => {
      const line = document.createElement("li");
      line.textContent = [word.title, word.fields.note, word.refused].filter(Boolean).join(" · ");
      if (word.refused) {
        const drop = document.createElement("button");
        drop.className = "do";
        drop.textContent = box.dataset.drop;
        drop.addEventListener("click", () => write(read().filter((each) => each.at !== word.at)));
        line.append(" ", drop);
      }
      return line;
    }));
  }

  // Where the last word led, once all are sent; nothing when one has to wait.
  async function send() {
    if (sending) return null;
    sending = true;
    let address = null;
    try {
      for (const word of mine().filter((each) => !each.refused)) {
        const body = new URLSearchParams({ ...word.fields, at: word.at, csrf });
        const answer = await fetch(word.action, { method: "POST", body });
        if (answer.ok) {
          address = answer.url;
          write(read().filter((each) => each.at !== word.at));
        } else if ([400, 404, 422].includes(answer.status)) {
          write(read().map((each) => each.at === word.at ? { ...each, refused: `${box.dataset.refused} (${answer.status})` } : each));
        } else return null; // signed out, or not possible now
      }
      return address;
    } catch {
      return null; // no line
    } finally {
      sending = false;
    }
  }

  document.addEventListener("submit", async (event) => {
    const form = event.target, button = event.submitter;
    if (!form.matches("[data-later]")) return;
    event.preventDefault();
    const fields = Object.fromEntries(new FormData(form));
    delete fields.csrf;
    if (button?.name) fields[button.name] = button.value;
    const at = Math.max(Date.now(), ...read().map((each) => each.at + 1)); // no two are one
    const word = { user, action: form.getAttribute("action"), at, title: form.dataset.later, fields };
    const full = box.querySelector("[data-full]");
    full.hidden = true;
    try { write([...read(), word]); } catch { // photos fill what a browser keeps for a site
      box.hidden = full.hidden = false;
      return;
    }
    form.reset();
    const address = await send();
    if (address) location.assign(address);
  });
  addEventListener("online", send);
  setInterval(() => mine().length && send(), AGAIN_MS);
  show();
  send();
})();
