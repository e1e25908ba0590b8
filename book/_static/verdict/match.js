// Which object overlaps which, and which are found again: the definitions of the book, at an IoU of 0.5.

export const THRESHOLD = 0.5;

/**
 * Number the objects of a plane from 1 in the order of their labels.
 *
 * `values` holds `height` x `width` whole numbers from 0 on. The answer has `dense` (Int32Array, 0 is background and
 * k the object ids[k - 1]), `ids` (labels, ascending) and `area` (pixels of each).
 */
export function labelled(values, height, width) {
  const dense = new Int32Array(values.length);
  let most = values.BYTES_PER_ELEMENT <= 2 ? 2 ** (8 * values.BYTES_PER_ELEMENT) - 1 : 0;
  if (!most) for (let i = 0; i < values.length; i++) if (values[i] > most) most = values[i];
  const ids = [], area = [];
  if (most <= 8 * values.length + 65535) {
    const count = new Int32Array(most + 1), place = new Int32Array(most + 1);
    eachRun(values, (value, start, end) => { count[value] += end - start; });
    for (let label = 1; label <= most; label++) if (count[label]) place[label] = ids.push(label), area.push(count[label]);
    eachRun(values, (value, start, end) => value && dense.fill(place[value], start, end));
  } else {
    const place = new Map([...new Set(values)].filter(Boolean).sort((a, b) => a - b).map((id) => [id, ids.push(id)]));
    for (let i = 0; i < values.length; i++) if (values[i]) dense[i] = place.get(values[i]), area[dense[i] - 1] = (area[dense[i] - 1] ?? 0) + 1;
  }
  return { dense, ids, area, height, width };
}

/** Call with value, start and end of every stretch of equal values: there are far fewer of these than pixels. */
function eachRun(values, call) {
  for (let start = 0, i = 1; i <= values.length; i++) {
    if (i < values.length && values[i] === values[start]) continue;
    call(values[start], start, i);
    start = i;
  }
}

/** The pairs of objects that share pixels, ordered by true object, then by predicted one, and all areas. */
export function overlaps(predicted, truth) {
  const a = predicted.dense, b = truth.dense, base = predicted.ids.length + 1, counts = new Map();
  let start = 0;
  for (let i = 1; i <= a.length; i++) {
    if (i < a.length && a[i] === a[start] && b[i] === b[start]) continue;
    if (a[start] && b[start]) {
      const key = b[start] * base + a[start];
      counts.set(key, (counts.get(key) ?? 0) + i - start);
    }
    start = i;
  }
  const keys = Float64Array.from(counts.keys()).sort(), pairs = [];
  for (const key of keys) pairs.push({ p: (key % base) - 1, t: Math.floor(key / base) - 1, pixels: counts.get(key) });
  return { pairs, predictedArea: predicted.area, trueArea: truth.area };
}

const iouOf = ({ p, t, pixels }, overlap) => pixels / (overlap.predictedArea[p] + overlap.trueArea[t] - pixels);

/** IoU of the pairs matched one to one: as many as possible, and among such matchings the largest sum. */
export function assigned(overlap) {
  const candidates = [];
  for (const pair of overlap.pairs) {
    const iou = iouOf(pair, overlap);
    if (iou >= THRESHOLD) candidates.push({ p: pair.p, t: pair.t, weight: iou });
  }
  const { alone, contested } = apart(candidates);
  return [...alone, ...largestMatching(contested)].map((one) => one.weight);
}

/** Pairs whose two objects occur in no other pair, and the rest. */
function apart(pairs) {
  const inP = new Map(), inT = new Map();
  for (const { p, t } of pairs) inP.set(p, (inP.get(p) ?? 0) + 1), inT.set(t, (inT.get(t) ?? 0) + 1);
  const lonely = ({ p, t }) => inP.get(p) === 1 && inT.get(t) === 1;
  return { alone: pairs.filter(lonely), contested: pairs.filter((pair) => !lonely(pair)) };
}

