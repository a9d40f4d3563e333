/* Axes with round numbers. */

/* About as many round numbers as asked for, from a smallest to a largest value. */
function roundNumbers(low, high, count) {
  const raw = (high - low) / count, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].find((factor) => factor * power >= raw * 0.999) * power;
  const first = Math.ceil(low / step - 1e-9), last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/* A line through the points of bands, interrupted where bands are missing; a single band is a dot. */
function linePath(values, x, y) {
  return data.bands.runs.map(([first, last]) => {
    const points = [];
    for (let band = first; band < last; band++)
      points.push(`${x(data.bands.positions[band]).toFixed(1)} ${y(values[band]).toFixed(1)}`);
    return `M${points.join("L")}${points.length === 1 ? "h.01" : ""}`;
  }).join("");
}

/* The area between two lines. */
function areaPath(lower, upper, x, y) {
  return data.bands.runs.map(([first, last]) => {
    const points = [];
    for (let band = first; band < last; band++) points.push([band, upper]);
    for (let band = last - 1; band >= first; band--) points.push([band, lower]);
    return `M${points.map(([band, values]) =>
      `${x(data.bands.positions[band]).toFixed(1)} ${y(values[band]).toFixed(1)}`).join("L")}Z`;
  }).join("");
}
