// The wall: exchanges tiles as their units change, filters and searches them, and moves between them by keyboard.
"use strict";
(() => {
  const GATHER_MS = 150; // what changes within this time is fetched together
  const MANY = 60; // of more than these the whole wall is fetched
  const search = document.getElementById("search");
  const said = document.getElementById("said");
  const noMatch = document.getElementById("no-match");
  const all = () => [...document.querySelectorAll("#wall .tile")];
  const shown = () => all().filter((tile) => !tile.hidden);

  // Live

  const changed = new Set();
  let fetching = false;
  let timer = null;
  let whole = false;

  function gather() {
    timer ??= setTimeout(exchange, GATHER_MS);
  }

  async function exchange() {
    timer = null;
    if (fetching) return;
    const codes = [...changed];
    const everything = whole || codes.length > MANY;
    changed.clear();
    whole = false;
    fetching = true;
    try {
      if (everything) {
        await htmx.ajax("GET", "/fragments/wall", { target: "#wall", swap: "morph:outerHTML" });
        await htmx.ajax("GET", "/fragments/summary", { target: "#wall", swap: "none" });
      } else {
        await htmx.ajax("GET", `/fragments/tiles?codes=${codes.map(encodeURIComponent).join(",")}`,
          { target: "#wall", swap: "none" });
        announce(codes);
      }
    } finally {
      fetching = false;
      apply();
      if (changed.size || whole) gather();
    }
  }

  function announce(codes) {
    const titles = codes.map((code) => document.getElementById(`unit-${code}`)?.title).filter(Boolean);
    said.textContent = titles.slice(0, 5).join(". ");
  }

  document.addEventListener("nhip:unit", (event) => {
    changed.add(event.detail.code);
    gather();
  });
  document.addEventListener("nhip:resync", () => {
    whole = true;
    gather();
  });
  document.addEventListener("htmx:oobAfterSwap", () => apply());
  // What could not be fetched is fetched when the centre is heard again.
  for (const failure of ["htmx:sendError", "htmx:responseError"]) {
    document.addEventListener(failure, () => { whole = true; });
  }
  document.addEventListener("nhip:heartbeat", () => { if (whole) gather(); });

  // Filter and search. The address holds both, so that a reload and the way back keep them.

  const asked = new URLSearchParams(location.search);
  let state = asked.get("state") ?? "";
  search.value = asked.get("find") ?? "";

  function fold(text) {
    return text.toLowerCase().replaceAll("đ", "d").normalize("NFD").replace(/\p{M}/gu, "").trim();
  }

  function apply() {
    const words = fold(search.value).split(/\s+/).filter(Boolean);
    let some = false;
    for (const group of document.querySelectorAll("#wall .group")) {
      let any = false;
      for (const tile of group.querySelectorAll(".tile")) {
        const text = `${tile.dataset.find} ${group.dataset.find}`;
        tile.hidden = (state && tile.dataset.state !== state) || !words.every((word) => text.includes(word));
        any ||= !tile.hidden;
      }
      group.hidden = !any;
      some ||= any;
    }
    noMatch.hidden = some || all().length === 0;
    for (const button of document.querySelectorAll("#counts button")) {
      button.setAttribute("aria-pressed", String(button.dataset.state === state));
    }
    document.body.classList.toggle("is-filtered", Boolean(state || words.length));
    rove();
    const kept = new URLSearchParams();
    if (state) kept.set("state", state);
    if (search.value.trim()) kept.set("find", search.value.trim());
    const address = kept.toString() ? `/?${kept}` : "/";
    if (address !== location.pathname + location.search) history.replaceState(history.state, "", address);
  }

  search.addEventListener("input", apply);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("#counts button");
    if (!button) return;
    state = state === button.dataset.state ? "" : button.dataset.state;
    apply();
  });

  // Keyboard: one stop for Tab, arrow keys within (WAI-ARIA: roving tabindex).

  let current = null;

  function rove() {
    const tiles = shown();
    const here = tiles.find((tile) => tile.id === current) ?? tiles[0];
    for (const tile of all()) tile.tabIndex = tile === here ? 0 : -1;
  }

  function go(tile) {
    if (!tile) return;
    current = tile.id;
    rove();
    tile.focus();
    tile.scrollIntoView({ block: "nearest" });
  }

  // The nearest tile above or below: first the nearest row, then within it the nearest to the side.
  function vertical(from, tiles, sign) {
    const here = from.getBoundingClientRect();
    const middle = (box) => box.left + box.width / 2;
    let best = null;
    let least = Infinity;
    for (const tile of tiles) {
      const box = tile.getBoundingClientRect();
      const down = sign * (box.top - here.top);
      if (down < here.height / 2) continue;
      const aside = Math.max(0, box.left - middle(here), middle(here) - box.right);
      const far = down + 20 * aside + Math.abs(middle(box) - middle(here)) / 100;
      if (far < least) [best, least] = [tile, far];
    }
    return best;
  }

  document.addEventListener("focusin", (event) => {
    const tile = event.target.closest?.(".tile");
    if (tile) { current = tile.id; rove(); }
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const typing = event.target.closest?.("input, textarea, select");
    if (event.key === "/" && !typing) {
      event.preventDefault();
      search.focus();
      search.select();
      return;
    }
    if (event.key === "Escape") {
      if (typing === search && search.value) search.value = "";
      else state = "";
      apply();
      return;
    }
    const tiles = shown();
    if (typing === search) {
      if (event.key === "ArrowDown" || event.key === "Enter") { event.preventDefault(); go(tiles[0]); }
      return;
    }
    const tile = event.target.closest?.(".tile");
    if (!tile) return;
    const at = tiles.indexOf(tile);
    const next = {
      ArrowRight: () => tiles[at + 1],
      ArrowLeft: () => tiles[at - 1],
      ArrowDown: () => vertical(tile, tiles, 1),
      ArrowUp: () => vertical(tile, tiles, -1),
      Home: () => tiles[0],
      End: () => tiles.at(-1),
    }[event.key];
    if (!next) return;
    event.preventDefault();
    go(next());
  });

  apply();
})();
