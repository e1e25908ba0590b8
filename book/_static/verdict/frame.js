// Labels in another frame than the truth's: noticed, because they would match if they were turned or shifted.
import { matched, overlaps } from "./match.js";
import { heads, largest, mean, median } from "./statistics.js";
import { fixed } from "./text.js";

const ALPHA = 5e-4; // chance of a word where there is nothing, all changes taken together
const LARGE = 1 << 22; // pixels beyond which shifts are sought on every k-th row and column, and then refined

// where the pixel at (y, x) of the turned image comes from, in an image of h rows and w columns
const TURNS = {
  "": null,
  "turned upside down": (y, x, h) => [h - 1 - y, x],
  "mirrored left to right": (y, x, h, w) => [y, w - 1 - x],
  "rotated by 180 degrees": (y, x, h, w) => [h - 1 - y, w - 1 - x],
  "transposed (y and x swapped)": (y, x) => [x, y],
  "rotated by 90 degrees": (y, x, h, w) => [x, w - 1 - y],
  "rotated by 270 degrees": (y, x, h) => [h - 1 - x, y],
  "transposed over the other diagonal": (y, x, h, w) => [h - 1 - x, w - 1 - y],
};

/** Say so where the predicted objects match far better once all images are turned or shifted alike, else "". */
export function orientationHint(fields, matches) {
  const now = total(matches, "tp"), n = total(matches, "nPredicted"), m = total(matches, "nTrue");
  const most = matches.reduce((sum, one) => sum + Math.min(one.nPredicted, one.nTrue), 0);
  if (!most || heads(most, most + now) > ALPHA) return ""; // no change could be better by enough
  const square = fields.every(({ predicted }) => predicted.height === predicted.width);
  const names = Object.keys(TURNS).filter((name, i) => square || i < 4);
  const turned = (name) => fields.map(({ predicted, truth }) => ({ predicted: turn(predicted, TURNS[name]), truth }));
  const places = Math.max(1, Math.floor(largest(fields.map((f) => f.truth.dense.length)) / Math.max(1, usualArea(fields))));
  for (const [shifted, tried] of [[false, names.length], [true, names.length * places]]) {
    if (heads(most, most + now) * tried > ALPHA) break;
    let then = 0, said = "", best = fields, others = [];
    for (const name of names) {
      const start = turned(name), shift = shifted ? bestShift(start) : [0, 0], changed = shifted ? rolled(start, shift) : start;
      const found = pairs(changed);
      if (found <= then) continue;
      [then, best] = [found, changed];
      said = shifted ? [name, `shifted by ${by(shift)} px`].filter(Boolean).join(" and ") : name;
      others = shifted ? otherShifts(shift, fields[0].truth).map((move) => rolled(start, move)) : [];
    }
    const beside = Math.max(Math.ceil(pairsBeside(best)), ...others.map(pairs));
    if (tried * heads(then, then + Math.max(now, beside)) <= ALPHA) {
      const [better, asGiven] = [then, now].map((count) => fixed((2 * count) / (n + m), 2));
      return `${then} of ${n} predicted objects match the truth (IoU 0.5) when ${said}, and ${now} as given: F1 ${better} for ${asGiven}`;
    }
  }
  return "";
}

const total = (matches, name) => matches.reduce((sum, one) => sum + one[name], 0);
const pairs = (fields) => total(fields.map(({ predicted, truth }) => matched(overlaps(predicted, truth))), "tp");
const by = ([y, x]) => [y && `y ${signed(y)}`, x && `x ${signed(x)}`].filter(Boolean).join(", ") || "0";
const signed = (value) => (value < 0 ? `${value}` : `+${value}`);
const modulo = (value, size) => ((value % size) + size) % size;

function turn(labels, source) {
  if (!source) return labels;
  const { dense, height, width } = labels, new_ = new Int32Array(dense.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const [row, column] = source(y, x, height, width);
      new_[at] = dense[row * width + column];
    }
  }
  return { ...labels, dense: new_ };
}

