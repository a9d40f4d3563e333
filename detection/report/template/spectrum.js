/* The plot of the selected pixel's spectrum. */

const chart = { left: 64, below: 42, above: 10, right: 12, place: -1 };

/* The bands that are drawn: all but the bad ones. */
const drawnBands = data.bands.runs.flatMap(([first, last]) =>
  Array.from({ length: last - first }, (_, i) => first + i));

/* The lines of the plot: their values by name. */
function chartSeries(place) {
  const { mean, deviation } = data.background;
  return {
    lower: mean.map((value, band) => value - deviation[band]),
    upper: mean.map((value, band) => value + deviation[band]),
    mean,
    rebuilt: valuesOf("rebuilt", place),
    spectrum: valuesOf("spectra", place),
  };
}

function drawSpectrum() {
  const svg = element("spectrum"), { left, right, above, below } = chart;
  const wide = svg.clientWidth, high = svg.clientHeight;
  svg.setAttribute("viewBox", `0 0 ${wide} ${high}`);
  const series = chart.series = chartSeries(chart.place);
  const shown = Object.values(series).filter(Boolean)
    .flatMap((values) => drawnBands.map((band) => values[band]));
  const [least, most] = padded(shown), [first, last] =
    padded(drawnBands.map((band) => data.bands.positions[band]), 0.01);
  const x = chart.x = (at) => left + (at - first) / (last - first) * (wide - left - right);
  const y = chart.y = (value) => high - below - (value - least) / (most - least) * (high - below - above);
  svg.innerHTML = `${chartAxes({ wide, high, x, y, horizontal: [first, last], vertical: [least, most] })}
    <path class="deviation" style="fill: var(--quiet)" d="${areaPath(series.lower, series.upper, x, y)}"/>
    <path class="mean" d="${linePath(series.mean, x, y)}"/>
    <path class="spectrum" d="${linePath(series.spectrum, x, y)}"/>
    ${series.rebuilt ? `<path class="rebuilt" d="${linePath(series.rebuilt, x, y)}"/>` : ""}
    <line id="band-line" class="threshold" y1="${above}" y2="${high - below}" visibility="hidden"/>`;
}

/* The range of values, with some room at both ends. */
function padded(values, share = 0.04) {
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  const room = high > low ? share * (high - low) : Math.max(Math.abs(high) / 10, 1e-6);
  return [low - room, high + room];
}

function chartAxes({ wide, high, x, y, horizontal, vertical }) {
  const { left, right, above, below } = chart, bottom = high - below;
  const columns = roundNumbers(...horizontal, Math.max(2, wide / 90))
    .filter((at) => data.bands.title !== "Band" || Number.isInteger(at)).map((at) => `
    <line class="grid" x1="${x(at)}" x2="${x(at)}" y1="${above}" y2="${bottom}"/>
    <text class="middle" x="${x(at)}" y="${bottom + 17}">${compact(at)}</text>`);
  const rows = roundNumbers(...vertical, 5).map((value) => `
    <line class="grid" x1="${left}" x2="${wide - right}" y1="${y(value)}" y2="${y(value)}"/>
    <text class="end" x="${left - 7}" y="${y(value) + 4}">${compact(value)}</text>`);
  return `${columns.join("")}${rows.join("")}
    <text class="middle" x="${(left + wide - right) / 2}" y="${high - 6}">${data.bands.title}</text>
    <text class="middle" transform="translate(12 ${(above + bottom) / 2}) rotate(-90)">${data.unit}</text>`;
}

/* The band nearest to the pointer, and its values. */
function readBand(event) {
  const box = element("spectrum").getBoundingClientRect(), at = event.clientX - box.left;
  const distance = (band) => Math.abs(chart.x(data.bands.positions[band]) - at);
  const band = drawnBands.reduce((best, other) => (distance(other) < distance(best) ? other : best));
  const { spectrum, rebuilt, mean } = chart.series, line = element("band-line");
  for (const end of ["x1", "x2"]) line.setAttribute(end, chart.x(data.bands.positions[band]));
  line.setAttribute("visibility", "visible");
  element("spectrum-values").textContent = [
    `${bandName(band)}: ${compact(spectrum[band])}`,
    ...(rebuilt ? [`reconstruction ${compact(rebuilt[band])}`] : []),
    `background ${compact(mean[band])} ± ${compact(data.background.deviation[band])}`,
  ].join(", ");
}

function bandName(band) {
  const named = `band ${data.bands.numbers[band]}`;
  return data.bands.title === "Band" ? named : `${compact(data.bands.positions[band])} nm (${named})`;
}

function leaveBand() {
  element("spectrum-values").textContent = "";
  element("band-line")?.setAttribute("visibility", "hidden");
}

/* Save the plotted values, with the pixel in the file's name. */
function saveSpectrum() {
  const { spectrum, rebuilt, mean } = chart.series, names = ["spectrum", "reconstruction"];
  const used = [spectrum, rebuilt].map((values, i) => [names[i], values]).filter(([, values]) => values);
  const axis = data.bands.title === "Band" ? [] : ["wavelength_nm"];
  const lines = [["band", ...axis, ...used.map(([name]) => name), "background_mean", "background_sd"]];
  mean.forEach((value, band) => lines.push([data.bands.numbers[band],
    ...axis.map(() => data.bands.positions[band]), ...used.map(([, values]) => values[band]),
    value, data.background.deviation[band]].map((cell) => Number(cell.toPrecision(9)))));
  const pixel = decodeSpectra().pixels[chart.place];
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([lines.map((line) => `${line.join()}\n`).join("")], { type: "text/csv" }));
  link.download = `spectrum_row${Math.floor(pixel / width)}_column${pixel % width}.csv`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
