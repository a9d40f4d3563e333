/* The mask of a threshold, and its rates. */

const thresholds = thresholdSteps();
const currentThreshold = () => thresholds[element("threshold").value];
const [anomaly, missed, alarm, unlabelled] =
  ["--anomaly", "--missed", "--background", "--unlabelled"].map(pixelColour);
const noData = 0xffffffff;
const showObjectsSoon = once(showObjects);

/* The slider's thresholds, from the strongest score: each detects one pixel more, or 3 % more.
   The one to start at is among them. */
function thresholdSteps() {
  const steps = [];
  for (let count = 1; count < ranked.length; count = Math.max(count + 1, Math.round(count * 1.03)))
    steps.push(ranked[ranked.length - count]);
  if (data.threshold !== null) steps.push(data.threshold);
  return [...new Set([...steps, ranked[0]])].sort((one, other) => other - one);
}

/* Where the slider starts: at the threshold given, or at most 1 % of the pixels detected. */
function firstStep() {
  if (data.threshold !== null) return thresholds.indexOf(data.threshold);
  const step = thresholds.findLastIndex((at) => countDetected(ranked, at) <= ranked.length / 100);
  return Math.max(step, 0);
}

/* A colour of the style sheet as a canvas stores it. */
function pixelColour(name) {
  const style = getComputedStyle(document.documentElement);
  return canvasColour(parseInt(style.getPropertyValue(name).trim().slice(1), 16));
}

function drawMask(threshold) {
  const context = element("mask").getContext("2d");
  const image = context.createImageData(width, height);
  const pixels = new Uint32Array(image.data.buffer);
  for (let i = 0; i < scores.length; i++) {
    const detected = scores[i] >= threshold;
    if (isNaN(scores[i])) pixels[i] = noData;
    else if (truth && truth[i] === 1) pixels[i] = detected ? anomaly : missed;
    else if (detected) pixels[i] = !truth ? anomaly : truth[i] ? unlabelled : alarm;
  }
  context.putImageData(image, 0, 0);
}

function showShare(id, count, total, what) {
  element(id).innerHTML = `${percent(count / total)} %
    <small>${number(count)} of ${number(total)} ${what}</small>`;
}

function showThreshold() {
  const threshold = currentThreshold();
  const detected = countDetected(ranked, threshold);
  element("threshold-shown").textContent = short(threshold);
  element("threshold-shown").value = threshold;
  element("threshold").setAttribute("aria-valuetext",
    `${number(detected)} pixels, threshold ${short(threshold)}`);
  showShare("detected", detected, ranked.length, "pixels");
  drawMask(threshold);
  if (truth) showRates(threshold);
  showObjectsSoon();
}

function showRates(threshold) {
  const hits = countDetected(anomalies, threshold);
  const alarms = countDetected(background, threshold);
  showShare("detection-rate", hits, anomalies.length, "anomalous pixels");
  showShare("false-alarm-rate", alarms, background.length, "background pixels");
  element("dot").setAttribute("cx", x(alarms / background.length));
  element("dot").setAttribute("cy", y(hits / anomalies.length));
  element("line").setAttribute("y1", y(threshold));
  element("line").setAttribute("y2", y(threshold));
  element("line").style.display = threshold > 1 ? "none" : ""; // it may be above every score
}