/** Move the predictions, around the edges. */
function rolled(fields, [dy, dx]) {
  return fields.map(({ predicted, truth }) => {
    const { dense, height, width } = predicted, new_ = new Int32Array(dense.length), right = modulo(dx, width);
    for (let y = 0; y < height; y++) {
      const row = dense.subarray(y * width, (y + 1) * width), to = modulo(y + dy, height) * width;
      new_.set(row.subarray(0, width - right), to + right);
      new_.set(row.subarray(width - right), to);
    }
    return { predicted: { ...predicted, dense: new_ }, truth };
  });
}

/** Median area of the true objects, px. */
function usualArea(fields) {
  const areas = fields.flatMap(({ truth }) => truth.area);
  return areas.length ? median(areas) : 0;
}

/** Mean number of pairs with the predictions moved aside by one and a half object widths. */
function pairsBeside(fields) {
  const far = Math.max(2, Math.trunc(1.5 * Math.sqrt(usualArea(fields))));
  return mean([[far, 0], [-far, 0], [0, far], [0, -far]].map((move) => pairs(rolled(fields, move))));
}

/** Shifts as far another way, without those that come to lie near the shift itself. */
function otherShifts([y, x], { height, width }) {
  const unique = new Map([[-y, -x], [x, -y], [-x, y]].map((move) => [`${move}`, move]));
  const near = (a, b, size) => modulo(a - b + Math.floor(size / 2), size) - Math.floor(size / 2);
  return [...unique.values()].filter((move) => 2 * Math.hypot(near(move[0], y, height), near(move[1], x, width)) > Math.hypot(y, x));
}

/** Where an object goes on to the next row and column: objects that touch are told apart. */
function inside({ dense, height, width }) {
  const found = new Uint8Array(dense.length);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++, at++) {
      const label = dense[at];
      found[at] = label && (!y || dense[at - width] === label) && (!x || dense[at - 1] === label) ? 1 : 0;
    }
  }
  return found;
}

/** The shift of the predictions, around the edges, at which most insides of objects coincide. */
function bestShift(fields) {
  const { height, width } = fields[0].truth, every = Math.max(1, Math.ceil(Math.sqrt((height * width) / LARGE)));
  const alike = fields.filter(({ truth }) => truth.height === height && truth.width === width);
  const rows = Math.ceil(height / every), columns = Math.ceil(width / every), size = rows * columns;
  const sum = { re: new Float64Array(size), im: new Float64Array(size) };
  for (const { predicted, truth } of alike) {
    const both = [predicted, truth].map((labels) => thinned(inside(labels), width, rows, columns, every));
    const [re, im] = both; // one transform for both: the prediction is the real part
    transform(re, im, rows, columns, 1);
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) {
        const k = y * columns + x, l = ((rows - y) % rows) * columns + ((columns - x) % columns);
        const a = [(re[k] + re[l]) / 2, (im[k] - im[l]) / 2], b = [(im[k] + im[l]) / 2, (re[l] - re[k]) / 2];
        sum.re[k] += b[0] * a[0] + b[1] * a[1];
        sum.im[k] += b[1] * a[0] - b[0] * a[1];
      }
    }
  }
  transform(sum.re, sum.im, rows, columns, -1);
  let peak = 0;
  for (let i = 1; i < size; i++) if (sum.re[i] > sum.re[peak] + 1e-6 * size) peak = i;
  let shift = [every * Math.floor(peak / columns), every * (peak % columns)];
  if (every > 1) shift = refined(alike[0], shift, every);
  return [shift[0] > height >> 1 ? shift[0] - height : shift[0], shift[1] > width >> 1 ? shift[1] - width : shift[1]];
}

/** Every k-th row and column, less their mean. */
function thinned(found, width, rows, columns, every) {
  const thin = new Float64Array(rows * columns);
  let sum = 0;
  for (let y = 0, at = 0; y < rows; y++) for (let x = 0; x < columns; x++, at++) sum += thin[at] = found[y * every * width + x * every];
  return thin.map((value) => value - sum / thin.length);
}

