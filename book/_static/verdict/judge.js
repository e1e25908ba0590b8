// The verdict: measured numbers against true ones, relative errors, each acquisition alike (the command's default).
import { betaincinv, deviation, gammaincinv, largest, mean, normal, smallest, studentQuantile } from "./statistics.js";

const FEWEST = { image: [1, 1], population: [5, 2] }; // acquisitions with which a verdict may say HOLDS, FAILS
const SLACK = 1e-9; // allowed for rounding at an edge, as a fraction of the tolerance's width
const MOST = 1000;
const WANTED = 0.8;
const LN2 = Math.LN2;

/** The log ratio where at least half was measured, and its tangent below: total loss stands at -1.69. */
export function toScale(measured, truth = 1) {
  if (measured === 0 && truth === 0) return 0;
  return measured < truth / 2 ? (2 * measured) / truth - 1 - LN2 : Math.log(measured) - Math.log(truth);
}

/** Back to a fraction (0.41 is +41 %); what lies below total loss gives -1. */
export const toBias = (value) => (value > -LN2 ? Math.expm1(value) : Math.max((value + 1 + LN2) / 2, 0) - 1);

/** Exact one-sided 95 % lower bound of a fraction seen as `inside` of n (Clopper and Pearson 1934). */
export const fractionBound = (inside, n) => (inside ? betaincinv(inside, n - inside + 1, 0.05) : 0);

/** Student's 90 % interval of a mean, as fractions, from mean and spread on the scale of `toScale`. */
export function interval(centre, spread, n) {
  const half = (studentQuantile(n - 1, 0.95) * spread) / Math.sqrt(n);
  return [toBias(centre - half), toBias(centre + half)];
}

/** Move both ends of an interval outwards by the truth's systematic uncertainty. */
export function widen([low, high], u) {
  return [(1 + low) / (1 + u) - 1, u < 1 ? (1 + high) / (1 - u) - 1 : Infinity];
}

/** HOLDS, FAILS or UNDETERMINED for an interval of n acquisitions. */
export function wordOf([low, high], [from, to], n, scope) {
  const slack = SLACK * (to - from), [toHold, toFail] = FEWEST[scope];
  if (low >= from - slack && high <= to + slack && n >= toHold) return "HOLDS";
  return (high < from - slack || low > to + slack) && n >= toFail ? "FAILS" : "UNDETERMINED";
}

const HALVES = new Map(); // by n, since a slider asks again and again

/** Half-widths of the interval, in standard errors, at 400 equally likely observed spreads of n acquisitions. */
function halves(n) {
  if (!HALVES.has(n)) {
    const df = n - 1, t = studentQuantile(df, 0.95);
    let half;
    const spreads = Array.from({ length: 400 }, (_, i) => (half = gammaincinv(df / 2, (i + 0.5) / 400, half)));
    HALVES.set(n, spreads.map((spread) => t * Math.sqrt((2 * spread) / df)));
  }
  return HALVES.get(n);
}

const standardError = (bias, sd, n) => Math.max(sd / Math.sqrt(n), 1e-12 * (1 + Math.abs(bias)));

/** The chance that the whole interval of a mean of n acquisitions lies inside the edges. Schuirmann 1987. */
export function powerToHold(bias, sd, n, [from, to]) {
  const error = standardError(bias, sd, n), low = (from - bias) / error, high = (to - bias) / error;
  return mean(halves(n).map((half) => Math.max(0, normal(high - half) - normal(low + half))));
}

/** The chance that the whole interval lies outside the edges. */
export function powerToFail(bias, sd, n, [from, to]) {
  const error = standardError(bias, sd, n), low = (from - bias) / error, high = (to - bias) / error;
  return mean(halves(n).map((half) => normal(low - half) + normal(-high - half)));
}

/** Further acquisitions for 80 % power if bias and spread stay, or "more than 1,000"; all on `toScale`. */
export function furtherAcquisitions(bias, sd, n, inner, outer, fewest) {
  let power = powerToHold, edges = inner, least = fewest[0];
  if (!(inner[0] < bias && bias < inner[1])) {
    if (bias >= outer[0] && bias <= outer[1]) return "more than 1,000";
    [power, edges, least] = [powerToFail, outer, fewest[1]];
  }
  let low = Math.max(n + 1, least), high = n + MOST + 1; // the first total in [low, high) that is enough
  while (low < high) {
    const middle = (low + high) >> 1;
    if (power(bias, sd, middle, edges) < WANTED) low = middle + 1;
    else high = middle;
  }
  return low <= n + MOST ? low - n : "more than 1,000";
}

