// What all graphs share: colours of the page, numbers and times as the page's language writes them, axes.
"use strict";
const chart = (() => {
  const lang = document.documentElement.lang;
  const zone = document.body.dataset.zone;

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const faint = (hex, alpha) => hex + Math.round(alpha * 255).toString(16).padStart(2, "0");
  const number = (value, digits) => new Intl.NumberFormat(lang, { maximumFractionDigits: digits }).format(value);

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

  const dates = (lang === "vi")
    ? [[86400 * 28, "{DD}/{MM}"], [86400, "{DD}/{MM}"], [3600, "{HH}:{mm}"], [60, "{HH}:{mm}"], [1, "{HH}:{mm}:{ss}"]]
    : [[86400 * 28, "{D} {MMM}"], [86400, "{D} {MMM}"], [3600, "{HH}:{mm}"], [60, "{HH}:{mm}"], [1, "{HH}:{mm}:{ss}"]];
  const day = lang === "vi" ? "\n{DD}/{MM}" : "\n{D} {MMM}";
  const axisDates = dates.map(([step, form]) =>
    [step, form, null, null, step < 86400 ? day : null, null, null, null, 1]);

  const tzDate = (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone);

  // Painted behind the lines: stretches [from, to] in ms.
  const shade = (outages) => (plot) => {
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
  };

  // The two axes of every graph.
  function axes(height, ticked, wide) {
    const quiet = colour("quiet");
    const grid = { stroke: colour("line"), width: 1 };
    const font = "12px system-ui, 'Noto Sans', sans-serif";
    return [
      { stroke: quiet, grid, ticks: grid, font, values: axisDates, space: 60 },
      { stroke: quiet, grid, ticks: grid, font, size: wide ? 88 : 64, space: height > 150 ? 32 : 18, values: (_, ticks) => ticked(ticks) },
    ];
  }

  return { lang, colour, faint, number, duration, durations, moment, tzDate, shade, axes };
})();
