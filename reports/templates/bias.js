// Draws values with their intervals. Without it the page is whole: each chart has its table.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const paint = (tone) => `var(--${tone})`;
  const letter = 7.4; // a letter's usual width in pixels at 14 px

  function intervals(chart, width) {
    const lines = chart.lines.map((line, row) => ({ ...line, row }));
    const longest = (key) => Math.max(0, ...lines.map((line) => line[key].length)) * letter;
    const narrow = longest("label") + longest("value") > width * 0.62;
    const step = narrow ? 46 : 28;
    const ends = lines.flatMap((line) => [line.low, line.high, line.at]);
    if (chart.rule !== null) ends.push(chart.rule);
    const low = Math.min(...ends);
    const high = Math.max(...ends, low + 1e-6);
    const pad = chart.scale === "log" ? 0 : (high - low) * 0.04;
    const first = chart.scale === "log" ? Math.min(low, 0.5) * 0.93 : chart.form === "percent" ? 0 : low - pad;
    const domain = [first, chart.scale === "log" ? Math.max(high, 2) * 1.07 : high + pad];
    const number = new Intl.NumberFormat(data.lang, { maximumSignificantDigits: 2 });
    const percent = new Intl.NumberFormat(data.lang, { style: "percent", maximumSignificantDigits: 2 });
    const tick = chart.form === "percent" ? (v) => percent.format(v) : chart.form === "ratio" ? (v) => `×${number.format(v)}` : (v) => number.format(v);
    const ratios = [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1, 2, 4, 8, 16].filter((v) => v >= domain[0] && v <= domain[1]);
    const axis = chart.scale === "log" ? ratios : undefined;
    const shift = narrow ? 9 : 0;
    return Plot.plot({
      className: "plot",
      width,
      height: lines.length * step + 40,
      margin: 0,
      marginBottom: 34,
      marginTop: 6,
      marginLeft: narrow ? 16 : longest("label") + 18,
      marginRight: narrow ? 16 : longest("value") + 16,
      style: { fontSize: "14px" },
      x: { type: chart.scale, domain, label: null },
      y: { axis: null, type: "point", domain: lines.map((line) => line.row), padding: 0.6 },
      marks: [
        Plot.axisX({ ticks: axis ?? (width < 480 ? 3 : 5), tickFormat: tick, tickSize: 4, label: null, fill: "var(--soft)" }),
        Plot.ruleX(axis ?? [], { stroke: "var(--line)" }),
        ...(chart.rule === null ? [] : [Plot.ruleX([chart.rule], { stroke: "var(--ink)", strokeWidth: 1.5 })]),
        Plot.link(lines, { x1: "low", x2: "high", y1: "row", y2: "row", stroke: (l) => paint(l.tone), strokeWidth: 2.5, strokeOpacity: 0.75, dy: shift }),
        Plot.dot(lines, { x: "at", y: "row", r: 5, fill: (l) => paint(l.tone), stroke: "var(--surface)", strokeWidth: 1, dy: shift }),
        Plot.text(lines, { y: "row", text: "label", frameAnchor: "left", textAnchor: narrow ? "start" : "end", dx: narrow ? -14 : -10, dy: narrow ? -10 : 0, fill: "currentColor", stroke: "var(--paper)", strokeWidth: 5 }),
        Plot.text(lines, { y: "row", text: "value", frameAnchor: "right", textAnchor: narrow ? "end" : "start", dx: narrow ? 14 : 10, dy: narrow ? -10 : 0, fill: "var(--soft)", stroke: "var(--paper)", strokeWidth: 5 }),
        Plot.tip(lines, Plot.pointerY({ x: "at", y: "row", title: "title" })),
      ],
    });
  }

  for (const chart of data.intervals) {
    const place = document.querySelector(`[data-chart="${chart.name}"]`);
    if (!place || !chart.lines.length) continue;
    let drawn = 0;
    new ResizeObserver(() => {
      const width = Math.floor(place.clientWidth);
      if (!width || width === drawn) return;
      drawn = width;
      const picture = intervals(chart, width);
      for (const piece of picture.querySelectorAll("[aria-label]")) piece.removeAttribute("aria-label");
      picture.setAttribute("role", "img");
      picture.setAttribute("aria-label", `${chart.title}. ${chart.summary}`);
      place.replaceChildren(picture);
    }).observe(place);
  }
})();
