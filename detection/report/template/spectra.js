/* The spectra of the page's pixels, in physical units; decoded when the first is shown. */

const bandCount = data.bands.positions.length;
let decoded = null;

function decodeSpectra() {
  if (decoded) return decoded;
  const pixels = new Uint32Array(bytes("pixels").buffer);
  const places = new Int32Array(width * height).fill(-1);
  pixels.forEach((pixel, i) => { places[pixel] = i; });
  decoded = { pixels, places, spectra: decodeNumbers("spectra"), rebuilt: decodeNumbers("rebuilt") };
  return decoded;
}

function decodeNumbers(name) {
  const packed = bytes(name);
  return packed && (data.bits === 16 ? new Uint16Array(packed.buffer) : packed);
}

/* The values of a pixel, given its place among those of the page; null for a missing array. */
function valuesOf(name, place) {
  const numbers = decodeSpectra()[name];
  if (!numbers) return null;
  const { scale, offset } = data[name];
  return Array.from(numbers.subarray(place * bandCount, (place + 1) * bandCount),
    (value, band) => value * scale[band] + offset[band]);
}

/* The pixel nearest to one of which the page has no spectrum. */
function nearestWithSpectrum(row, column) {
  const { pixels } = decodeSpectra();
  let best = 0, least = Infinity;
  pixels.forEach((pixel, i) => {
    const distance = (Math.floor(pixel / width) - row) ** 2 + (pixel % width - column) ** 2;
    if (distance < least) [best, least] = [i, distance];
  });
  return best;
}
