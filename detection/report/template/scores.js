/* The scores, their classes and their ranks. */

const scores = new Float32Array(bytes("scores").buffer); // NaN where there is no data
// 0 background, 1 anomalous, 2 unlabelled; null without a ground truth of both classes
const truth = bytes("truth");
const ranked = sortedScores(() => true);
const anomalies = truth && sortedScores((i) => truth[i] === 1);
const background = truth && without(ranked, sortedScores((i) => truth[i] !== 0));

/* The scores of some pixels with data, ascending. */
function sortedScores(isMeant) {
  const values = new Float32Array(scores.length);
  let count = 0;
  for (let i = 0; i < scores.length; i++)
    if (!isNaN(scores[i]) && isMeant(i)) values[count++] = scores[i];
  return values.slice(0, count).sort();
}

/* Sorted values without some of them, sorted too: quicker than to sort the others. */
function without(sorted, removed) {
  const left = new sorted.constructor(sorted.length - removed.length);
  let at = 0, count = 0;
  for (const value of sorted)
    if (value === removed[at]) at++;
    else left[count++] = value;
  return left;
}

/* How many of sorted scores are at least the threshold. */
function countDetected(sorted, threshold) {
  let low = 0, high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < threshold) low = middle + 1;
    else high = middle;
  }
  return sorted.length - low;
}

/* A percentile of sorted values, interpolated as NumPy does. */
function percentile(sorted, percent) {
  const place = (sorted.length - 1) * percent / 100, under = Math.floor(place);
  const next = sorted[Math.min(under + 1, sorted.length - 1)];
  return sorted[under] + (next - sorted[under]) * (place - under);
}

/* The strongest pixel. */
function strongestPixel() {
  const pixel = scores.indexOf(ranked[ranked.length - 1]);
  return [Math.floor(pixel / width), pixel % width];
}
