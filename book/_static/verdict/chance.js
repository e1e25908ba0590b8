// What the predicted objects would score at random places: the same 99 draws as the command makes, number by number.
import { assigned, atEdge, countingErrors, ratio } from "./match.js";
import { generator } from "./random.js";
import { mean, quantile, smallest } from "./statistics.js";

const DRAWS = 99;
const OBJECTS = 100; // put down in a draw, at most
const PIXELS = 5000; // looked at in a draw, about,
const SMALLEST = 30; // but no fewer of the smallest objects
const ROOM = 0.4; // of the field
const LEVEL = 0.05;
const HONEST = 0.02; // of honest fields are not better than chance, at most
const MISSED = 0.2; // of its objects, what an honest tool may get wrong
const ROUNDS = 300;
const TOGETHER = 1 << 22; // pixels of the fields that are filled at a time

/** Put the predicted objects of image `number` of a folder down at random places, and score them. */
export function chance(predicted, truth, overlap, number) {
  const n = predicted.ids.length, m = truth.ids.length, zeros = () => new Float64Array(DRAWS);
  const drawn = { tp: zeros(), iou: zeros(), own: zeros(), best: zeros(), shared: zeros() };
  const sum = (areas) => areas.reduce((total, area) => total + area, 0);
  const answer = {
    nTrue: m, nPredicted: n, ...drawn, found: 0, matched: 0, withOwn: 0, placed: n,
    foreground: sum(predicted.area) + sum(truth.area),
  };
  if (!n || !m) return answer;
  const random = generator([0, number]);
  let crowded = sum(predicted.area) > ROOM * predicted.dense.length, chosen = [...Array(n).keys()];
  if (crowded) {
    const edge = atEdge(predicted), inner = chosen.filter((i) => !edge.has(i));
    if (inner.length) chosen = inner;
  }
  chosen = random.shuffle(chosen).slice(0, OBJECTS).sort((a, b) => a - b);
  const objects = points(predicted, chosen), k = chosen.length;
  const wide = objects.list.map((one) => one.extent.map((side, axis) => 2 * side > objects.shape[axis]));
  const wideAlong = [0, 1].map((axis) => wide.some((one) => one[axis]));
  const torn = wideAlong.every(Boolean);
  crowded ||= wide.some((one) => one.every(Boolean));
  const corners = (crowded ? null : placesApart(objects, random)) ??
    shifted(objects, random, wideAlong.map((along) => torn || !along));
  const given = seen(objects, objects.list.map((one) => one.corner), null, truth, overlap, chosen);
  Object.assign(answer, {
    placed: k, found: given.best, matched: (given.tp * n) / k, withOwn: (given.own * n) / k,
  });
  corners.forEach((places, draw) => {
    const whole = objects.list.map((one, i) => torn || places[i].every((x, axis) => x >= one.first[axis] && x <= one.last[axis]));
    const there = seen(objects, places, whole, truth, overlap, chosen);
    const standing = Math.max(1, whole.filter(Boolean).length), times = n / standing;
    drawn.tp[draw] = Math.min(there.tp * times, n, m);
    drawn.own[draw] = Math.min(there.own * times, n, m);
    drawn.iou[draw] = there.iou * times;
    drawn.shared[draw] = there.shared * times;
    drawn.best[draw] = ((there.best * k) / n) * times;
  });
  return answer;
}