/** The best shift within a step, along one axis after the other. */
function refined({ predicted, truth }, shift, every) {
  const target = inside(truth), own = inside(predicted), { height, width } = truth;
  for (const axis of [0, 1]) {
    let best = -1, kept = shift;
    for (let step = -every; step <= every; step++) {
      const move = shift.map((x, i) => x + (i === axis ? step : 0));
      let count = 0;
      for (let y = 0; y < height; y++) {
        const from = modulo(y - move[0], height) * width;
        for (let x = 0; x < width; x++) count += own[from + modulo(x - move[1], width)] & target[y * width + x];
      }
      if (count > best) [best, kept] = [count, move];
    }
    shift = kept;
  }
  return shift;
}

/** Fourier transform of rows x columns complex numbers, in place; sign -1 is the inverse, not divided by the size. */
function transform(re, im, rows, columns, sign) {
  const along = fourier(columns, sign), down = fourier(rows, sign);
  for (let y = 0; y < rows; y++) along(re.subarray(y * columns, (y + 1) * columns), im.subarray(y * columns, (y + 1) * columns));
  const columnRe = new Float64Array(rows), columnIm = new Float64Array(rows);
  for (let x = 0; x < columns; x++) {
    for (let y = 0; y < rows; y++) columnRe[y] = re[y * columns + x], columnIm[y] = im[y * columns + x];
    down(columnRe, columnIm);
    for (let y = 0; y < rows; y++) re[y * columns + x] = columnRe[y], im[y * columns + x] = columnIm[y];
  }
}

/** A transform of n complex numbers in place: by halves (Cooley and Tukey), of other lengths by Bluestein's way. */
function fourier(n, sign) {
  if ((n & (n - 1)) === 0) return byHalves(n, sign);
  const size = 2 ** Math.ceil(Math.log2(2 * n)), forth = byHalves(size, 1), back = byHalves(size, -1);
  const cos = new Float64Array(n), sin = new Float64Array(n), chirpRe = new Float64Array(size), chirpIm = new Float64Array(size);
  for (let i = 0; i < n; i++) {
    const angle = (Math.PI * ((i * i) % (2 * n))) / n;
    cos[i] = Math.cos(angle);
    sin[i] = -sign * Math.sin(angle);
    for (const at of [i, (size - i) % size]) chirpRe[at] = cos[i], chirpIm[at] = -sin[i];
  }
  forth(chirpRe, chirpIm);
  const a = new Float64Array(size), b = new Float64Array(size);
  return (re, im) => {
    a.fill(0);
    b.fill(0);
    for (let i = 0; i < n; i++) a[i] = re[i] * cos[i] - im[i] * sin[i], b[i] = re[i] * sin[i] + im[i] * cos[i];
    forth(a, b);
    for (let i = 0; i < size; i++) {
      const real = a[i] * chirpRe[i] - b[i] * chirpIm[i];
      b[i] = a[i] * chirpIm[i] + b[i] * chirpRe[i];
      a[i] = real;
    }
    back(a, b);
    for (let i = 0; i < n; i++) {
      re[i] = (a[i] * cos[i] - b[i] * sin[i]) / size;
      im[i] = (a[i] * sin[i] + b[i] * cos[i]) / size;
    }
  };
}

function byHalves(n, sign) {
  const cos = new Float64Array(n / 2), sin = new Float64Array(n / 2), order = new Int32Array(n);
  for (let i = 0; i < n / 2; i++) cos[i] = Math.cos((2 * Math.PI * i) / n), sin[i] = -sign * Math.sin((2 * Math.PI * i) / n);
  for (let i = 1; i < n; i++) order[i] = (order[i >> 1] >> 1) | (i & 1 ? n >> 1 : 0);
  return (re, im) => {
    for (let i = 0; i < n; i++) {
      const j = order[i];
      if (j > i) [re[i], re[j], im[i], im[j]] = [re[j], re[i], im[j], im[i]];
    }
    for (let half = 1; half < n; half *= 2) {
      const stride = n / (2 * half);
      for (let start = 0; start < n; start += 2 * half) {
        for (let k = 0; k < half; k++) {
          const i = start + k, j = i + half, c = cos[k * stride], s = sin[k * stride];
          const x = re[j] * c - im[j] * s, y = re[j] * s + im[j] * c;
          re[j] = re[i] - x;
          im[j] = im[i] - y;
          re[i] += x;
          im[i] += y;
        }
      }
    }
  };
}
