/* The objects at the threshold, as detection/decision/objects.py finds them. */

const MOST_ROWS = 500;

/* Connect detected pixels that touch at a side or a corner, the highest peak first. */
function findObjects(threshold) {
  const seen = new Uint8Array(scores.length), found = [];
  for (let start = 0; start < scores.length; start++)
    if (scores[start] >= threshold && !seen[start]) found.push(collect(start, threshold, seen));
  return found.sort((one, other) => other.score - one.score);
}

/* Collect the object of a pixel, and mark its pixels as seen. */
function collect(start, threshold, seen) {
  const waiting = [start], object = { area: 0, rows: 0, columns: 0, sum: 0, score: -1, peak: start };
  seen[start] = 1;
  while (waiting.length) {
    const pixel = waiting.pop(), row = Math.floor(pixel / width), column = pixel % width;
    add(object, pixel, row, column);
    for (let y = Math.max(row - 1, 0); y <= Math.min(row + 1, height - 1); y++)
      for (let x = Math.max(column - 1, 0); x <= Math.min(column + 1, width - 1); x++) {
        const next = y * width + x;
        if (seen[next] || !(scores[next] >= threshold)) continue;
        seen[next] = 1;
        waiting.push(next);
      }
  }
  return object;
}

function add(object, pixel, row, column) {
  object.area++;
  object.rows += row;
  object.columns += column;
  object.sum += scores[pixel];
  if (scores[pixel] > object.score || (scores[pixel] === object.score && pixel < object.peak))
    [object.score, object.peak] = [scores[pixel], pixel];
}

function showObjects() {
  const threshold = currentThreshold(), found = findObjects(threshold);
  const shown = found.slice(0, MOST_ROWS), cut = found.length > MOST_ROWS;
  element("objects-caption").textContent = `${number(found.length)} object${found.length === 1 ? "" : "s"}`
    + ` at threshold ${short(threshold)}${cut ? `, the ${MOST_ROWS} strongest of them` : ""}`;
  const table = element("objects"), titles = ["Object", "Row", "Column", "Pixels", "Peak", "Mean", ...placeTitles()];
  table.tHead.innerHTML = `<tr>${titles.map((title) => `<th scope="col">${title}</th>`).join("")}</tr>`;
  table.tBodies[0].innerHTML = shown.map(objectRow).join("");
  markObject();
}

function objectRow(object, index) {
  const row = object.rows / object.area, column = object.columns / object.area;
  const cells = [withDigits(row, 1), withDigits(column, 1), number(object.area), short(object.score),
    short(object.sum / object.area), ...placeCells(row, column)];
  return `<tr data-pixel="${object.peak}" data-area="${object.area}"><td><button type="button"
    aria-label="Object ${index + 1}: show">${index + 1}</button></td>
    ${cells.map((cell) => `<td>${cell}</td>`).join("")}</tr>`;
}

/* Longitude and latitude, or else map coordinates. */
function placeTitles() {
  if (!data.place) return [];
  return data.place.degrees ? ["Longitude", "Latitude"] : ["x", "y"];
}

function placeCells(row, column) {
  if (!data.place) return [];
  if (!data.place.degrees) return mapPosition(row, column).map((value) => withDigits(value, mapDigits));
  const found = degrees(row, column);
  return found ? found.map((value) => withDigits(value, degreeDigits)) : ["", ""];
}

/* Mark the row whose strongest pixel is selected. */
function markObject() {
  const pixel = selection.row * width + selection.column;
  for (const row of element("objects").tBodies[0].rows)
    row.toggleAttribute("aria-current", Number(row.dataset.pixel) === pixel);
}

function jumpToObject(event) {
  const row = event.target.closest("tbody tr");
  if (!row) return;
  const pixel = Number(row.dataset.pixel);
  select(Math.floor(pixel / width), pixel % width);
  const across = Math.max(30, 4 * Math.sqrt(Number(row.dataset.area)));
  setView(Math.max(3, Math.min(width, height) / across));
  centreSelection();
  element("maps").scrollIntoView({ block: "nearest" });
}