/** The chosen objects as seen on every k-th row and column. */
function points({ dense, area, height, width }, chosen) {
  const total = chosen.reduce((sum, i) => sum + area[i], 0), small = quantile(chosen.map((i) => area[i]), 0.1);
  let every = Math.max(1, Math.trunc(Math.min(Math.sqrt(total / PIXELS), Math.sqrt(small / SMALLEST))));
  every = Math.max(every, Math.trunc(Math.sqrt(total / (20 * PIXELS))));
  const place = new Int32Array(area.length + 1).fill(-1);
  chosen.forEach((i, at) => { place[i + 1] = at; });
  const shape = [Math.ceil(height / every), Math.ceil(width / every)];
  const list = chosen.map(() => ({ y: [], x: [] }));
  for (let y = 0; y < shape[0]; y++) {
    for (let x = 0, at = y * every * width; x < shape[1]; x++, at += every) {
      const i = place[dense[at]];
      if (i >= 0) list[i].y.push(y), list[i].x.push(x);
    }
  }
  for (const one of list) {
    one.corner = [0, 0];
    one.extent = [0, 0];
    [one.y, one.x].forEach((column, axis) => {
      if (!column.length) return;
      let low = Infinity, high = -1;
      for (const value of column) low = Math.min(low, value), high = Math.max(high, value);
      one.corner[axis] = low;
      one.extent[axis] = high + 1 - low;
    });
    const last = one.extent.map((side, axis) => shape[axis] - side);
    const off = one.corner.every((x, axis) => x > 0 && x < last[axis]) ? 1 : 0; // off the edge, where so as given
    one.first = [off, off];
    one.last = last.map((x) => x - off);
  }
  return { shape, every, list, width };
}

/** Corners of all objects after a random shift of all, a draw each. */
function shifted({ shape, list }, random, along) {
  return Array.from({ length: DRAWS }, () => {
    const by = shape.map((side) => random.upTo(side - 1));
    return list.map((one) => one.corner.map((x, axis) => (x + (along[axis] ? by[axis] : 0)) % shape[axis]));
  });
}

/** Corners at which no two objects share a point, a draw each; null where there is no room. */
function placesApart(objects, random) {
  const together = Math.max(1, Math.floor(TOGETHER / (objects.shape[0] * objects.shape[1]))), corners = [];
  for (let first = 0; first < DRAWS; first += together) {
    const some = putApart(objects, Math.min(together, DRAWS - first), random);
    if (!some) return null;
    corners.push(...some);
  }
  return corners;
}

/** All objects that still have no place try at once; of those that meet, the first stays. */
function putApart({ shape, list }, draws, random) {
  const n = list.length, size = shape[0] * shape[1], taken = new Int32Array(draws * size);
  const inside = list.map(({ y, x, corner }) => Int32Array.from(y, (row, i) => (row - corner[0]) * shape[1] + x[i] - corner[1]));
  const corners = Array.from({ length: draws * n }, () => [0, 0]), bad = new Uint8Array(draws * n);
  let trying = [...corners.keys()];
  for (let round = 0; round < ROUNDS && trying.length; round++) {
    for (const one of trying) {
      const { first, last } = list[one % n];
      corners[one] = [0, 1].map((axis) => first[axis] + random.upTo(last[axis] - first[axis]));
    }
    const base = (one) => Math.floor(one / n) * size + corners[one][0] * shape[1] + corners[one][1];
    for (const one of trying) {
      const at = base(one), own = inside[one % n];
      bad[one] = 0;
      for (let i = 0; i < own.length && !bad[one]; i++) if (taken[at + own[i]]) bad[one] = 1;
    }
    const fits = trying.filter((one) => !bad[one]);
    for (let j = fits.length - 1; j >= 0; j--) { // where several try, the first is written last
      const at = base(fits[j]);
      for (const i of inside[fits[j] % n]) taken[at + i] = fits[j] + 1;
    }
    for (const one of fits) {
      const at = base(one), own = inside[one % n];
      for (let i = 0; i < own.length && !bad[one]; i++) if (taken[at + own[i]] !== one + 1) bad[one] = 1;
    }
    for (const one of fits) {
      if (!bad[one]) continue;
      const at = base(one);
      for (const i of inside[one % n]) if (taken[at + i] === one + 1) taken[at + i] = 0;
    }
    trying = trying.filter((one) => bad[one]);
  }
  if (trying.length) return null;
  return Array.from({ length: draws }, (_, draw) => corners.slice(draw * n, (draw + 1) * n));
}