/** Most pairs one to one, with the largest sum of weights: augmented along the best path (Bellman and Ford). */
function largestMatching(pairs) {
  const ofP = new Map(), ofT = new Map(); // the pair that each object has
  for (;;) {
    const gain = new Map(), from = new Map(); // best path to a predicted object: its gain and its last pair
    let changed = true;
    while (changed) {
      changed = false;
      for (const pair of pairs) {
        if (ofP.get(pair.p) === pair) continue;
        const before = ofT.get(pair.t); // a free true object begins a path, another is reached by giving up its pair
        const start = before ? (gain.get(before.p) ?? -Infinity) - before.weight : 0;
        if (start + pair.weight > (gain.get(pair.p) ?? -Infinity) + 1e-12) {
          gain.set(pair.p, start + pair.weight);
          from.set(pair.p, pair);
          changed = true;
        }
      }
    }
    const free = [...gain.keys()].filter((p) => !ofP.has(p));
    if (!free.length) return [...ofP.values()];
    let p = free.reduce((best, one) => (gain.get(one) > gain.get(best) ? one : best));
    for (;;) {
      const pair = from.get(p), before = ofT.get(pair.t);
      ofP.set(p, pair);
      ofT.set(pair.t, pair);
      if (!before) break;
      p = before.p;
    }
  }
}

/** Merges, splits, misses and inventions, which do not depend on the threshold. */
export function countingErrors({ pairs, predictedArea, trueArea }) {
  const holdsTrue = new Map(), holdsPredicted = new Map(), ownP = new Set(), ownT = new Set(), near = [];
  for (const pair of pairs) {
    const { p, t, pixels } = pair, ofTrue = 2 * pixels > trueArea[t], ofPredicted = 2 * pixels > predictedArea[p];
    if (ofTrue) holdsTrue.set(p, (holdsTrue.get(p) ?? 0) + 1);
    if (ofPredicted) holdsPredicted.set(t, (holdsPredicted.get(t) ?? 0) + 1);
    if (ofTrue && ofPredicted) ownP.add(p), ownT.add(t);
    else if (ofTrue || ofPredicted) near.push({ p, t, weight: 0 });
  }
  const { alone, contested } = apart(near.filter(({ p, t }) => !ownP.has(p) && !ownT.has(t)));
  const own = ownP.size + alone.length + largestMatching(contested).length;
  const two = (counts) => [...counts.values()].filter((count) => count >= 2).length;
  return {
    merges: two(holdsTrue), splits: two(holdsPredicted),
    misses: trueArea.length - own, inventions: predictedArea.length - own,
  };
}

/** Matched pairs, the sum of their IoU, and the counting errors of two label images. */
export function matched(overlap) {
  const iou = assigned(overlap), sum = iou.reduce((total, one) => total + one, 0);
  return {
    nTrue: overlap.trueArea.length, nPredicted: overlap.predictedArea.length, tp: iou.length, iou: sum,
    ...countingErrors(overlap),
  };
}

/** part / whole, and NaN where the whole is 0. */
export const ratio = (part, whole) => (whole ? part / whole : NaN);

/** F1, precision, recall, mean IoU of matched pairs and PQ, from summed counts. */
export function scoresOf({ nTrue, nPredicted, tp, iou }) {
  const both = nTrue + nPredicted;
  return {
    "F1@0.5": ratio(2 * tp, both), precision: ratio(tp, nPredicted), recall: ratio(tp, nTrue),
    "mean IoU": ratio(iou, tp), PQ: ratio(2 * iou, both),
  };
}

/** Dice of foreground pixels, which does not tell objects apart. */
export function pixelDice(overlap) {
  const { both, predicted, truth } = foreground(overlap);
  return ratio(2 * both, predicted + truth);
}

/** Foreground pixels of the two images, and those in common. */
export function foreground({ pairs, predictedArea, trueArea }) {
  const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);
  return { both: sum(pairs.map(({ pixels }) => pixels)), predicted: sum(predictedArea), truth: sum(trueArea) };
}

/** Positions (from 0) of the objects that touch the edge of the image. */
export function atEdge({ dense, height, width }) {
  const found = new Set();
  const add = (i) => dense[i] && found.add(dense[i] - 1);
  for (let x = 0; x < width; x++) add(x), add((height - 1) * width + x);
  for (let y = 0; y < height; y++) add(y * width), add(y * width + width - 1);
  return found;
}
