/* Mouse, touch and keys on the maps. */

const DRAG = 4; // screen pixels from which a press is no click
const pressed = new Map(); // pointers that are down, by their id
let travelled = 0, scrolledAt = -Infinity;

/* The place of a pointer in a stage, from 0 to 1. */
function stagePlace(stage, { clientX, clientY }) {
  const box = stage.getBoundingClientRect();
  return [(clientX - box.left) / box.width, (clientY - box.top) / box.height];
}

/* The pixel, row and column, under a pointer. */
function pixelUnder(stage, event) {
  const [across, down] = stagePlace(stage, event);
  const row = Math.floor((down - view.top) / view.zoom * height);
  const column = Math.floor((across - view.left) / view.zoom * width);
  return [Math.max(0, Math.min(height - 1, row)), Math.max(0, Math.min(width - 1, column))];
}

function press(stage, event) {
  if (event.button) return;
  pressed.set(event.pointerId, event);
  if (pressed.size === 1) travelled = 0;
  else travelled = DRAG + 1;
  stage.setPointerCapture(event.pointerId);
}

function move(stage, event) {
  const before = pressed.get(event.pointerId);
  if (!before) return event.pointerType === "mouse" && showHover(pixelUnder(stage, event), event);
  const others = [...pressed.values()].filter((other) => other.pointerId !== event.pointerId);
  travelled += Math.hypot(event.clientX - before.clientX, event.clientY - before.clientY);
  pressed.set(event.pointerId, event);
  if (travelled <= DRAG) return;
  hideHover();
  root.classList.add("moving");
  const [from, to] = [before, event].map((at) => stagePlace(stage, at));
  if (others.length) pinch(stagePlace(stage, others[0]), from, to);
  else setView(view.zoom, view.left + to[0] - from[0], view.top + to[1] - from[1]);
}

/* Zoom by the distance of two fingers; what was in their middle stays there. */
function pinch(other, from, to) {
  const apart = (place) => Math.hypot(place[0] - other[0], place[1] - other[1]);
  const middle = [0, 1].map((axis) => (from[axis] + other[axis]) / 2);
  const moved = [0, 1].map((axis) => (to[axis] - from[axis]) / 2);
  zoomAround(apart(to) / Math.max(apart(from), 1e-6), ...middle);
  setView(view.zoom, view.left + moved[0], view.top + moved[1]);
}

function release(stage, event) {
  if (!pressed.delete(event.pointerId)) return;
  if (!pressed.size) root.classList.remove("moving");
  if (event.type === "pointercancel" || travelled > DRAG) return;
  const pixel = pixelUnder(stage, event);
  select(...pixel);
  showHover(pixel, event);
}

/* Zoom with the wheel; where the whole scene is seen, and while the page scrolls, scroll on. */
function turn(stage, event) {
  const outwards = event.deltaY > 0;
  const scrolling = performance.now() - scrolledAt < 250;
  if (!event.ctrlKey && (scrolling || (outwards && view.zoom === 1))) return;
  event.preventDefault();
  const lines = event.deltaMode === 1 ? 30 : 1;
  zoomAround(Math.exp(-event.deltaY * lines * (event.ctrlKey ? 0.01 : 0.003)), ...stagePlace(stage, event));
}

const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

function pressKey(event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const step = steps[event.key], size = event.shiftKey ? 10 : 1;
  if (step) {
    select(selection.row + step[0] * size, selection.column + step[1] * size);
    showSelection();
  } else if (event.key === "+" || event.key === "=") zoomStep(1.5);
  else if (event.key === "-") zoomStep(1 / 1.5);
  else if (event.key === "0") setView(1);
  else return;
  hideHover();
  event.preventDefault();
}

function listen(stage) {
  stage.addEventListener("pointerdown", (event) => press(stage, event));
  stage.addEventListener("pointermove", (event) => move(stage, event));
  stage.addEventListener("pointerup", (event) => release(stage, event));
  stage.addEventListener("pointercancel", (event) => release(stage, event));
  stage.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hideHover());
  stage.addEventListener("wheel", (event) => turn(stage, event), { passive: false });
  stage.addEventListener("keydown", pressKey);
}
