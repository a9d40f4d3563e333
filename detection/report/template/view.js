/* The part of the scene that all maps show: zoom, and where it begins. */

const root = document.documentElement;
const stages = [...document.querySelectorAll(".stage")];
const view = { zoom: 1, left: 0, top: 0 }; // left and top in widths and heights of a stage
const mostZoom = Math.max(1, Math.max(width, height) / 8); // then a stage shows 8 pixels

/* Show a part of the scene, as far as there is one; its zoom without further numbers. */
function setView(zoom, left = view.left, top = view.top) {
  view.zoom = Math.max(1, Math.min(mostZoom, zoom));
  view.left = Math.max(1 - view.zoom, Math.min(0, left));
  view.top = Math.max(1 - view.zoom, Math.min(0, top));
  for (const name of ["zoom", "left", "top"]) root.style.setProperty(`--${name}`, view[name]);
  root.classList.toggle("zoomed", view.zoom > 1);
  element("zoom-shown").textContent = `× ${compact(Number(view.zoom.toPrecision(3)))}`;
  element("zoom-in").disabled = view.zoom === mostZoom;
  element("zoom-out").disabled = element("zoom-all").disabled = view.zoom === 1;
  sharpen();
}

/* Show pixels as squares where they are at least a screen's pixel in size. */
function sharpen() {
  root.classList.toggle("crisp", stages[0].clientWidth * view.zoom >= width);
}

/* Zoom around a place in the stage, whose centre is 0.5, 0.5. */
function zoomAround(factor, across = 0.5, down = 0.5) {
  const zoom = Math.max(1, Math.min(mostZoom, view.zoom * factor)), ratio = zoom / view.zoom;
  setView(zoom, across - (across - view.left) * ratio, down - (down - view.top) * ratio);
}

/* Where the selected pixel is in a stage: from 0 to 1 where it is seen. */
function selectionPlace() {
  return [view.left + view.zoom * (selection.column + 0.5) / width,
    view.top + view.zoom * (selection.row + 0.5) / height];
}

function centreSelection() {
  const [across, down] = selectionPlace();
  setView(view.zoom, view.left + 0.5 - across, view.top + 0.5 - down);
}

/* Move the view so that the selected pixel is in it. */
function showSelection() {
  if (selectionPlace().some((place) => place < 0 || place > 1)) centreSelection();
}

/* Zoom around the selected pixel where it is seen, or else around the centre. */
function zoomStep(factor) {
  const place = selectionPlace();
  const seen = place.every((share) => share >= 0 && share <= 1);
  zoomAround(factor, ...(seen ? place : [0.5, 0.5]));
}
