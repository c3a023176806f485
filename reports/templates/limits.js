// Moves a limit: shows what would be kept at it, and the line that makes it so. Without it the tables are there.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  for (const box of document.querySelectorAll("[data-limit]")) {
    const limit = data.limits[Number(box.dataset.limit)];
    const slider = box.querySelector("input[type=range]");
    const place = box.querySelector("[data-moves]");
    const line = box.querySelector("[data-line]");
    for (const hidden of box.querySelectorAll("[hidden]")) hidden.hidden = false;

    // Each value as what it adds or takes against where the limit stands; the chosen one is full.
    function draw() {
      const width = Math.floor(place.clientWidth);
      if (!width) return;
      const chosen = Number(slider.value);
      const moved = limit.drawn.map((count, step) => ({ step, by: count - limit.drawn[limit.place] }));
      const tone = (one) => (limit.draws === "met" ? "var(--flagged)" : one.by < 0 ? "var(--removed)" : "var(--kept)");
      const most = Math.max(1, ...moved.map((one) => Math.abs(one.by)));
      const ends = [Math.min(0, ...moved.map((one) => one.by)), Math.max(0, ...moved.map((one) => one.by))];
      const picture = Plot.plot({
        className: "plot",
        width,
        height: 84,
        margin: 0,
        marginTop: 4,
        marginBottom: 4,
        marginLeft: 8,
        marginRight: 8,
        x: { axis: null, domain: [0, moved.length - 1] }, // bars stand over the slider's own places
        y: { axis: null, domain: ends[0] === ends[1] ? [-most, most] : ends },
        marks: [
          Plot.rectY(moved, { x1: (one) => one.step - 0.36, x2: (one) => one.step + 0.36, y1: 0, y2: "by", fill: tone, fillOpacity: (one) => (one.step === chosen ? 1 : 0.38) }),
          Plot.ruleY([0], { stroke: "var(--bar)" }),
          Plot.dot([{ step: limit.place }], { x: "step", y: 0, r: 4, fill: "var(--ink)", stroke: "var(--surface)" }),
          Plot.dot([{ step: chosen }], { x: "step", y: moved[chosen].by, r: 5, fill: tone(moved[chosen]), stroke: "var(--surface)", strokeWidth: 1.5 }),
        ],
      });
      for (const piece of picture.querySelectorAll("[aria-label]")) piece.removeAttribute("aria-label");
      picture.setAttribute("aria-hidden", "true");
      place.replaceChildren(picture);
    }

    function show() {
      const step = limit.steps[Number(slider.value)];
      for (const told of box.querySelectorAll("[data-told]")) told.textContent = step[told.dataset.told];
      box.querySelector("[data-at]").textContent = step.at;
      box.querySelector("[data-now]").hidden = Number(slider.value) !== limit.place;
      line.textContent = `curate rejudge OUT --set ${step.set}`;
      slider.setAttribute("aria-valuetext", step.said);
      draw();
    }

    slider.addEventListener("input", show);
    new ResizeObserver(draw).observe(place);
    show();

    const button = box.querySelector("[data-copy-line]");
    const name = button.innerHTML;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(line.textContent);
        button.textContent = button.dataset.done;
        setTimeout(() => { button.innerHTML = name; }, 1500);
      } catch {
        getSelection().selectAllChildren(line);
      }
    });
  }
})();
