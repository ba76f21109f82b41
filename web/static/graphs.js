// Graphs of a check: its time and, for pings, its loss; outages are shaded. A ping's time is drawn as smoke: the middle of
// each bucket as a line, coloured by what was lost, within the spread of the bursts' middles, within that of all replies.
"use strict";
(() => {
  const box = document.getElementById("graphs");
  if (!box) return;
  const select = document.getElementById("graph-check");
  const buttons = [...document.querySelectorAll(".ranges button")];
  const outages = JSON.parse(box.dataset.outages);
  const lang = document.documentElement.lang;
  const zone = document.body.dataset.zone;
  // The centre's clock counts, not this browser's.
  const drift = Number(box.dataset.now) - Date.now();
  const plots = [];
  let asked = 0;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const faint = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, "0");
  const number = (value, digits) => new Intl.NumberFormat(lang, { maximumFractionDigits: digits }).format(value);
  const percent = (ratio) => `${number(ratio * 100, 1)} %`;

  const UNITS = [[1, "s"], [1e3, "ms"], [1e6, "µs"]];
  const unitOf = (seconds) => UNITS.find(([factor]) => seconds * factor >= 1) ?? UNITS[2];

  function duration(seconds) {
    const [factor, unit] = unitOf(seconds);
    const size = seconds * factor;
    return `${number(size, size < 100 ? 1 : 0)} ${unit}`;
  }

  // All ticks of an axis in one unit, told apart by as many decimals as they need.
  function durations(ticks) {
    const [factor, unit] = unitOf(Math.max(...ticks));
    return ticks.map((seconds) => `${number(seconds * factor, 2)} ${unit}`);
  }

  const moment = new Intl.DateTimeFormat(lang === "vi" ? "vi-VN" : "en-GB", {
    timeZone: zone, day: "2-digit", month: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit",
  });

  async function points(series, from, to, bucket) {
    const answer = await fetch(`/api/v1/series/${series}?from=${from}&to=${to}&bucket=${bucket}`);
    if (!answer.ok) throw new Error(`series ${series}: ${answer.status}`);
    const found = new Map((await answer.json()).points.map((point) => [point[0], point]));
    // A bucket without samples is a hole in the line, not a line across it.
    const columns = [[], [], [], []];
    for (let at = from - (from % bucket); at < to; at += bucket) {
      const point = found.get(at);
      columns[0].push(at / 1000);
      for (const i of [1, 2, 3]) columns[i].push(point ? point[i] : null);
    }
    return { columns, any: found.size > 0 };
  }

  const dates = (lang === "vi")
    ? [[86400 * 28, "{DD}/{MM}"], [86400, "{DD}/{MM}"], [3600, "{HH}:{mm}"], [60, "{HH}:{mm}"], [1, "{HH}:{mm}:{ss}"]]
    : [[86400 * 28, "{D} {MMM}"], [86400, "{D} {MMM}"], [3600, "{HH}:{mm}"], [60, "{HH}:{mm}"], [1, "{HH}:{mm}:{ss}"]];
  const day = lang === "vi" ? "\n{DD}/{MM}" : "\n{D} {MMM}";
  const axisDates = dates.map(([step, form]) =>
    [step, form, null, null, step < 86400 ? day : null, null, null, null, 1]);

  function shade(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.fillStyle = faint(colour("down"), 0.22);
    for (const [from, to] of outages) {
      const left = Math.max(bbox.left, plot.valToPos(from / 1000, "x", true));
      const right = Math.min(bbox.left + bbox.width, plot.valToPos(to / 1000, "x", true));
      if (right >= bbox.left && left <= bbox.left + bbox.width) {
        ctx.fillRect(left, bbox.top, Math.max(1, right - left), bbox.height);
      }
    }
    ctx.restore();
  }

  // The line again, piece by piece, in a warmer colour where packets were lost.
  function warm(plot, lost) {
    const { ctx } = plot;
    const [at, middle] = plot.data;
    ctx.save();
    ctx.lineWidth = 3 * devicePixelRatio;
    ctx.lineCap = "round";
    for (let i = 0; i < at.length; i++) {
      if (!lost[i] || middle[i] === null || middle[i] === undefined) continue;
      ctx.strokeStyle = colour(lost[i] >= 0.2 ? "down" : "degraded");
      const half = (at[Math.min(i + 1, at.length - 1)] - at[Math.max(i - 1, 0)]) / 4;
      const y = plot.valToPos(middle[i], "y", true);
      ctx.beginPath();
      ctx.moveTo(plot.valToPos(at[i] - half, "x", true), y);
      ctx.lineTo(plot.valToPos(at[i] + half, "x", true), y);
      ctx.stroke();
    }
    ctx.restore();
  }

  function draw(holder, columns, { title, height, format, ticked, bands, range, ink, lost }) {
    const quiet = colour("quiet");
    const grid = { stroke: colour("line"), width: 1 };
    const font = "12px system-ui, 'Noto Sans', sans-serif";
    const readOut = document.createElement("p");
    readOut.className = "read-out";
    holder.replaceChildren(readOut);
    const say = (at, text) => {
      const strong = document.createElement("strong");
      strong.textContent = text;
      readOut.replaceChildren(`${title}${at ? ` · ${at} ` : " "}`, strong);
    };
    say("", "");
    const edge = { stroke: "transparent", width: 0, points: { show: false } };
    const plot = new uPlot({
      width: holder.clientWidth,
      height,
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
      cursor: { sync: { key: "graphs" }, points: { size: 6 }, drag: { x: false, y: false } },
      legend: { show: false },
      scales: { y: { range } },
      axes: [
        { stroke: quiet, grid, ticks: grid, font, values: axisDates, space: 60 },
        { stroke: quiet, grid, ticks: grid, font, size: 64, space: height > 150 ? 32 : 18, values: (_, ticks) => ticked(ticks) },
      ],
      series: [
        {},
        { stroke: ink, width: 1.5, points: { show: false }, fill: bands.length ? undefined : faint(ink, 0.25) },
        ...bands.flatMap(() => [{ ...edge }, { ...edge }]),
      ],
      bands: bands.map((strength, i) => ({ series: [2 * i + 3, 2 * i + 2], fill: faint(ink, strength) })),
      hooks: {
        drawClear: [shade],
        draw: lost ? [(plot) => warm(plot, lost)] : [],
        setCursor: [({ cursor: { idx } }) => {
          if (idx === null || idx === undefined) return say("", "");
          const [middle, least, most] = [1, 2, 3].map((i) => columns[i]?.[idx]);
          if (middle === null || middle === undefined) return say(moment.format(columns[0][idx] * 1000), "–");
          const spread = bands.length ? ` (${format(least)} – ${format(most)})` : "";
          return say(moment.format(columns[0][idx] * 1000), format(middle) + spread);
        }],
      },
    }, columns, holder);
    plots.push([plot, holder, height]);
  }

  function clear() {
    for (const [plot] of plots.splice(0)) plot.destroy();
    for (const id of ["graph-time", "graph-loss"]) document.getElementById(id).replaceChildren();
  }

  async function show() {
    const turn = ++asked;
    const option = select.selectedOptions[0];
    const button = buttons.find((one) => one.getAttribute("aria-pressed") === "true");
    const bucket = Number(button.dataset.bucket) * 1000;
    const to = Date.now() + drift;
    const from = to - Number(button.dataset.hours) * 3_600_000;
    const { time: main, least, most, loss: lossy } = option.dataset;
    const wanted = [main, lossy, least, most];
    let found = null;
    try {
      found = await Promise.all(wanted.map((series) => series && points(series, from, to, bucket)));
    } catch {
      found = null; // said below; the next choice or the next round tries again
    }
    if (turn !== asked) return;
    clear();
    const any = found?.some((one) => one?.any) ?? false;
    box.querySelector("[data-failed]").hidden = found !== null;
    box.querySelector("[data-empty]").hidden = found === null || any;
    if (!any) return;
    const [time, loss, lows, highs] = found;
    const [at, low, mean, high] = time.columns;
    const smoke = lows && highs ? [lows.columns[1], highs.columns[3], low, high] : [low, high];
    draw(document.getElementById("graph-time"), [at, mean, ...smoke], {
      title: option.dataset.figure, height: loss ? 200 : 280, format: duration, ticked: durations, ink: colour("link"),
      bands: lows && highs ? [0.16, 0.3] : [0.2], lost: loss?.columns[2],
      range: (_, low, high) => [0, high > 0 ? high * 1.1 : 0.001],
    });
    if (!loss) return;
    draw(document.getElementById("graph-loss"), [loss.columns[0], loss.columns[2]], {
      title: box.dataset.loss, height: 96, format: percent, ticked: (ticks) => ticks.map(percent), bands: [], ink: colour("degraded"),
      range: (_, low, high) => [0, Math.max(0.05, high)],
    });
  }

  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      show();
    });
  }
  select.addEventListener("change", show);
  new ResizeObserver(() => {
    for (const [plot, holder, height] of plots) plot.setSize({ width: holder.clientWidth, height });
  }).observe(box);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", show);
  setInterval(() => { if (!document.hidden) show(); }, 60_000);
  show();
})();
