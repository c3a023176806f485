// Draws the map of topics. Without it the section is whole: the map has its table.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("diversity-data").textContent);
  const place = document.querySelector("[data-map]");
  if (!place || !data.map) return;
  const paint = (tone) => `var(--${tone})`;
  const bubbles = [...data.map.bubbles].sort((a, b) => b.share - a.share);
  const largest = Math.max(...bubbles.map((b) => b.share), 1e-9);

  // Names of the largest topics that do not run into one another; at an edge they are moved inside.
  function named(x, y, width) {
    const taken = [];
    const letter = 7.2;
    return bubbles.flatMap((b) => {
      const half = (short(b.name, width).length * letter) / 2;
      const at = { text: short(b.name, width), half, cx: Math.min(Math.max(x(b.x), half + 4), width - half - 4), cy: y(b.y) };
      const free = taken.every((t) => Math.abs(t.cy - at.cy) > 18 || Math.abs(t.cx - at.cx) > t.half + half + 6);
      if (!free || half * 2 > width) return [];
      taken.push(at);
      return [at];
    });
  }

  function short(name, width) {
    const first = name.split(" · ");
    return width < 560 ? first[0] : first.slice(0, 2).join(" · ");
  }

  function draw(width) {
    const height = Math.round(Math.min(560, Math.max(320, width * 0.62)));
    const most = width < 560 ? 22 : 34;
    const pad = most + 18;
    const x = (v) => pad + ((v + 1) / 2) * (width - 2 * pad);
    const y = (v) => pad + ((1 - v) / 2) * (height - 2 * pad);
    return Plot.plot({
      className: "plot",
      width,
      height,
      margin: 0,
      style: { fontSize: "13px" },
      x: { axis: null, domain: [0, width], range: [0, width] },
      y: { axis: null, domain: [0, height], range: [0, height] },
      marks: [
        Plot.dot(bubbles, { x: (b) => x(b.x), y: (b) => y(b.y), r: (b) => 3 + (most - 3) * Math.sqrt(b.share / largest), fill: (b) => paint(b.tone), fillOpacity: 0.28, stroke: (b) => paint(b.tone), strokeWidth: 1.25 }),
        Plot.text(named(x, y, width), { x: "cx", y: "cy", text: "text", fill: "var(--ink)", stroke: "var(--paper)", strokeWidth: 3 }),
        Plot.tip(bubbles, Plot.pointer({ x: (b) => x(b.x), y: (b) => y(b.y), title: "title" })),
      ],
      r: { type: "identity" },
    });
  }

  let drawn = 0;
  new ResizeObserver(() => {
    const width = Math.floor(place.clientWidth);
    if (!width || width === drawn) return;
    drawn = width;
    const picture = draw(width);
    for (const piece of picture.querySelectorAll("[aria-label]")) piece.removeAttribute("aria-label");
    picture.setAttribute("role", "img");
    picture.setAttribute("aria-label", `${data.map.title}. ${data.map.summary}`);
    place.replaceChildren(picture);
  }).observe(place);
})();
