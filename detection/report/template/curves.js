/* The ROC curve and the box plot, both 360 × 310 units, with vertical axes from 0 to 1. */

const [left, right, above, below] = [48, 350, 8, 256];
const y = (share) => below - share * (below - above);

/* False alarm rates are on a log axis that starts at one false alarm; none is drawn there too. */
const least = truth && Math.min(0.1, 1 / background.length);
const x = (share) => right - Math.log(Math.max(share, least)) / Math.log(least) * (right - left);

function frame(title) {
  const grid = [0, 0.2, 0.4, 0.6, 0.8, 1].map((share) => `
    <line class="grid" x1="${left}" x2="${right}" y1="${y(share)}" y2="${y(share)}"/>
    <text class="end" x="${left - 8}" y="${y(share) + 4}">${share}</text>`).join("");
  return `${grid}<text class="middle" transform="translate(12 ${y(0.5)}) rotate(-90)">${title}</text>`;
}

function drawRoc() {
  let ticks = "";
  for (let power = 0; 10 ** -power >= least * 0.999; power++) {
    const label = power < 2 ? 10 ** -power : `10<tspan dy="-5" font-size="9">−${power}</tspan>`;
    const at = x(10 ** -power);
    ticks += `<line class="grid" x1="${at}" x2="${at}" y1="${above}" y2="${below}"/>
      <text class="middle" x="${at}" y="${below + 18}">${label}</text>`;
  }
  element("roc").innerHTML = `${frame("Detection rate")}${ticks}
    <text class="middle" x="${(left + right) / 2}" y="${below + 40}">False alarm rate</text>
    <path class="curve" d="${rocPath()}"/><circle id="dot" class="now" r="5"/>`;
}

/* The steps of the ROC curve, to a tenth of a unit: a large ground truth has more than can be seen. */
function rocPath() {
  const steps = new Set(); // in the order of their insertion
  for (const threshold of new Set(anomalies.toReversed())) {
    const alarms = countDetected(background, threshold) / background.length;
    const hits = countDetected(anomalies, threshold) / anomalies.length;
    steps.add(`H${x(alarms).toFixed(1)}V${y(hits).toFixed(1)}`);
  }
  return `M${left} ${below}${[...steps].join("")}H${right}`;
}

function box(sorted, at, name) {
  const [low, tenth, median, ninetieth, high] =
    [0, 10, 50, 90, 100].map((percent) => percentile(sorted, percent));
  return `<path class="whisker" d="M${at} ${y(low)}V${y(high)}M${at - 15} ${y(low)}h30
      M${at - 15} ${y(high)}h30"/>
    <rect class="${name}" x="${at - 36}" width="72" y="${y(ninetieth)}"
      height="${y(tenth) - y(ninetieth)}"/>
    <path class="median" d="M${at - 36} ${y(median)}h72"/>
    <text class="middle" x="${at}" y="${below + 18}">${name}</text>
    <text class="middle" x="${at}" y="${below + 35}">median ${short(median)}</text>
    <text class="middle" x="${at}" y="${below + 52}">${short(tenth)} – ${short(ninetieth)}</text>`;
}

function drawBoxes() {
  element("boxes").innerHTML = `${frame("Score")}
    ${box(background, left + 80, "background")}${box(anomalies, right - 80, "anomalies")}
    <line id="line" class="threshold" x1="${left}" x2="${right}"/>`;
}
