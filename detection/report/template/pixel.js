/* The selected pixel, and what is known of any pixel. */

const selection = { row: 0, column: 0 };
const classes = ["background", "anomalous", "unlabelled"];

/* Lines on a pixel: its position, its place on the map, its score and its class. */
function pixelLines(row, column) {
  const pixel = row * width + column, score = scores[pixel];
  const lower = ranked.length - countDetected(ranked, score);
  const share = (Math.floor(10000 * lower / ranked.length) / 100).toFixed(2);
  const about = isNaN(score) ? "no data"
    : `score ${short(score)}, higher than ${share} % of the pixels`;
  const label = truth && !isNaN(score) ? [`ground truth: ${classes[truth[pixel]]}`] : [];
  return [`row ${row}, column ${column}`, ...placeLines(row, column), about, ...label];
}

/* Select a pixel of the scene: mark it in all maps and plot its spectrum. */
function select(row, column) {
  selection.row = Math.max(0, Math.min(height - 1, row));
  selection.column = Math.max(0, Math.min(width - 1, column));
  root.style.setProperty("--row", selection.row);
  root.style.setProperty("--column", selection.column);
  plotSoon();
  markObject();
}

const plotSoon = once(() => {
  const { row, column } = selection, { places, pixels } = decodeSpectra();
  const own = places[row * width + column];
  const [first, ...lines] = pixelLines(row, column);
  let note = "";
  chart.place = own;
  if (own < 0) {
    chart.place = nearestWithSpectrum(row, column);
    const pixel = pixels[chart.place];
    note = `<small>The page does not have its spectrum; plotted is that of the nearest pixel with one,
      row ${Math.floor(pixel / width)}, column ${pixel % width}.</small>`;
  }
  element("selected").innerHTML =
    `${escaped(`Pixel at ${first}`)}<small>${escaped(lines.join(" · "))}</small>${note}`;
  drawSpectrum();
  leaveBand();
});

/* Show lines on a pixel next to the pointer, and mark the pixel in all maps. */
function showHover([row, column], event) {
  root.style.setProperty("--hover-row", row);
  root.style.setProperty("--hover-column", column);
  const box = element("hover");
  box.textContent = pixelLines(row, column).join("\n");
  box.hidden = false;
  const { offsetWidth: wide, offsetHeight: high } = box;
  const beyond = event.clientX + 16 + wide > root.clientWidth;
  box.style.left = `${Math.max(0, beyond ? event.clientX - 16 - wide : event.clientX + 16)}px`;
  box.style.top = `${Math.max(0, Math.min(event.clientY + 16, innerHeight - high))}px`;
}

function hideHover() {
  element("hover").hidden = true;
  root.style.removeProperty("--hover-row");
  root.style.removeProperty("--hover-column");
}
