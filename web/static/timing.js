// A service's time over time: the means of phases or steps stacked on one another, and how quick that was (Apdex).
"use strict";
(() => {
  const box = document.getElementById("timing");
  if (!box) return;
  const { colour, faint, number, duration, durations, moment } = chart;
  const [unit, check] = ["timing-unit", "timing-check"].map((id) => document.getElementById(id));
  const ranges = [...box.parentElement.querySelectorAll(".ranges.time button")];
  const ways = [...box.parentElement.querySelectorAll(".ranges.way button")];
  const words = JSON.parse(box.dataset.words);
  const outages = JSON.parse(box.dataset.outages);
  const drift = Number(box.dataset.now) - Date.now(); // the centre's clock counts
  const COLOURS = 8;
  const legend = document.getElementById("timing-legend");
  const plots = [];
  let asked = 0;

  const pressed = (buttons) => buttons.find((one) => one.getAttribute("aria-pressed") === "true");
  const mean = (row) => {
    const known = row.filter((value) => value !== null);
    return known.length ? known.reduce((sum, value) => sum + value, 0) / known.length : null;
  };

  // Buckets without results are holes: the answer leaves them out.
  function spread(found, from, to) {
    const place = new Map(found.at.map((at, index) => [at, index]));
    const at = [];
    for (let time = from - (from % found.bucket_ms); time < to; time += found.bucket_ms) at.push(time);
    const of = (row) => at.map((time) => (place.has(time) ? row[place.get(time)] : null));
    return { at, of };
  }

  function clear() {
    for (const [plot] of plots.splice(0)) plot.destroy();
    for (const id of ["timing-stack", "timing-apdex"]) document.getElementById(id).replaceChildren();
    legend.replaceChildren();
  }

  function tell(names, rows, index) {
    const parts = names.map((name, place) => {
      const value = index === null ? mean(rows[place]) : rows[place][index];
      const item = document.createElement("span");
      const swatch = document.createElement("span");
      swatch.className = `swatch stack-${(place % COLOURS) + 1}`;
      const strong = document.createElement("strong");
      strong.textContent = value === null ? "–" : duration(value);
      item.append(swatch, `${words[name] ?? name} `, strong);
      return item;
    });
    legend.replaceChildren(...parts);
  }

  function readOut(holder, title) {
    const line = document.createElement("p");
    line.className = "read-out";
    holder.replaceChildren(line);
    return (at, text) => {
      const strong = document.createElement("strong");
      strong.textContent = text;
      line.replaceChildren(`${title}${at ? ` · ${at} ` : " "}`, strong);
    };
  }

  function plot(holder, columns, { height, series, bands, ticked, range, onMove }) {
    const made = new uPlot({
      width: holder.clientWidth,
      height,
      tzDate: chart.tzDate,
      cursor: { sync: { key: "timing" }, points: { show: false }, drag: { x: false, y: false } },
      legend: { show: false },
      scales: { y: { range } },
      axes: chart.axes(height, ticked),
      series: [{}, ...series],
      bands,
      hooks: { drawClear: [chart.shade(outages)], setCursor: [({ cursor }) => onMove(cursor.idx ?? null)] },
    }, columns, holder);
    plots.push([made, holder, height]);
  }

  function drawStack(at, names, rows) {
    const tops = [];
    rows.forEach((row, place) => {
      const below = place ? tops[place - 1] : null;
      const any = (index) => rows.some((one) => one[index] !== null);
      tops.push(row.map((value, index) => (any(index) ? (value ?? 0) + (below?.[index] ?? 0) : null)));
    });
    const ink = (place) => colour(`stack-${(place % COLOURS) + 1}`);
    const holder = document.getElementById("timing-stack");
    const say = readOut(holder, box.dataset.total);
    const series = names.map((_, place) => ({
      stroke: ink(place), width: 1, points: { show: false }, fill: place ? undefined : faint(ink(place), 0.75),
    }));
    const bands = names.slice(1).map((_, place) => ({ series: [place + 2, place + 1], fill: faint(ink(place + 1), 0.75) }));
    const all = tops.at(-1);
    plot(holder, [at.map((time) => time / 1000), ...tops], {
      height: 240, series, bands, ticked: durations,
      range: (_, low, high) => [0, high > 0 ? high * 1.1 : 0.001],
      onMove: (index) => {
        tell(names, rows, index);
        const value = index === null ? mean(all) : all[index];
        say(index === null ? "" : moment.format(at[index]), value === null ? "–" : duration(value));
      },
    });
    tell(names, rows, null);
    say("", mean(all) === null ? "–" : duration(mean(all)));
  }

  function drawApdex(at, row, objective) {
    const holder = document.getElementById("timing-apdex");
    const title = box.dataset.apdex.replace("{time}", duration(objective / 1000));
    const say = readOut(holder, title);
    const shown = (value) => (value === null ? "–" : number(value, 2));
    say("", shown(mean(row)));
    plot(holder, [at.map((time) => time / 1000), row], {
      height: 110,
      series: [{ stroke: colour("link"), width: 1.5, points: { show: false }, fill: faint(colour("link"), 0.2) }],
      bands: [], ticked: (ticks) => ticks.map((tick) => number(tick, 2)), range: [0, 1.02],
      onMove: (index) => say(index === null ? "" : moment.format(at[index]), shown(index === null ? mean(row) : row[index])),
    });
  }

  async function show() {
    const turn = ++asked;
    const button = pressed(ranges);
    const step = Number(button.dataset.bucket) * 1000;
    const bucket = step * Math.max(1, Math.ceil((2 * Number(check.selectedOptions[0].dataset.interval)) / step));
    const to = Date.now() + drift;
    const from = to - Number(button.dataset.hours) * 3_600_000;
    const way = check.selectedOptions[0].dataset.steps ? pressed(ways).dataset.by : "phase";
    for (const one of ways) one.disabled = !check.selectedOptions[0].dataset.steps;
    const label = encodeURIComponent(check.value);
    const query = `unit=${encodeURIComponent(unit.value)}&label=${label}&by=${way}&from=${Math.round(from)}&to=${Math.round(to)}&bucket=${bucket}`;
    let found = null;
    try {
      const answer = await fetch(`/api/v1/services/${encodeURIComponent(box.dataset.service)}/timing?${query}`);
      if (answer.ok) found = await answer.json();
    } catch {
      found = null; // said below; the next choice or the next round tries again
    }
    if (turn !== asked) return;
    clear();
    // What is hardly there is left out: a rest of nothing, a name that was known already.
    const sizes = Object.entries(found?.layers ?? {}).map(([name, row]) => [name, mean(row) ?? 0]);
    const most = Math.max(...sizes.map(([, size]) => size));
    const names = sizes.filter(([, size]) => size > 0.002 * most).map(([name]) => name);
    const any = found?.at.length > 0;
    box.querySelector("[data-failed]").hidden = found !== null;
    box.querySelector("[data-empty]").hidden = found === null || any;
    if (!any) return;
    const { at, of } = spread(found, from, to);
    if (names.length) drawStack(at, names, names.map((name) => of(found.layers[name])));
    if (found.objective_ms !== null) drawApdex(at, of(found.apdex), found.objective_ms);
  }

  for (const buttons of [ranges, ways]) {
    for (const button of buttons) {
      button.addEventListener("click", () => {
        for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
        show();
      });
    }
  }
  for (const select of [unit, check]) select.addEventListener("change", show);
  new ResizeObserver(() => {
    for (const [made, holder, height] of plots) made.setSize({ width: holder.clientWidth, height });
  }).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  setInterval(() => { if (!document.hidden) show(); }, 60_000);
  show();
})();
