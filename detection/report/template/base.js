/* What all parts share: the page's elements, its data, and numbers as texts. */

const element = (id) => document.getElementById(id);
const data = JSON.parse(element("data").textContent);
const { height, width } = data;

/* The bytes of an array of the page, which are in base64; null where the page does not have it. */
function bytes(name) {
  const holder = element(`${name}-values`);
  if (!holder) return null;
  const base64 = holder.textContent;
  holder.remove();
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(base64);
  const text = atob(base64); // in browsers from before 2025
  const array = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) array[i] = text.charCodeAt(i);
  return array;
}

/* Texts of numbers with so many digits behind the point; making such a format takes its time. */
const formats = new Map();
function withDigits(value, digits) {
  if (!formats.has(digits))
    formats.set(digits, new Intl.NumberFormat("en-US",
      { minimumFractionDigits: digits, maximumFractionDigits: digits }));
  return formats.get(digits).format(value).replace("-", "−");
}

const number = (count) => withDigits(count, 0);
const short = (value) => (value === 0 || value === 1 ? String(value) : value.toPrecision(4));
const percent = (share) => (share === 0 || share === 1 ? 100 * share : (100 * share).toPrecision(3));

/* A number in up to five digits, without zeros at its end. */
const compact = (value) => String(Number(value.toPrecision(5))).replace("-", "−");

/* Text where HTML is written. */
const escaped = (text) => text.replace(/[&<>"]/g, (letter) => `&#${letter.charCodeAt(0)};`);

/* Run a function once before the next picture, however often it is asked for until then. */
function once(run) {
  let waiting = false;
  return () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; run(); });
  };
}
