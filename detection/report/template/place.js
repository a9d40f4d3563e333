/* Where pixels are on a map. Whole rows and columns are the centres of pixels. */

function mapPosition(row, column) {
  const [a, b, c, d, e, f] = data.place.transform;
  const across = column + 0.5, down = row + 0.5;
  return [a * across + b * down + c, d * across + e * down + f];
}

/* Longitude and latitude, interpolated between the nodes of a grid; null where they are unknown. */
function degrees(row, column) {
  const grid = data.place && data.place.degrees;
  if (!grid) return null;
  const cells = grid.nodes - 1;
  const down = cells * row / Math.max(height - 1, 1), across = cells * column / Math.max(width - 1, 1);
  const i = Math.min(Math.floor(down), cells - 1), j = Math.min(Math.floor(across), cells - 1);
  const found = [grid.longitudes, grid.latitudes].map((values) => {
    const corners = [0, 1, grid.nodes, grid.nodes + 1].map((step) => values[i * grid.nodes + j + step]);
    if (corners.includes(null)) return NaN;
    const [upper, lower] = [corners.slice(0, 2), corners.slice(2)]
      .map(([left, right]) => left + (right - left) * (across - j));
    return upper + (lower - upper) * (down - i);
  });
  return found.some(isNaN) ? null : [found[0] > 180 ? found[0] - 360 : found[0], found[1]];
}

/* Digits behind the point that the interpolation, or seven, has right. */
const degreeDigits = data.place && data.place.degrees
  ? Math.max(0, Math.min(7, Math.floor(-Math.log10(data.place.degrees.error || 1e-9)))) : 0;
/* Map coordinates to a hundredth of a pixel. */
const mapDigits = data.place
  ? Math.max(0, Math.min(8, 2 - Math.floor(Math.log10(Math.hypot(data.place.transform[0],
    data.place.transform[3]))))) : 0;

/* A place as lines of text; none without a georeference. */
function placeLines(row, column) {
  if (!data.place) return [];
  const lines = [], found = degrees(row, column);
  if (found) {
    const [east, north] = found.map((value) => withDigits(Math.abs(value), degreeDigits));
    lines.push(`${east}° ${found[0] < 0 ? "W" : "E"}, ${north}° ${found[1] < 0 ? "S" : "N"}`);
  }
  if (!found || !data.place.geographic) {
    const [x, y] = mapPosition(row, column).map((value) => withDigits(value, mapDigits));
    lines.push(`x ${x}, y ${y}${data.place.system && ` (${data.place.system})`}`);
  }
  return lines;
}