/** What the objects score at these corners; those that are not `whole` are left out where any is cut. */
function seen({ shape, every, list, width }, corners, whole, truth, overlap, chosen) {
  const cut = list.some((one, i) => corners[i].some((x, axis) => x + one.extent[axis] > shape[axis]));
  const counts = new Int32Array(truth.ids.length + 1), pairs = [];
  const area = chosen.map((i) => overlap.predictedArea[i]), scale = every * every;
  let best = 0, shared = 0;
  list.forEach((one, i) => {
    if (cut && whole && !whole[i]) return;
    const [dy, dx] = corners[i].map((x, axis) => x - one.corner[axis]), touched = [];
    for (let j = 0; j < one.y.length; j++) {
      let y = one.y[j] + dy, x = one.x[j] + dx; // what leaves the field beyond its far edge comes in again
      if (y >= shape[0]) y -= shape[0];
      if (x >= shape[1]) x -= shape[1];
      const t = truth.dense[(y * width + x) * every];
      if (t && !counts[t]++) touched.push(t);
    }
    let most = 0;
    for (const t of touched.sort((a, b) => a - b)) {
      const pixels = Math.min(counts[t] * scale, area[i], truth.area[t - 1]);
      counts[t] = 0;
      shared += pixels;
      most = Math.max(most, pixels / (area[i] + truth.area[t - 1] - pixels));
      pairs.push({ p: i, t: t - 1, pixels });
    }
    best += most;
  });
  const there = { pairs, predictedArea: area, trueArea: truth.area }, iou = assigned(there);
  const own = list.length - countingErrors(there).inventions;
  return { tp: iou.length, iou: iou.reduce((sum, one) => sum + one, 0), own, best, shared };
}

/** Whether the agreement is better than chance; null where one side has no object at all. */
export function isBetter(one) {
  if (!one.nTrue || !one.nPredicted) return null;
  const asGood = one.best.filter((best) => best >= one.found * (1 - 1e-9)).length;
  const partners = [[one.matched, one.tp], [one.withOwn, one.own]];
  return (1 + asGood) / (1 + DRAWS) <= LEVEL && partners.some(([given, drawn]) => given > 0 && given >= mean(drawn));
}

/** Mean scores over the draws, by name. */
export function chanceScores(one) {
  const n = one.nPredicted, m = one.nTrue, tp = mean(one.tp), iou = mean(one.iou);
  return {
    F1: ratio(2 * tp, n + m), precision: ratio(tp, n), recall: ratio(tp, m), "mean IoU": ratio(iou, tp),
    PQ: ratio(2 * iou, n + m), Dice: ratio(2 * mean(one.shared), one.foreground),
    "gross error": ratio(n + m - 2 * mean(one.own), m),
  };
}

/** The draws of several images, added up. */
export function pooledChance(several) {
  const arrays = ["tp", "iou", "own", "best", "shared"], pooled = {};
  for (const name of arrays) pooled[name] = several[0][name].map((_, i) => several.reduce((sum, one) => sum + one[name][i], 0));
  for (const name of ["nTrue", "nPredicted", "found", "matched", "withOwn", "foreground", "placed"]) {
    pooled[name] = several.reduce((sum, one) => sum + one[name], 0);
  }
  return pooled;
}

/** The images that are not better than chance, and whether these are more than an honest tool has. */
export function byFile(several) {
  const telling = (one) => one.found === 0 || smallest(one.best) < one.found * (1 - 1e-9);
  const asked = [...several.keys()].filter((i) => isBetter(several[i]) !== null && telling(several[i]));
  const worse = asked.filter((i) => !isBetter(several[i]));
  let number = [1]; // distribution of the number of such images: a sum of unlike yes and no
  for (const i of asked) {
    const rate = Math.max(HONEST, MISSED ** Math.min(several[i].nTrue, several[i].nPredicted));
    number = [...number, 0].map((part, j) => part * (1 - rate) + (j ? number[j - 1] * rate : 0));
  }
  const tail = number.slice(worse.length).reduce((sum, part) => sum + part, 0);
  return { worse, nonsense: worse.length > 0 && tail <= LEVEL };
}
