/* Draw everything for the first time, and listen. */

if (truth) {
  drawRoc();
  drawBoxes();
}
element("threshold").max = thresholds.length - 1;
element("threshold").value = firstStep();
element("threshold").oninput = showThreshold;
element("opacity").oninput = showOpacity;
element("stretch").oninput = drawDetection;
for (const select of selects) if (select) select.oninput = showBands;
element("zoom-in").onclick = () => zoomStep(1.5);
element("zoom-out").onclick = () => zoomStep(1 / 1.5);
element("zoom-all").onclick = () => setView(1);
element("objects").onclick = jumpToObject;
element("spectrum").onpointermove = readBand;
element("spectrum").onpointerdown = readBand;
element("spectrum").onpointerleave = leaveBand;
element("save-spectrum").onclick = saveSpectrum;
stages.forEach(listen);
addEventListener("scroll", () => { scrolledAt = performance.now(); hideHover(); }, { passive: true });
new ResizeObserver(() => { sharpen(); if (chart.series) plotSoon(); }).observe(element("spectrum"));

setView(1);
drawScenes();
drawDetection();
showOpacity();
showThreshold();
setTimeout(() => select(...strongestPixel())); // after the maps: it decodes the spectra
