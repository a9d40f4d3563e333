/* The bands shown as red, green and blue; chosen where the page has the spectra of all pixels. */

const selects = ["red", "green", "blue"].map(element);

/* Draw on the scene of every map. */
function onScenes(draw) {
  for (const canvas of document.querySelectorAll("canvas.scene")) draw(canvas.getContext("2d"));
}

/* Draw the picture that the page comes with; style sheets take long with one so large. */
async function drawScenes() {
  await element("scene").decode();
  onScenes((context) => context.drawImage(element("scene"), 0, 0));
}

function showBands() {
  const { pixels } = decodeSpectra(), image = new ImageData(width, height);
  image.data.fill(255);
  selects.forEach((select, channel) => {
    const values = stretchedBand(Number(select.value));
    pixels.forEach((pixel, i) => { image.data[4 * pixel + channel] = values[i]; });
  });
  onScenes((context) => context.putImageData(image, 0, 0));
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
