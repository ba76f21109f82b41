// Graphs of a check: its time and, for pings, its loss; outages are shaded. Time is drawn as smoke: the median of each bucket
// as a line, coloured by what was lost; a darker band from it up to the 95th percentile; and the smoke from the least
// to the most, of a ping of all its replies.
"use strict";
(() => {
  const box = document.getElementById("graphs");
  if (!box) return;
  const select = document.getElementById("graph-check");
  const buttons = [...document.querySelectorAll(".ranges button")];
  const outages = JSON.parse(box.dataset.outages);
  const { colour, faint, number, duration, durations, moment } = chart;
  // The centre's clock counts, not this browser's.
  const drift = Number(box.dataset.now) - Date.now();
  const [MIN, MEAN, MAX, MEDIAN, P95] = [1, 2, 3, 5, 6]; // places in a point of the API
  const MUCH = 0.2; // of the packets lost: from here on the line is red
  const plots = [];
  let asked = 0;

  const percent = (ratio) => `${number(ratio * 100, 1)} %`;

  const RATES = [[1e9, "Gbit/s"], [1e6, "Mbit/s"], [1e3, "kbit/s"], [1, "bit/s"]];
  const rateOf = (bits) => RATES.find(([size]) => bits >= size) ?? RATES[3];
  const rate = (bits) => `${number(bits / rateOf(bits)[0], 1)} ${rateOf(bits)[1]}`;

  function rates(ticks) {
    const [size, unit] = rateOf(Math.max(...ticks));
    return ticks.map((bits) => `${number(bits / size, 2)} ${unit}`);
  }

  async function points(series, from, to, bucket) {
    const answer = await fetch(`/api/v1/series/${series}?from=${from}&to=${to}&bucket=${bucket}`);
    if (!answer.ok) throw new Error(`series ${series}: ${answer.status}`);
    const found = new Map((await answer.json()).points.map((point) => [point[0], point]));
    // A bucket without samples is a hole in the line, not a line across it.
    const times = [];
    for (let at = from - (from % bucket); at < to; at += bucket) times.push(at);
    return {
      at: times.map((at) => at / 1000),
      of: (place) => times.map((at) => found.get(at)?.[place] ?? null),
      any: found.size > 0,
    };
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
      ctx.strokeStyle = colour(lost[i] >= MUCH ? "down" : "degraded");
      const half = (at[Math.min(i + 1, at.length - 1)] - at[Math.max(i - 1, 0)]) / 4;
      const y = plot.valToPos(middle[i], "y", true);
      ctx.beginPath();
      ctx.moveTo(plot.valToPos(at[i] - half, "x", true), y);
      ctx.lineTo(plot.valToPos(at[i] + half, "x", true), y);
      ctx.stroke();
    }
    ctx.restore();
  }

  // Columns: time, the line and, with `smoke`, the 95th percentile, the least and the most.
  function draw(holder, columns, { title, height, format, ticked, smoke, range, ink, lost, wide }) {
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
      tzDate: chart.tzDate,
      cursor: { sync: { key: "graphs" }, points: { size: 6 }, drag: { x: false, y: false } },
      legend: { show: false },
      scales: { y: { range } },
      axes: chart.axes(height, ticked, wide),
      series: [
        {},
        { stroke: ink, width: 1.5, points: { show: false }, fill: smoke ? undefined : faint(ink, 0.25) },
        ...(smoke ? [{ ...edge }, { ...edge }, { ...edge }] : []),
      ],
      bands: smoke ? [{ series: [4, 3], fill: faint(ink, 0.15) }, { series: [2, 1], fill: faint(ink, 0.34) }] : [],
      hooks: {
        drawClear: [chart.shade(outages)],
        draw: lost ? [(plot) => warm(plot, lost)] : [],
        setCursor: [({ cursor: { idx } }) => {
          if (idx === null || idx === undefined) return say("", "");
          const at = moment.format(columns[0][idx] * 1000);
          const [line, p95, least, most] = [1, 2, 3, 4].map((i) => columns[i]?.[idx] ?? null);
          if (line === null) return say(at, "–");
          const spread = smoke ? ` · p95 ${format(p95)} · ${least === null ? "–" : format(least)} – ${most === null ? "–" : format(most)}` : "";
          return say(at, format(line) + spread);
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
    // At least two samples in each bucket, or a line of single points with holes between is all there is.
    const step = Number(button.dataset.bucket) * 1000;
    const bucket = step * Math.max(1, Math.ceil((2 * Number(option.dataset.interval)) / step));
    const to = Date.now() + drift;
    const from = to - Number(button.dataset.hours) * 3_600_000;
    const { time: main, least, most, loss: lossy, out } = option.dataset;
    const wanted = [main, lossy ?? out, least, most];
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
    const spread = (one) => [one.at, one.of(MEDIAN), one.of(P95), one.of(MIN), one.of(MAX)];
    if (out) {
      for (const [id, one, title] of [["graph-time", time, box.dataset.in], ["graph-loss", loss, box.dataset.out]]) {
        draw(document.getElementById(id), spread(one), {
          title, height: 150, format: rate, ticked: rates, ink: colour("link"), smoke: true, wide: true,
          range: (_, low, high) => [0, high > 0 ? high * 1.1 : 1000],
        });
      }
      return;
    }
    const columns = [time.at, time.of(MEDIAN), time.of(P95), (lows ?? time).of(MIN), (highs ?? time).of(MAX)];
    draw(document.getElementById("graph-time"), columns, {
      title: option.dataset.figure, height: loss ? 200 : 280, format: duration, ticked: durations, ink: colour("link"),
      smoke: true, lost: loss?.of(MEAN),
      range: (_, low, high) => [0, high > 0 ? high * 1.1 : 0.001],
    });
    if (!loss) return;
    draw(document.getElementById("graph-loss"), [loss.at, loss.of(MEAN)], {
      title: box.dataset.loss, height: 96, format: percent, ticked: (ticks) => ticks.map(percent), ink: colour("degraded"),
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