/** Word, reason and further acquisitions, from a bias with its interval (not yet widened) and its spread. */
export function decide({ bias, ends, sd, n, scope, tolerance, uncertainty }) {
  const [low, high] = tolerance, u = uncertainty ?? 0;
  if (uncertainty !== null && u > (high - low) / 2 + SLACK * (high - low)) return { word: "UNDETERMINED", reason: "truth" };
  const word = ends ? wordOf(widen(ends, u), tolerance, n, scope) : "UNDETERMINED";
  if (word !== "UNDETERMINED") return { word, reason: "" };
  const inner = [(1 + low) * (1 + u) - 1, (1 + high) * (1 - u) - 1];
  const outer = [(1 + low) * (1 - u) - 1, (1 + high) * (1 + u) - 1];
  const undecidable = (outer[0] <= bias && bias <= inner[0]) || (inner[1] <= bias && bias <= outer[1]);
  if (scope === "image" || (u > 0 && undecidable)) return { word, reason: "truth" };
  const reason = n < FEWEST[scope][0] ? "too few" : "too noisy";
  if (!ends) return { word, reason };
  const [centre, a, b, c, d] = [bias, ...inner, ...outer].map((x) => toScale(1 + x));
  return { word, reason, further: furtherAcquisitions(centre, sd, n, [a, b], [c, d], FEWEST[scope]) };
}

/**
 * Judge measured numbers against true ones.
 *
 * `measured` and `truth` are equally long, 0 or more, the truth above 0. `tolerance` is [low, high] around 0 or
 * null for no word, `uncertainty` the truth's own or null where unknown, `gross` the gross error of each
 * acquisition's count or null, `better` false where the objects agree no better than by chance, else true or null.
 */
export function agreement(measured, truth, { scope, tolerance, uncertainty = null, gross = null, better = null }) {
  const n = measured.length, own = measured.map((m, i) => m / truth[i] - 1);
  const errors = measured.map((m, i) => toScale(m, truth[i])), centre = mean(errors), bias = toBias(centre);
  let ends = null, limits = null, sd = 0, note = "";
  if (scope === "image") ends = [bias, bias];
  if (scope !== "image" && n > 1) {
    const range = largest(errors) - smallest(errors);
    sd = range <= 1e-12 * (1 + Math.abs(centre)) ? 0 : deviation(errors); // what is left is rounding
    ends = interval(centre, sd, n);
    note = sd === 0 ? "No spread between acquisitions: the interval has no width, which proves little." : "";
    const reach = 1.96 * deviation(errors);
    limits = [toBias(centre - reach), toBias(centre + reach)];
  }
  const row = {
    verdict: null, marks: [], reason: "no tolerance", scope, bias, limits, n, tolerance, note,
    interval: ends && widen(ends, uncertainty ?? 0), truth_uncertainty: uncertainty,
    inside: null, inside_bound: null, gross_error: gross && mean(gross), further: null,
    far: scope === "image" ? [] : farOutside(own, tolerance),
  };
  if (tolerance) {
    const slack = SLACK * (tolerance[1] - tolerance[0]);
    row.inside = own.filter((x) => x >= tolerance[0] - slack && x <= tolerance[1] + slack).length;
    row.inside_bound = fractionBound(row.inside, n);
    const { word, reason, further } = decide({ bias, ends, sd, n, scope, tolerance, uncertainty });
    Object.assign(row, { verdict: word, reason, further: further ?? null });
    if (word === "HOLDS" && 5 * row.inside < 4 * n) row.marks.push("ON AVERAGE ONLY");
    const allowed = Math.max(-tolerance[0], tolerance[1]) + slack;
    if (word === "HOLDS" && (row.gross_error ?? 0) > allowed) row.marks.push("BY CANCELLATION");
  }
  if (better === false) {
    row.marks = ["NOT BETTER THAN CHANCE"];
    if (row.verdict && row.verdict !== "FAILS") Object.assign(row, { verdict: "UNDETERMINED", reason: "chance", further: null });
  }
  // of one image the interval is the truth's uncertainty alone: where that is unknown there is none to tell
  if (scope === "image" && uncertainty === null) row.interval = null;
  row.label = row.verdict ? [row.verdict, ...row.marks].join(" ") : "";
  return row;
}

/** Positions of acquisitions outside tolerance that are at less than half, or more than twice, the truth. */
function farOutside(own, tolerance) {
  const [low, high] = tolerance ?? [0, 0];
  return own.flatMap((x, i) => (x < Math.min(low, -0.5) || x > Math.max(high, 1) ? [i] : []));
}
