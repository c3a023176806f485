// Draws the charts, filters the examples, copies tables. Without it the page is whole: charts become their tables.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const paint = (tone) => `var(--${tone === "ink" ? "bar" : tone})`;
  const letter = 7.4; // a letter's usual width in pixels at 14 px

  // Bars with their names above them: room for long names on any width.
  function bars(chart, width) {
    const most = Math.max(1, ...chart.segments.map((s) => s.stop));
    const rows = chart.bars.map((b, row) => ({ ...b, row }));
    const room = (row) => Math.max(8, (width - letter * row.value.length - 12) / letter);
    return Plot.plot({
      ...frame(width, rows.length * 48),
      x: { axis: null, domain: [0, most] },
      y: { axis: null, domain: rows.map((r) => r.row), padding: 0 },
      marks: [
        Plot.barX(chart.segments, { x1: 0, x2: most, y: "row", fill: "var(--sunken)", insetTop: 24, insetBottom: 8 }),
        Plot.barX(chart.segments, { x1: "start", x2: "stop", y: "row", fill: (s) => paint(s.tone), stroke: (s) => paint(s.tone), strokeWidth: 0.75, insetTop: 24, insetBottom: 8 }),
        ...rows.map((row) => Plot.text([row], { y: "row", text: (r) => short(r.label, room(r)), frameAnchor: "left", dy: -11, fontWeight: 500 })),
        Plot.text(rows, { y: "row", text: "value", frameAnchor: "right", textAnchor: "end", dy: -11, fill: "var(--soft)" }),
        Plot.tip(chart.segments, Plot.pointerY({ x: (s) => (s.start + s.stop) / 2, y: "row", dy: 4, title: "title" })),
      ],
    });
  }

  // Thin bars with short names beside them.
  function rows(chart, width) {
    const lines = chart.bars.map((b, row) => ({ ...b, row }));
    const most = Math.max(1, ...chart.segments.map((s) => s.stop));
    const widest = (key) => Math.max(0, ...lines.map((line) => line[key].length)) * letter;
    if (widest("label") > width * 0.4) return bars(chart, width);
    const left = widest("label") + 14;
    return Plot.plot({
      ...frame(width, lines.length * 26),
      marginLeft: left,
      marginRight: widest("value") + 12,
      x: { axis: null, domain: [0, most] },
      y: { axis: null, domain: lines.map((line) => line.row), padding: 0.3 },
      marks: [
        Plot.barX(chart.segments, { x1: "start", x2: "stop", y: "row", fill: (s) => paint(s.tone), stroke: (s) => paint(s.tone), strokeWidth: 0.75 }),
        Plot.text(lines, { y: "row", text: "label", frameAnchor: "left", textAnchor: "end", dx: -8 }),
        Plot.text(lines, { y: "row", text: "value", frameAnchor: "right", textAnchor: "start", dx: 8, fill: "var(--soft)" }),
        Plot.tip(chart.segments, Plot.pointerY({ x: (s) => (s.start + s.stop) / 2, y: "row", title: "title" })),
      ],
    });
  }

  // Bins of a score, on a logarithmic scale, with the limits as lines.
  function bins(chart, width) {
    const most = Math.max(10, ...chart.segments.map((s) => s.row));
    const tens = Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, i) => 10 ** i);
    const count = new Intl.NumberFormat(data.lang, { notation: "compact" });
    const score = new Intl.NumberFormat(data.lang);
    return Plot.plot({
      ...frame(width, 260),
      marginLeft: 44,
      marginRight: 8,
      marginBottom: 30,
      marginTop: 28,
      x: { domain: [0, 1], label: null, tickFormat: (v) => score.format(v), ticks: width < 480 ? 5 : 10 },
      y: { type: "log", domain: [0.6, most], label: null },
      marks: [
        Plot.ruleY(tens, { stroke: "var(--line)" }),
        Plot.axisY(tens, { tickFormat: (v) => count.format(v), tickSize: 0, label: null }),
        Plot.rectY(chart.segments, { x1: "start", x2: "stop", y1: 0.6, y2: "row", fill: (s) => paint(s.tone), inset: 0.75 }),
        Plot.ruleX(chart.limits, { x: (l) => l[0], stroke: "var(--removed)", strokeWidth: 2 }),
        Plot.text(chart.limits, { x: (l) => l[0], text: (l) => l[1], frameAnchor: "top", dy: -20, dx: -4, textAnchor: "end", fill: "var(--removed)", fontWeight: 600 }),
        Plot.tip(chart.segments, Plot.pointerX({ x: (s) => (s.start + s.stop) / 2, y: "row", title: "title" })),
      ],
    });
  }

  function frame(width, height) {
    return { className: "plot", width, height, margin: 0, style: { fontSize: "14px" } };
  }

  function short(name, letters) {
    const most = Math.floor(letters);
    if (name.length <= most) return name;
    const half = Math.max(2, Math.floor((most - 1) / 2));
    return `${name.slice(0, half)}…${name.slice(-half)}`;
  }

  const draw = { bars, rows, bins };
  for (const chart of data.charts) {
    const place = document.querySelector(`[data-chart="${chart.name}"]`);
    if (!place) continue;
    let drawn = 0;
    new ResizeObserver(() => {
      const width = Math.floor(place.clientWidth);
      if (!width || width === drawn) return;
      drawn = width;
      const picture = draw[chart.kind](chart, width);
      // The picture has one name; names of its pieces are not for groups without a role.
      for (const piece of picture.querySelectorAll("[aria-label]")) piece.removeAttribute("aria-label");
      picture.setAttribute("role", "img");
      picture.setAttribute("aria-label", `${chart.title}. ${chart.summary}`);
      place.replaceChildren(picture);
    }).observe(place);
  }

  // Search over the examples.
  const form = document.querySelector("[data-search]");
  const passes = [...document.querySelectorAll("[data-pass]")].map((section) => ({
    section,
    details: section.querySelector("[data-examples]"),
    examples: [...section.querySelectorAll("[data-example]")].map((node) => ({ node, text: node.textContent.toLowerCase() })),
  }));
  function filter() {
    const wanted = form.elements.text.value.toLowerCase().split(/\s+/).filter(Boolean);
    const pass = form.elements.pass.value;
    const asked = wanted.length > 0 || pass !== "";
    let found = 0;
    for (const { section, details, examples } of passes) {
      const own = !pass || section.dataset.pass === pass;
      let here = 0;
      for (const { node, text } of examples) {
        const fits = own && wanted.every((word) => text.includes(word));
        node.hidden = !fits;
        if (fits) here += 1;
      }
      found += here;
      section.hidden = asked && (!own || (wanted.length > 0 && !here));
      if (details && asked && here) details.open = true;
    }
    const status = form.querySelector("[role=status]");
    const one = new Intl.PluralRules(data.lang).select(found) === "one";
    const said = found ? status.dataset[one ? "one" : "other"] : status.dataset.none;
    status.textContent = asked ? said.replace("{n}", new Intl.NumberFormat(data.lang).format(found)) : "";
  }
  if (form && passes.some((pass) => pass.examples.length)) {
    form.hidden = false;
    form.addEventListener("input", filter);
    form.addEventListener("submit", (event) => event.preventDefault());
  }

  // Filter the rows of a long table.
  for (const box of document.querySelectorAll("[data-table]")) {
    const filter = box.querySelector(".filter");
    if (!filter) continue;
    const rows = [...box.querySelectorAll("tbody tr")].map((row) => ({ row, text: row.textContent.toLowerCase() }));
    const status = filter.querySelector("[role=status]");
    const number = new Intl.NumberFormat(data.lang);
    filter.hidden = false;
    filter.querySelector("input").addEventListener("input", (event) => {
      const wanted = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
      for (const { row, text } of rows) row.hidden = !wanted.every((word) => text.includes(word));
      const found = rows.filter(({ row }) => !row.hidden).length;
      status.textContent = wanted.length ? `${number.format(found)} / ${number.format(rows.length)}` : "";
    });
  }

  // Copy a table as tab-separated text, numbers without separators.
  for (const box of document.querySelectorAll("[data-table]")) {
    const button = box.querySelector(".copy");
    const name = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      const lines = [...box.querySelectorAll("tr:not([hidden])")].map((row) =>
        [...row.cells].map((cell) => cell.dataset.n ?? cell.textContent.trim()).join("\t"));
      try {
        await navigator.clipboard.writeText(lines.join("\n"));
        button.textContent = button.dataset.done;
        setTimeout(() => { button.textContent = name; }, 1500);
      } catch {
        getSelection().selectAllChildren(box.querySelector("table"));
      }
    });
  }
})();
