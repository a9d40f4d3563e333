/* The colours of the detection map: from scores to 256 colours. */

const colours = Uint32Array.from(data.colours, (rgb) => canvasColour(rgb));

/* A colour 0xRRGGBB as a canvas stores it, 0xAABBGGRR. */
function canvasColour(rgb) {
  return (0xff000000 | ((rgb & 0xff) << 16) | (rgb & 0xff00) | (rgb >> 16)) >>> 0;
}

/* The scores of the first and of the last colour, and whether the ones between are logarithmic.
   As in detection/figures/stretch.py. */
function stretchRange(kind) {
  const least = ranked[0], most = ranked[ranked.length - 1];
  const positive = ranked.subarray(ranked.length - countDetected(ranked, Number.MIN_VALUE));
  if (kind === "log" && positive.length) {
    const low = Math.max(percentile(positive, 1), most / 1e4);
    return [low < most ? low : most / 10, most, true];
  }
  const share = kind === "percentile" ? data.share : 0;
  let [low, high] = [percentile(ranked, share), percentile(ranked, 100 - share)];
  if (low === high) [low, high] = [least, most];
  return [low, high > low ? high : low + 1, false];
}

function drawDetection() {
  const [low, high, logarithmic] = stretchRange(element("stretch").value);
  const context = element("detection").getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  const factor = 256 / (logarithmic ? Math.log(high / low) : high - low);
  for (let i = 0; i < scores.length; i++) {
    if (isNaN(scores[i])) continue;
    const place = logarithmic ? Math.log(Math.max(scores[i], low) / low) : scores[i] - low;
    pixels[i] = colours[Math.max(0, Math.min(255, Math.floor(place * factor)))];
  }
  context.putImageData(image, 0, 0);
  drawBar(low, high, logarithmic);
}

/* The colours with the scores that they stand for; clipped scores are beyond the ends. */
function drawBar(low, high, logarithmic) {
  const places = [0, 0.25, 0.5, 0.75, 1];
  const marks = places.map((place) =>
    compact(Number((logarithmic ? low * (high / low) ** place : low + place * (high - low))
      .toPrecision(3))));
  if (ranked[0] < low) marks[0] = `≤ ${marks[0]}`;
  if (ranked[ranked.length - 1] > high) marks[4] = `≥ ${marks[4]}`;
  element("bar-scores").innerHTML = marks.map((mark) => `<span>${mark}</span>`).join("");
  const stops = data.colours.filter((_, i) => i % 15 === 0)
    .map((rgb) => `#${rgb.toString(16).padStart(6, "0")}`);
  document.querySelector(".bar").style.background = `linear-gradient(to right, ${stops.join()})`;
}

function showOpacity() {
  const percent = element("opacity").value;
  element("detection").style.opacity = percent / 100;
  element("opacity-shown").textContent = `${percent} %`;
}
