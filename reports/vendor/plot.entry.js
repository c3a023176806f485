// What the pages use of Observable Plot; esbuild leaves the rest out.
export { plot, barX, rectY, rectX, ruleX, ruleY, text, dot, link, lineY, areaY, axisX, axisY, gridX, gridY, tip, pointer, pointerX, pointerY } from "@observablehq/plot";
