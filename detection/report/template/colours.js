/* The bands shown as red, green and blue; chosen where the page has the spectra of all pixels. */

const selects = ["red", "green", "blue"].map(element);

function showBands() {
  const { pixels } = decodeSpectra(), canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const context = canvas.getContext("2d"), image = context.createImageData(width, height);
  image.data.fill(255);
  selects.forEach((select, channel) => {
    const values = stretchedBand(Number(select.value));
    pixels.forEach((pixel, i) => { image.data[4 * pixel + channel] = values[i]; });
  });
  context.putImageData(image, 0, 0);
  element("scene-picture").textContent =
    `.scene::before { background-image: url(${canvas.toDataURL()}); }`;
  element("bands-shown").textContent = "three bands";
}

/* A band between its 2nd and 98th percentile, from 0 to 255; its scale does not matter. */
function stretchedBand(band) {
  const { spectra, pixels } = decodeSpectra();
  const sign = Math.sign(data.spectra.scale[band]) || 1;
  const values = Float32Array.from(pixels, (_, i) => sign * spectra[i * bandCount + band]);
  const sorted = values.slice().sort();
  const low = percentile(sorted, 2), spread = percentile(sorted, 98) - low;
  return values.map((value) => Math.max(0, Math.min(255, 255 * (value - low) / (spread || 1))));
}
