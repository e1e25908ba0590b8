// Made from verdict/*.js by `python -m scopecheck.runner.widget`; change those.
const $statistics = (() => {
// Distributions that the judge needs, to twelve digits: by series and continued fractions, inverted by bisection.

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Logarithm of the gamma function, x > 0. Lanczos 1964, doi:10.1137/0701008. */
function logGamma(x) {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const sum = LANCZOS.reduce((total, c, i) => (i ? total + c / (x - 1 + i) : c), 0), t = x + 6.5;
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Evaluate a continued fraction b0 + a1 / (b1 + a2 / (b2 + ...)) by the modified Lentz method. */
function fraction(first, term) {
  const tiny = 1e-300;
  let value = first || tiny, c = value, d = 0;
  for (let i = 1; i < 100000; i++) {
    const [a, b] = term(i);
    d = 1 / (b + a * d || tiny);
    c = b + a / c || tiny;
    value *= c * d;
    if (Math.abs(c * d - 1) < 4e-16) break;
  }
  return value;
}

/** The regularised incomplete beta function I_x(a, b). */
function betainc(a, b, x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betainc(b, a, 1 - x);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b));
  const even = (m) => (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
  const odd = (m) => (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
  return front / a / fraction(1, (i) => [i % 2 ? odd((i - 1) / 2) : even(i / 2), 1]);
}

/** The regularised incomplete gamma functions, lower P(a, x) and upper Q(a, x). */
function gammainc(a, x) {
  if (x <= 0) return { lower: 0, upper: 1 };
  const front = Math.exp(a * Math.log(x) - x - logGamma(a));
  if (x < a + 1) {
    let term = 1 / a, sum = term;
    for (let n = 1; term > sum * 1e-17; n++) sum += term *= x / (a + n);
    return { lower: front * sum, upper: 1 - front * sum };
  }
  const upper = front / fraction(x + 1 - a, (i) => [-i * (i - a), x + 1 - a + 2 * i]);
  return { lower: 1 - upper, upper };
}

/** Where a rising function reaches 0 between two ends. */
function crossing(low, high, rising) {
  for (let i = 0; i < 200; i++) {
    const middle = (low + high) / 2;
    if (middle === low || middle === high) break;
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** The x at which betainc(a, b, x) is p. */
const betaincinv = (a, b, p) => crossing(0, 1, (x) => betainc(a, b, x) - p);

/** The x at which the lower gammainc(a, x) is p, 0 < p < 1. By Newton's method from a start, kept between two ends. */
function gammaincinv(a, p, start = a * Math.max(1e-3, 1 - 1 / (9 * a)) ** 3) {
  let low = 0, high = Infinity, x = start;
  for (let i = 0; i < 200; i++) {
    const off = gammainc(a, x).lower - p;
    if (off < 0) low = x;
    else high = x;
    const slope = Math.exp((a - 1) * Math.log(x) - x - logGamma(a));
    let next = x - off / slope;
    if (!(next > low && next < high)) next = high === Infinity ? 2 * x + 1 : (low + high) / 2;
    if (Math.abs(next - x) <= 1e-12 * x) return next; // the step after would be its square
    x = next;
  }
  return x;
}

/** Quantile of Student's t, p > 0.5. */
function studentQuantile(df, p) {
  const y = betaincinv(0.5, df / 2, 2 * p - 1);
  return Math.sqrt((df * y) / (1 - y));
}

/** Cumulative normal distribution. */
function normal(x) {
  const tail = gammainc(0.5, (x * x) / 2);
  return x < 0 ? tail.upper / 2 : 0.5 + tail.lower / 2;
}

/** The chance of `least` or more heads in n throws of a fair coin. */
const heads = (least, n) => (least <= 0 ? 1 : least > n ? 0 : betainc(least, n - least + 1, 0.5));

/** Largest and smallest of many numbers; spreading them into Math.max ends at some ten thousand. */
const largest = (values) => values.reduce((most, value) => (value > most ? value : most), -Infinity);
const smallest = (values) => values.reduce((least, value) => (value < least ? value : least), Infinity);

const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard deviation of a sample. */
function deviation(values) {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** A quantile by linear interpolation, as numpy's default; of numbers in any order. */
function quantile(values, share) {
  const sorted = Float64Array.from(values).sort(), at = share * (sorted.length - 1), low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

const median = (values) => quantile(values, 0.5);
return { logGamma, betainc, gammainc, betaincinv, gammaincinv, studentQuantile, normal, heads, largest, smallest, mean, deviation, quantile, median };
})();

const $judge = (() => {
// The verdict: measured numbers against true ones, relative errors, each acquisition alike (the command's default).
const { betaincinv, deviation, gammaincinv, largest, mean, normal, smallest, studentQuantile } = $statistics;

const FEWEST = { image: [1, 1], population: [5, 2] }; // acquisitions with which a verdict may say HOLDS, FAILS
const SLACK = 1e-9; // allowed for rounding at an edge, as a fraction of the tolerance's width
const MOST = 1000;
const WANTED = 0.8;
const LN2 = Math.LN2;

/** The log ratio where at least half was measured, and its tangent below: total loss stands at -1.69. */
function toScale(measured, truth = 1) {
  if (measured === 0 && truth === 0) return 0;
  return measured < truth / 2 ? (2 * measured) / truth - 1 - LN2 : Math.log(measured) - Math.log(truth);
}

/** Back to a fraction (0.41 is +41 %); what lies below total loss gives -1. */
const toBias = (value) => (value > -LN2 ? Math.expm1(value) : Math.max((value + 1 + LN2) / 2, 0) - 1);

/** Exact one-sided 95 % lower bound of a fraction seen as `inside` of n (Clopper and Pearson 1934). */
const fractionBound = (inside, n) => (inside ? betaincinv(inside, n - inside + 1, 0.05) : 0);

/** Student's 90 % interval of a mean, as fractions, from mean and spread on the scale of `toScale`. */
function interval(centre, spread, n) {
  const half = (studentQuantile(n - 1, 0.95) * spread) / Math.sqrt(n);
  return [toBias(centre - half), toBias(centre + half)];
}

/** Move both ends of an interval outwards by the truth's systematic uncertainty. */
function widen([low, high], u) {
  return [(1 + low) / (1 + u) - 1, u < 1 ? (1 + high) / (1 - u) - 1 : Infinity];
}

/** HOLDS, FAILS or UNDETERMINED for an interval of n acquisitions. */
function wordOf([low, high], [from, to], n, scope) {
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
function powerToHold(bias, sd, n, [from, to]) {
  const error = standardError(bias, sd, n), low = (from - bias) / error, high = (to - bias) / error;
  return mean(halves(n).map((half) => Math.max(0, normal(high - half) - normal(low + half))));
}

/** The chance that the whole interval lies outside the edges. */
function powerToFail(bias, sd, n, [from, to]) {
  const error = standardError(bias, sd, n), low = (from - bias) / error, high = (to - bias) / error;
  return mean(halves(n).map((half) => normal(low - half) + normal(-high - half)));
}

/** Further acquisitions for 80 % power if bias and spread stay, or "more than 1,000"; all on `toScale`. */
function furtherAcquisitions(bias, sd, n, inner, outer, fewest) {
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
function decide({ bias, ends, sd, n, scope, tolerance, uncertainty }) {
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
function agreement(measured, truth, { scope, tolerance, uncertainty = null, gross = null, better = null }) {
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
return { toScale, toBias, fractionBound, interval, widen, wordOf, powerToHold, powerToFail, furtherAcquisitions, decide, agreement };
})();

const $fields = (() => {
// How many fields would you need? The word, its interval and the power, for a bias and a spread that are assumed.
const { decide, furtherAcquisitions, interval, powerToFail, powerToHold, toScale } = $judge;

/**
 * What n fields would say, were the mean error exactly `bias` and the spread of single fields `spread` (of log ratios).
 *
 * Both and `tolerance` (one side of a band around 0) are fractions, n is 2 or more. Gives the word with its reason, the
 * 90 % interval, the power of n new fields to say HOLDS and FAILS, and the fields that give 80 % power (a number or
 * "more than 1,000"), for HOLDS where the bias lies inside the tolerance, else for FAILS.
 */
function fieldsNeeded({ tolerance, n, bias, spread }) {
  const edges = [-tolerance, tolerance], centre = toScale(1 + bias), ends = interval(centre, spread, n);
  const scaled = edges.map((edge) => toScale(1 + edge));
  const { word, reason } = decide({ bias, ends, sd: spread, n, scope: "population", tolerance: edges, uncertainty: null });
  const further = furtherAcquisitions(centre, spread, 1, scaled, scaled, [5, 2]);
  const power = n < 5 ? 0 : powerToHold(centre, spread, n, scaled); // fewer than five may not say HOLDS
  return {
    word, reason, interval: ends, toHold: power, toFail: powerToFail(centre, spread, n, scaled),
    needed: typeof further === "number" ? 1 + further : further, wanted: scaled[0] < centre && centre < scaled[1] ? "HOLDS" : "FAILS",
  };
}
return { fieldsNeeded };
})();

const $page = (() => {
// Small pieces of a page.

/** An element with attributes (`onclick` and the like are listeners) and children, elements or texts. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null));
  return element;
}

/** The tolerance as a band and the interval over it, as a picture; `words` say the same. */
function picture(tolerance, interval, bias, words) {
  const reach = 1.15 * Math.min(3, Math.max(2 * tolerance[1], -2 * tolerance[0], ...interval.map(Math.abs)));
  const at = (value) => 160 + 150 * Math.max(-1, Math.min(1, value / reach)), ink = "currentColor";
  const draw = (tag, attributes) => {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    return shape;
  };
  const line = (x1, y1, x2, y2, width) => draw("line", { x1, y1, x2, y2, stroke: ink, "stroke-width": width });
  const image = draw("svg", { viewBox: "0 0 320 48", role: "img", "aria-label": words, class: "scv-picture" });
  image.append(draw("rect", { x: at(tolerance[0]), y: 4, width: at(tolerance[1]) - at(tolerance[0]), height: 40, class: "scv-band" }),
    line(160, 4, 160, 44, 0.75), line(at(interval[0]), 24, at(interval[1]), 24, 3), line(at(interval[0]), 16, at(interval[0]), 32, 2),
    line(at(interval[1]), 16, at(interval[1]), 32, 2), draw("circle", { cx: at(bias), cy: 24, r: 5, fill: ink }));
  return image;
}

const STYLE = `
.scv { border: 1px solid #767676; border-radius: 6px; padding: 0.8rem; margin: 1rem 0; max-width: 100%; box-sizing: border-box; }
.scv * { box-sizing: border-box; }
.scv [hidden] { display: none !important; }
.scv p { margin: 0.4rem 0; }
.scv fieldset { border: 2px dashed #767676; border-radius: 6px; padding: 0.6rem; margin: 0 0 0.6rem; min-width: 0; }
.scv fieldset.scv-over { border-style: solid; border-color: #0b5fa5; background: rgba(11, 95, 165, 0.12); }
.scv legend { font-weight: 600; font-size: 1rem; padding: 0 0.3rem; width: auto; float: none; margin: 0; }
.scv label { display: block; margin: 0.3rem 0; }
.scv input[type="file"] { display: block; max-width: 100%; margin-top: 0.15rem; }
.scv input[type="number"], .scv select { font: inherit; padding: 0.2rem 0.3rem; max-width: 100%; color: inherit; background: transparent; border: 1px solid #767676; border-radius: 4px; }
.scv select option { color: #000; background: #fff; }
.scv input[type="number"] { width: 6rem; }
.scv input[type="range"] { width: 100%; }
.scv button { font: inherit; padding: 0.35rem 1.1rem; border: 2px solid #0b5fa5; border-radius: 4px; background: #0b5fa5; color: #fff; cursor: pointer; }
.scv button:disabled { opacity: 0.55; cursor: default; }
.scv :focus-visible { outline: 3px solid #b35900; outline-offset: 2px; }
.scv-slots, .scv-rules { display: grid; gap: 0 1rem; grid-template-columns: repeat(auto-fit, minmax(min(15rem, 100%), 1fr)); }
.scv-error { border-left: 4px solid #a40000; padding-left: 0.6rem; overflow-wrap: anywhere; }
.scv-scroll { overflow-x: auto; }
.scv table { border-collapse: collapse; font-size: 0.9em; margin: 0.4rem 0; }
.scv th, .scv td { text-align: left; padding: 0.25rem 0.5rem; border-bottom: 1px solid #767676; vertical-align: top; }
.scv ul { padding-left: 1.1rem; margin: 0.4rem 0; overflow-wrap: anywhere; }
.scv-picture { width: 100%; max-width: 26rem; display: block; }
.scv-band { fill: #4c9bd6; fill-opacity: 0.35; }
.scv-command { overflow-wrap: anywhere; }
`;
return { make, picture, STYLE };
})();

const $text = (() => {
// Words and numbers as the command prints them.

/** What is wrong with a file or a number that a person gave; its message is shown as it is. */
class InputError extends Error {}

/** The first three of a list of names. */
const few = (names) => names.slice(0, 3).join(", ") + (names.length > 3 ? ", ..." : "");

/** A text in quotes, as Python shows one. */
const quoted = (text) => (text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text.replaceAll("'", "\\'")}'`);

/** A shape as Python prints a tuple. */
const tuple = (shape) => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`);

/** A number with so many decimals; where it lies exactly between two, the even one is taken, as Python does. */
function fixed(value, digits) {
  if (!Number.isFinite(value)) return String(value);
  const long = value.toFixed(digits + 40), end = long.indexOf(".") + (digits ? digits + 1 : 0);
  return isEvenTie(long, long.indexOf(".") + digits + 1, end) ? long.slice(0, end) : value.toFixed(digits);
}

/** Whether the digits from `tail` on are exactly one half, and the last one before `end` is even. */
const isEvenTie = (long, tail, end) => /^50*$/.test(long.slice(tail)) && Number(long[end - 1]) % 2 === 0;

/** A number with `digits` significant digits and no trailing zeros, as Python's format 'g'. */
function general(value, digits = 6) {
  if (value === 0) return "0";
  if (!Number.isFinite(value)) return String(value).toLowerCase().replace("infinity", "inf");
  const [long] = value.toExponential(digits + 40).split("e"), [text, exponent] = value.toExponential(digits - 1).split("e");
  const tail = long.indexOf(".") + digits, end = digits > 1 ? tail : tail - 1;
  const mantissa = isEvenTie(long, tail, end) ? long.slice(0, end) : text, power = Number(exponent);
  const short = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
  if (power >= -4 && power < digits) return short(fixed(value, Math.max(0, digits - 1 - power)));
  return `${short(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
}

/** A bias or a limit, signed, in per cent. */
function percent(value) {
  if (!Number.isFinite(value)) return "not finite";
  if (Math.abs(value) < 5e-4) return "0 %";
  const text = fixed(100 * value, Math.abs(value) >= 0.1995 ? 0 : 1);
  return `${value > 0 ? "+" : ""}${text} %`;
}

/** An interval in per cent, or the words that there is none. */
function span(pair, scope, uncertainty) {
  if (scope === "image" && uncertainty === null) return "not known";
  return pair ? `${percent(pair[0])} to ${percent(pair[1])}` : "none";
}
return { InputError, few, quoted, tuple, fixed, general, percent, span };
})();

const $fields_widget = (() => {
// The second widget: sliders for what is assumed, and what would come out.
const { fieldsNeeded } = $fields;
const { make, picture } = $page;
const { percent, span } = $text;

const SLIDERS = {
  tolerance: ["Tolerance, ± %", 1, 50, 1, 10],
  n: ["Fields", 2, 100, 1, 6],
  bias: ["Mean error of the tool, %", -40, 40, 1, 2],
  spread: ["Spread of the error between fields (standard deviation), %", 1, 60, 1, 8],
};

/** Build the widget in an element. */
function fieldsWidget(el) {
  const inputs = {}, answer = make("div", { role: "status", "aria-live": "polite" });
  const sliders = Object.entries(SLIDERS).map(([name, [text, min, max, step, value]]) => {
    const shown = make("span", {}, String(value)); // an output would take the label for itself
    inputs[name] = make("input", { type: "range", min, max, step, value, oninput: (event) => { shown.textContent = event.target.value; update(); } });
    return make("label", {}, `${text}: `, shown, inputs[name]);
  });

  function update() {
    const read = (name) => Number(inputs[name].value), given = { n: read("n"), tolerance: read("tolerance") / 100, bias: read("bias") / 100, spread: read("spread") / 100 };
    const { word, reason, interval, toHold, toFail, needed, wanted } = fieldsNeeded(given);
    const tolerance = [-given.tolerance, given.tolerance], often = (power) => `${Math.round(100 * power)} of 100`;
    answer.replaceChildren(
      make("p", {}, make("strong", {}, word + (reason ? `: ${reason}` : "")), `, were ${given.n} fields to give exactly this: bias ${percent(given.bias)}, 90 % interval ${span(interval)}.`),
      picture(tolerance, interval, given.bias, `The interval ${span(interval)} over the tolerance ${span(tolerance)}`),
      make("p", {}, `Chance moves such numbers. Of 100 studies of ${given.n} fields with this bias and spread, ${often(toHold)} would say HOLDS and ${often(toFail)} FAILS.`),
      make("p", {}, needed === "more than 1,000"
        ? `More than 1,000 fields would be needed for ${wanted} in 80 of 100 studies: the bias lies too near the edge of the tolerance, or the spread is too large.`
        : `For ${wanted} in 80 of 100 studies you would need ${needed} fields.`));
  }

  el.append(make("section", { class: "scv", "aria-label": "How many fields would you need?" }, sliders, answer));
  update();
}
return { fieldsWidget };
})();

const $match = (() => {
// Which object overlaps which, and which are found again: the definitions of the book, at an IoU of 0.5.

const THRESHOLD = 0.5;

/**
 * Number the objects of a plane from 1 in the order of their labels.
 *
 * `values` holds `height` x `width` whole numbers from 0 on. The answer has `dense` (Int32Array, 0 is background and
 * k the object ids[k - 1]), `ids` (labels, ascending) and `area` (pixels of each).
 */
function labelled(values, height, width) {
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
function overlaps(predicted, truth) {
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
function assigned(overlap) {
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
function countingErrors({ pairs, predictedArea, trueArea }) {
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
function matched(overlap) {
  const iou = assigned(overlap), sum = iou.reduce((total, one) => total + one, 0);
  return {
    nTrue: overlap.trueArea.length, nPredicted: overlap.predictedArea.length, tp: iou.length, iou: sum,
    ...countingErrors(overlap),
  };
}

/** part / whole, and NaN where the whole is 0. */
const ratio = (part, whole) => (whole ? part / whole : NaN);

/** F1, precision, recall, mean IoU of matched pairs and PQ, from summed counts. */
function scoresOf({ nTrue, nPredicted, tp, iou }) {
  const both = nTrue + nPredicted;
  return {
    "F1@0.5": ratio(2 * tp, both), precision: ratio(tp, nPredicted), recall: ratio(tp, nTrue),
    "mean IoU": ratio(iou, tp), PQ: ratio(2 * iou, both),
  };
}

/** Dice of foreground pixels, which does not tell objects apart. */
function pixelDice(overlap) {
  const { both, predicted, truth } = foreground(overlap);
  return ratio(2 * both, predicted + truth);
}

/** Foreground pixels of the two images, and those in common. */
function foreground({ pairs, predictedArea, trueArea }) {
  const sum = (numbers) => numbers.reduce((total, one) => total + one, 0);
  return { both: sum(pairs.map(({ pixels }) => pixels)), predicted: sum(predictedArea), truth: sum(trueArea) };
}

/** Positions (from 0) of the objects that touch the edge of the image. */
function atEdge({ dense, height, width }) {
  const found = new Set();
  const add = (i) => dense[i] && found.add(dense[i] - 1);
  for (let x = 0; x < width; x++) add(x), add((height - 1) * width + x);
  for (let y = 0; y < height; y++) add(y * width), add(y * width + width - 1);
  return found;
}
return { THRESHOLD, labelled, overlaps, assigned, countingErrors, matched, ratio, scoresOf, pixelDice, foreground, atEdge };
})();

const $random = (() => {
// numpy's default generator (PCG64 seeded by SeedSequence), so that the same draws are made here as in Python.
// O'Neill 2014 (PCG); Lemire 2019, doi:10.1145/3230636 (bounded integers).

const MASK32 = 0xffffffffn, MASK64 = (1n << 64n) - 1n, MASK128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/** A generator seeded by whole numbers below 2^32, as `numpy.random.default_rng(seed)`. */
function generator(seed) {
  const [a, b, c, d] = words(seed);
  const increment = (((c << 64n) | d) << 1n | 1n) & MASK128;
  let state = increment, kept = null;
  const step = () => { state = (state * MULTIPLIER + increment) & MASK128; };
  state = (state + ((a << 64n) | b)) & MASK128;
  step();

  function next32() {
    if (kept !== null) { const half = kept; kept = null; return half; }
    step();
    const folded = (state >> 64n) ^ (state & MASK64), turn = state >> 122n;
    const bits = ((folded >> turn) | (folded << (64n - turn))) & MASK64;
    kept = Number(bits >> 32n);
    return Number(bits & MASK32);
  }

  /** A whole number from 0 to `most`; below 2^21, so that products are exact. */
  function upTo(most) {
    if (most >= 2 ** 21) throw new RangeError("random numbers here end at 2^21");
    if (most === 0) return 0;
    const count = most + 1, threshold = (2 ** 32 - count) % count;
    let product = next32() * count;
    while (product % 2 ** 32 < threshold) product = next32() * count;
    return Math.floor(product / 2 ** 32);
  }

  /** Put the values into a random order, in place; numpy draws these numbers by masks and not as `upTo`. */
  function shuffle(values) {
    for (let i = values.length - 1; i > 0; i--) {
      const mask = 2 ** (32 - Math.clz32(i)) - 1, value = values[i];
      let j = next32() & mask;
      while (j > i) j = next32() & mask;
      values[i] = values[j];
      values[j] = value;
    }
    return values;
  }
  return { upTo, shuffle };
}

/** Four words of 64 bits from a seed, as SeedSequence makes them. */
function words(seed) {
  let constant = 0x43b0d7e5;
  const hash = (value) => {
    value = (value ^ constant) >>> 0;
    constant = Math.imul(constant, 0x931e8875) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    return (value ^ (value >>> 16)) >>> 0;
  };
  const mix = (x, y) => {
    const mixed = (Math.imul(x, 0xca01f9dd) - Math.imul(y, 0x4973f715)) >>> 0;
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const pool = [0, 1, 2, 3].map((i) => hash(i < seed.length ? seed[i] : 0));
  for (let from = 0; from < 4; from++) {
    for (let to = 0; to < 4; to++) if (from !== to) pool[to] = mix(pool[to], hash(pool[from]));
  }
  constant = 0x8b51f9dd;
  const halves = [];
  for (let i = 0; i < 8; i++) {
    let value = (pool[i % 4] ^ constant) >>> 0;
    constant = Math.imul(constant, 0x58f38ded) >>> 0;
    value = Math.imul(value, constant) >>> 0;
    halves.push(BigInt((value ^ (value >>> 16)) >>> 0));
  }
  return [0, 2, 4, 6].map((i) => halves[i] | (halves[i + 1] << 32n));
}
return { generator };
})();

const $chance = (() => {
// What the predicted objects would score at random places: the same 99 draws as the command makes, number by number.
const { assigned, atEdge, countingErrors, ratio } = $match;
const { generator } = $random;
const { mean, quantile, smallest } = $statistics;

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
function chance(predicted, truth, overlap, number) {
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
function isBetter(one) {
  if (!one.nTrue || !one.nPredicted) return null;
  const asGood = one.best.filter((best) => best >= one.found * (1 - 1e-9)).length;
  const partners = [[one.matched, one.tp], [one.withOwn, one.own]];
  return (1 + asGood) / (1 + DRAWS) <= LEVEL && partners.some(([given, drawn]) => given > 0 && given >= mean(drawn));
}

/** Mean scores over the draws, by name. */
function chanceScores(one) {
  const n = one.nPredicted, m = one.nTrue, tp = mean(one.tp), iou = mean(one.iou);
  return {
    F1: ratio(2 * tp, n + m), precision: ratio(tp, n), recall: ratio(tp, m), "mean IoU": ratio(iou, tp),
    PQ: ratio(2 * iou, n + m), Dice: ratio(2 * mean(one.shared), one.foreground),
    "gross error": ratio(n + m - 2 * mean(one.own), m),
  };
}

/** The draws of several images, added up. */
function pooledChance(several) {
  const arrays = ["tp", "iou", "own", "best", "shared"], pooled = {};
  for (const name of arrays) pooled[name] = several[0][name].map((_, i) => several.reduce((sum, one) => sum + one[name][i], 0));
  for (const name of ["nTrue", "nPredicted", "found", "matched", "withOwn", "foreground", "placed"]) {
    pooled[name] = several.reduce((sum, one) => sum + one[name], 0);
  }
  return pooled;
}

/** The images that are not better than chance, and whether these are more than an honest tool has. */
function byFile(several) {
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
return { chance, isBetter, chanceScores, pooledChance, byFile };
})();

const $frame = (() => {
// Labels in another frame than the truth's: noticed, because they would match if they were turned or shifted.
const { matched, overlaps } = $match;
const { heads, largest, mean, median } = $statistics;
const { fixed } = $text;

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
function orientationHint(fields, matches) {
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
return { orientationHint };
})();

const $level_names = (() => {
// Names of fields that say of which well or animal a field is, as programs write them.
const { few } = $text;

const PLATE_WELL = new RegExp("(?:(?<![A-Za-z0-9])|(?<=[Ww]ell))([A-P](?:0?[1-9]|1[0-9]|2[0-4]))(?![A-Za-z0-9]|(?<=\\d)\\.\\d)"
  + "|(?<![A-Za-z0-9])([A-P](?:0[1-9]|1[0-9]|2[0-4]))(?=f\\d)|(?<![A-Za-z0-9])(r\\d{1,2}c\\d{1,2})(?=f\\d|[^A-Za-z0-9]|$)", "g");
const ANIMAL = new RegExp("(?<![a-z])((?:mouse|animal|rat|donor|patient|subject|fish|embryo|larva|worm|fly|rep(?:licate)?|biorep"
  + "|exp(?:eriment)?)[ _-]?[a-z]?\\d+[a-z]?)(?![a-z0-9])", "gi");
const DISH = new RegExp("(?<![a-z])((?:well|dish|slide|coverslip|coverglass|chamber|flask|organoid|spheroid|explant)"
  + "[ _-]?[a-z]?\\d+[a-z]?)(?![a-z0-9])", "gi");
const NUMBERED = /(?<![A-Za-z0-9])(W\d{1,5})(?=[_-]{0,2}[PFS]\d)/g; // as microscopes number wells: --W00001--P00000--
const SMALL = /(?:^|(?<=[/\\ _-]))([a-p](?:0[1-9]|1[0-9]|2[0-4]))(?=[/\\ _-]|\.(?!\d)|$)/g;
const WELLS = "wells", ANIMALS = "animals or repeats";
const WAYS = [[WELLS, PLATE_WELL], [ANIMALS, ANIMAL], [WELLS, DISH], [WELLS, NUMBERED], [WELLS, SMALL]];

/**
 * What the fields' names say of wells, or else of animals or repeats, that several fields share; null where neither.
 *
 * Gives `kind`, what is one in each name (`units`), and the command's words on it (`guess`).
 */
function sharedIn(names) {
  for (const [kind, way] of WAYS) {
    const found = names.map((name) => [...name.matchAll(way)]);
    if (!found.every((fits) => fits.length)) continue;
    const animals = (fits) => [...new Set(fits.map((fit) => fit[0].replace(/[ _-]/g, "").toLowerCase()))].sort().join(" ");
    const shown = found.map((fits) => (kind === ANIMALS ? animals(fits) : fits[0][0]));
    const units = kind === ANIMALS ? shown : found.map(([fit], i) => names[i].slice(0, fit.index + fit[0].length));
    const n = new Set(units).size, every = [...new Set(shown)];
    if (every.length < 2 || n === names.length) continue;
    const start = `${kind[0].toUpperCase()}${kind.slice(1)}`;
    const guess = `${start}: the fields' names hold ${n} ${kind} (${few(every)}) of ${names.length} fields; each counts once.`
      + " If these are none, --level field.";
    return { kind, units, guess };
  }
  return null;
}
return { sharedIn };
})();

const $names = (() => {
// Which names of two lists mean the same field, as far as the names alone can tell; as the command does it.

const ROLES = {
  labels: "mask masks label labels labeled labelled lbl seg segm segmentation segmentations instance instances"
    + " object objects identities track",
  prediction: "pred preds prediction predictions predicted output outputs out result results res cp cellpose"
    + " stardist unet omnipose ilastik",
  truth: "gt truth true ground groundtruth manual man annot annotated annotation annotations reference ref",
  image: "img image images im raw",
  beside: "outline outlines flow flows cellprob prob probs probability probabilities overlay overlays dp"
    + " boundary boundaries",
  micrograph: "patch rigid aligned doseweighted dw nodw frame frames fractions eer info automatch autopick"
    + " manualpick auto pick picks picked coord coords coordinates particles boxes",
};
const ROLE = new Map(Object.entries(ROLES).flatMap(([role, words]) => words.split(" ").map((word) => [word, role])));
const WORD = /\p{Nd}+|dP(?![a-z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|(?:(?![A-Za-z_])[\p{L}\p{N}\p{M}])+/gu;
const UID = /^\d{15,}[_-](?=.)/;
const STAMP = 100000; // numbers from here are times, dates or identifiers

/** Words in small letters, and numbers as numbers (marked by #). */
const word = (part) => (/^\p{Nd}+$/u.test(part) ? `#${BigInt(part)}` : part.toLowerCase());
const tokens = (name) => (name.match(WORD) ?? []).map(word);

/** A name's words without those of a role at either end. */
function core(name) {
  const found = tokens(name.replace(UID, "")), held = found.flatMap((one, i) => (ROLE.has(one) ? [] : [i]));
  return held.length ? found.slice(held[0], held.at(-1) + 1) : found;
}

/** The part of a name from its core's first word to the last, as it is written. */
function coreText(name) {
  const cut = name.replace(UID, ""), parts = [...cut.matchAll(WORD)];
  const plain = parts.filter((part) => !ROLE.has(word(part[0]))), kept = plain.length ? plain : parts;
  return kept.length ? cut.slice(kept[0].index, kept.at(-1).index + kept.at(-1)[0].length) : name;
}

/** The roles that the words around a name's core speak of. */
function roles(name) {
  return new Set(leftOver(tokens(name.replace(UID, "")), core(name)).flatMap((one) => ROLE.get(one) ?? []));
}

/** Words of one list that the other does not have, counted. */
function leftOver(outer, inner) {
  const rest = [...inner];
  return outer.filter((one) => {
    const at = rest.indexOf(one);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
}

/** Pair names that mean the same thing, by the first way that pairs most; what is not certain is left alone. */
function matchNames(left, right) {
  const ways = {
    "by equal names": () => equal(left, right, (name) => name),
    "by names without what says their role, such as mask or gt": () => equal(left, right, (name) => core(name).join(" ")),
    "by what varies in the names": () => varying(left, right),
    "by the longest part that the names share": () => holding(left, right),
  };
  let pairs = new Map(), how = "";
  for (const [told, way] of Object.entries(ways)) {
    if (pairs.size === left.length && left.length === right.length) break;
    const found = way();
    if (found.size > pairs.size) [pairs, how] = [found, told];
  }
  return { pairs, how };
}

function equal(left, right, key) {
  const mine = new Map(left.map((name) => [key(name), name])), theirs = new Map(right.map((name) => [key(name), name]));
  if (mine.size < left.length || theirs.size < right.length) return new Map();
  return new Map([...mine].filter(([own]) => own && theirs.has(own)).map(([own, name]) => [name, theirs.get(own)]));
}

function varying(left, right) {
  if (left.length !== right.length || left.length < 2) return new Map();
  const [mine, theirs] = [left, right].map(withoutConstants);
  if (mine.size < left.length || theirs.size < right.length || [...mine.keys()].some((own) => !theirs.has(own))) return new Map();
  const pairs = new Map([...mine].map(([own, name]) => [name, theirs.get(own)]));
  const cores = [...pairs].map((pair) => pair.map(core));
  return cores.every(([a, b]) => holds(a, b)) || cores.every(([a, b]) => holds(b, a)) ? pairs : new Map();
}

/** Names by their cores without the words that all of them begin with and end with. */
function withoutConstants(names) {
  const cores = names.map(core), alike = (lists) => {
    const least = Math.min(...lists.map((own) => own.length));
    let i = 0;
    while (i < least && lists.every((own) => own[i] === lists[0][i])) i++;
    return i;
  };
  const head = alike(cores), cut = cores.map((own) => own.slice(head)), tail = alike(cut.map((own) => [...own].reverse()));
  return new Map(cut.map((own, i) => [own.slice(0, own.length - tail).join(" "), names[i]]));
}

function holding(left, right) {
  if (!left.length || left.length !== right.length) return new Map();
  const pairs = heldBy(left, right);
  return pairs.size ? pairs : new Map([...heldBy(right, left)].map(([theirs, mine]) => [mine, theirs]));
}

/** Give each outer name the one inner name whose core it holds; nothing unless that is one to one. */
function heldBy(outer, inner) {
  const cores = new Map(inner.map((name) => [name, core(name)])), pairs = new Map(), over = [];
  for (const name of outer) {
    const mine = core(name), held = inner.filter((other) => holds(mine, cores.get(other)));
    const longest = Math.max(0, ...held.map((other) => cores.get(other).length));
    const best = held.filter((other) => cores.get(other).length === longest);
    if (best.length !== 1) return new Map();
    pairs.set(name, best[0]);
    const numbers = leftOver(mine, cores.get(best[0])).filter((one) => one[0] === "#" && Number(one.slice(1)) < STAMP);
    over.push([...new Set(numbers)].sort().join(" "));
  }
  const oneToOne = new Set(pairs.values()).size === inner.length;
  return oneToOne && over.every((numbers) => numbers === over[0]) ? pairs : new Map();
}

/** Whether the words of `inner` occur in `outer` in their order. */
function holds(outer, inner) {
  let at = 0;
  for (const one of outer) if (at < inner.length && one === inner[at]) at++;
  return inner.length > 0 && at === inner.length;
}
return { core, coreText, roles, matchNames };
})();

const $read_npy = (() => {
// NPY: an array of numbers. NumPy Enhancement Proposal 1; pickles are never opened.
const { InputError } = $text;

const KINDS = {
  b1: ["bool", Uint8Array], u1: ["uint8", Uint8Array], i1: ["int8", Int8Array], u2: ["uint16", Uint16Array],
  i2: ["int16", Int16Array], u4: ["uint32", Uint32Array], i4: ["int32", Int32Array], u8: ["uint64", BigUint64Array],
  i8: ["int64", BigInt64Array], f4: ["float32", Float32Array], f8: ["float64", Float64Array],
};
const OTHERS = { c8: "complex64", c16: "complex128" };

/** The numbers of a NPY file: `array` in the order of rows, `shape`, `axes`, `dtype` and how numpy writes it. */
function readNpy(bytes, path) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), long = bytes[6] > 1;
  const start = (long ? 12 : 10) + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const head = new TextDecoder("latin1").decode(bytes.subarray(long ? 12 : 10, start));
  const shape = head.match(/'shape':\s*\(([^)]*)\)/)?.[1].split(",").map((one) => one.trim()).filter(Boolean).map(Number);
  const kind = head.match(/'descr':\s*(?:'([^']*)'|\[)/), columns = /'fortran_order':\s*True/.test(head);
  const order = /'fortran_order':\s*(True|False)\b/.test(head);
  if (!shape || !kind || !order || start > bytes.length) throw new Error("its head cannot be read");
  const name = kind[1] ?? "a table's rows";
  if (name.endsWith("O")) {
    const ours = shape.length === 0 && /_seg\.npy$/i.test(path) ? " Cellpose's _seg.npy is read by the command alone." : "";
    throw new InputError(`${path}: holds Python objects (a pickle), which are never opened; expected numbers.`
      + ` Save labels.astype('int32') instead.${ours}`);
  }
  const axes = axesOf(shape);
  if (name.endsWith("f2")) throw new InputError(`${path}: holds float16, which is not read here; give it to the command, or save labels.astype('int32').`);
  const swapped = name[0] === ">", plain = OTHERS[name.slice(1)] ?? name;
  if (!KINDS[name.slice(1)]) return { array: [], shape, axes, dtype: swapped ? name : plain };
  const [dtype, Kind] = KINDS[name.slice(1)], count = shape.reduce((product, side) => product * side, 1);
  if (start + count * Kind.BYTES_PER_ELEMENT > bytes.length) throw new Error(`it holds fewer than ${count} numbers`);
  const array = numbers(bytes, start, count, Kind, swapped);
  return { array: columns && shape.length === 2 ? transposed(array, shape) : array, shape, axes, dtype, written: swapped ? name : dtype };
}

/** Numbers of one kind from some bytes on; `swapped` where the large end comes first. */
function numbers(bytes, start, count, Kind, swapped) {
  const size = Kind.BYTES_PER_ELEMENT, copy = bytes.slice(start, start + count * size);
  if (swapped && size > 1) for (let i = 0; i < copy.length; i += size) copy.subarray(i, i + size).reverse();
  return new Kind(copy.buffer);
}

function axesOf(shape) {
  if (shape.length === 3 && [3, 4].includes(shape[2]) && Math.min(shape[0], shape[1]) > 4) return "YXS";
  return shape.length ? "?".repeat(Math.max(0, shape.length - 3)) + "ZYX".slice(-Math.min(3, shape.length)) : "";
}

function transposed(array, [height, width]) {
  const turned = new array.constructor(array.length);
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) turned[i] = array[x * height + y];
  return turned;
}
return { readNpy, numbers };
})();

const $inflate = (() => {
/** Undo zlib's compression of some stretches of bytes, by what every browser has built in. */
async function inflate(parts) {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Error("its compressed pixels are cut short or wrong");
  }
}
return { inflate };
})();

const $read_png = (() => {
// PNG: grey of 1 to 16 bits, or a palette's indices. W3C, Portable Network Graphics, third edition.
const { inflate } = $inflate;

const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
const SAMPLES = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** The pixels of a PNG: `array`, `shape`, `axes` and the number's `dtype`; throws where it is damaged. */
async function readPng(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), parts = [];
  let head = null;
  for (let at = 8; ;) {
    if (at + 12 > bytes.length) throw new Error("it ends before its last part");
    const length = view.getUint32(at), kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) throw new Error("it ends within a part");
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (crc(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) throw new Error(`wrong sum of part ${kind}`);
    if (kind === "IHDR") head = { width: view.getUint32(at + 8), height: view.getUint32(at + 12), depth: body[8], colour: body[9], interlaced: body[12] };
    if (kind === "IDAT") parts.push(body);
    if (kind === "IEND") break;
    at += 12 + length;
  }
  if (!head || !parts.length) throw new Error("it has no picture");
  const { width, height, depth, colour } = head, samples = SAMPLES[colour];
  if (!samples || ![1, 2, 4, 8, 16].includes(depth)) throw new Error("an unknown kind of pixel");
  if (samples > 1) return { array: new Uint8Array(1), shape: [height, width, samples], axes: "YXS", dtype: "uint8" };
  const data = await inflate(parts), array = depth === 16 ? new Uint16Array(width * height) : new Uint8Array(width * height);
  const stretch = colour === 0 && (depth === 2 || depth === 4) ? 255 / (2 ** depth - 1) : 1; // as PIL reads them
  let at = 0;
  for (const [x0, y0, dx, dy] of head.interlaced ? ADAM7 : [[0, 0, 1, 1]]) {
    const columns = Math.ceil((width - x0) / dx), rows = Math.ceil((height - y0) / dy), stride = Math.ceil((columns * depth) / 8);
    if (columns <= 0 || rows <= 0) continue;
    if (at + rows * (stride + 1) > data.length) throw new Error("it holds too few pixels");
    let above = new Uint8Array(stride);
    for (let row = 0; row < rows; row++, at += stride + 1) {
      const line = data.subarray(at + 1, at + 1 + stride);
      unfilter(data[at], line, above, depth === 16 ? 2 : 1);
      above = line;
      let to = (y0 + row * dy) * width + x0;
      if (depth === 8) for (let i = 0; i < columns; i++, to += dx) array[to] = line[i];
      else if (depth === 16) for (let i = 0; i < 2 * columns; i += 2, to += dx) array[to] = (line[i] << 8) | line[i + 1];
      else {
        for (let bit = 0; bit < columns * depth; bit += depth, to += dx) {
          array[to] = ((line[bit >> 3] >> (8 - depth - (bit & 7))) & (2 ** depth - 1)) * stretch;
        }
      }
    }
  }
  const dtype = depth === 16 ? "uint16" : depth === 1 && colour === 0 ? "bool" : "uint8";
  return { array, shape: [height, width], axes: "YX", dtype };
}

function unfilter(kind, line, above, step) {
  const n = line.length;
  if (kind > 4) throw new Error(`line filter ${kind} is unknown`);
  if (kind === 1) for (let i = step; i < n; i++) line[i] += line[i - step];
  if (kind === 2) for (let i = 0; i < n; i++) line[i] += above[i];
  if (kind === 3) for (let i = 0; i < n; i++) line[i] += ((i < step ? 0 : line[i - step]) + above[i]) >> 1;
  if (kind !== 4) return;
  for (let i = 0; i < n; i++) {
    const left = i < step ? 0 : line[i - step], up = above[i], corner = i < step ? 0 : above[i - step];
    const a = Math.abs(up - corner), b = Math.abs(left - corner), c = Math.abs(left + up - 2 * corner);
    line[i] += a <= b && a <= c ? left : b <= c ? up : corner;
  }
}

const SUMS = Int32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc(bytes) {
  let sum = -1;
  for (let i = 0; i < bytes.length; i++) sum = SUMS[(sum ^ bytes[i]) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
}
return { readPng };
})();

const $read_tiff = (() => {
// TIFF: one plane of whole or decimal numbers, uncompressed or deflated. Adobe, TIFF revision 6.0, 1992.
const { inflate } = $inflate;
const { numbers } = $read_npy;
const { InputError, tuple } = $text;

const BYTES = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 16: 8, 13: 4 };
const KINDS = {
  "1,8": ["uint8", Uint8Array], "1,16": ["uint16", Uint16Array], "1,32": ["uint32", Uint32Array],
  "1,64": ["uint64", BigUint64Array], "2,8": ["int8", Int8Array], "2,16": ["int16", Int16Array],
  "2,32": ["int32", Int32Array], "2,64": ["int64", BigInt64Array], "3,32": ["float32", Float32Array],
  "3,64": ["float64", Float64Array],
};
const COMPRESSIONS = { 2: "CCITT", 3: "CCITT", 4: "CCITT", 5: "LZW", 6: "JPEG", 7: "JPEG", 32773: "PackBits", 34925: "LZMA", 50000: "ZSTD" };

/** The pixels of a TIFF: `array`, `shape`, `axes` and `dtype`. */
async function readTiff(bytes, path) {
  const little = bytes[0] === 0x49, view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[little ? 2 : 3] === 43) throw new InputError(`${path}: is a BigTIFF, which is not read here; give it to the command, or save it as TIFF.`);
  const pages = directories(view, little);
  const kinds = pages.map((page) => shapeOf(page)), different = [...new Set(kinds.map(tuple))];
  if (different.length > 1) {
    throw new InputError(`${path}: holds ${different.length} images (${different.slice(0, 3).join(", ")}); expected a plane or stack a file.`);
  }
  const first = pages[0], shape = kinds[0], one = (tag, usual) => first.get(tag)?.[0] ?? usual;
  for (const page of pages) {
    const [offsets, counts] = [page.get(324) ?? page.get(273) ?? [], page.get(325) ?? page.get(279) ?? []];
    offsets.forEach((offset, i) => {
      if (offset + counts[i] > bytes.length) throw new Error(`it ends at byte ${bytes.length}, its pixels at ${offset + counts[i]}`);
    });
  }
  const inside = Number(/^images=(\d+)/m.exec(first.get(270) ?? "")?.[1] ?? 1); // ImageJ's stacks of one page
  const planes = Math.max(pages.length, /^ImageJ=/.test(first.get(270) ?? "") ? inside : 1);
  if (shape.length === 3) return { array: new Uint8Array(1), shape, axes: "YXS", dtype: "uint8" };
  if (planes > 1) return { array: new Uint8Array(1), shape: [planes, ...shape], axes: "ZYX", dtype: "uint8" };
  const bits = one(258, 1), kind = KINDS[[one(339, 1), bits]];
  if (bits === 1) return { array: new Uint8Array(1), shape, axes: "YX", dtype: "bool" };
  if (!kind) throw new InputError(`${path}: has numbers of ${bits} bits, which are not read here; save it in 8, 16 or 32 bits.`);
  const compression = one(259, 1);
  if (![1, 8, 32946].includes(compression)) {
    const name = COMPRESSIONS[compression] ?? `way ${compression}`;
    throw new InputError(`${path}: is compressed by ${name}, which is not read here; give it to the command, or save it`
      + " without compression.");
  }
  const [height, width] = shape, [dtype, Kind] = kind, size = bits / 8, array = new Kind(height * width);
  const tiled = first.has(324), offsets = first.get(tiled ? 324 : 273), counts = first.get(tiled ? 325 : 279);
  const partWidth = tiled ? one(322) : width, partHeight = tiled ? one(323) : Math.min(one(278, height), height);
  const across = Math.ceil(width / partWidth);
  if (!offsets || !counts || offsets.length < across * Math.ceil(height / partHeight)) throw new Error("parts of its pixels are missing");
  for (const [i, offset] of offsets.entries()) {
    const y0 = Math.floor(i / across) * partHeight, x0 = (i % across) * partWidth, rows = tiled ? partHeight : Math.min(partHeight, height - y0);
    let raw = bytes.subarray(offset, offset + counts[i]);
    if (compression !== 1) raw = await inflate([raw]);
    if (raw.length < rows * partWidth * size) throw new Error("it holds too few pixels");
    const part = numbers(raw, 0, rows * partWidth, Kind, !little);
    if (one(317, 1) === 2) undoDifferences(part, partWidth, path);
    else if (one(317, 1) !== 1) throw new InputError(`${path}: is compressed by differences of decimal numbers, which are not read here; save it without compression.`);
    const columns = Math.min(partWidth, width - x0);
    for (let y = 0; y < rows && y0 + y < height; y++) array.set(part.subarray(y * partWidth, y * partWidth + columns), (y0 + y) * width + x0);
  }
  return { array, shape, axes: "YX", dtype };
}

/** The tags of every page. */
function directories(view, little) {
  const pages = [], known = new Set();
  for (let at = view.getUint32(4, little); at; ) {
    if (known.has(at)) throw new Error("its pages go round in a circle");
    known.add(at);
    const tags = new Map(), count = view.getUint16(at, little);
    for (let i = 0, entry = at + 2; i < count; i++, entry += 12) {
      const type = view.getUint16(entry + 2, little), many = view.getUint32(entry + 4, little), size = BYTES[type] ?? 0;
      const from = many * size <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
      if (!size || from + many * size > view.byteLength) continue;
      const read = (j) => (size === 1 ? view.getUint8(from + j) : size === 2 ? view.getUint16(from + 2 * j, little) : view.getUint32(from + size * j, little));
      const values = Array.from({ length: Math.min(many, 1 << 20) }, (_, j) => read(j));
      tags.set(view.getUint16(entry, little), type === 2 ? values.map((code) => String.fromCharCode(code)).join("") : values);
    }
    pages.push(tags);
    at = view.getUint32(at + 2 + 12 * count, little);
  }
  if (!pages.length) throw new Error("it has no page");
  return pages;
}

function shapeOf(page) {
  const [width, height, samples] = [256, 257, 277].map((tag) => page.get(tag)?.[0]);
  if (!width || !height) throw new Error("a page has no size");
  return samples > 1 ? [height, width, samples] : [height, width];
}

/** Sum up what was stored as differences along rows. */
function undoDifferences(part, width, path) {
  if (part instanceof Float32Array || part instanceof Float64Array || typeof part[0] === "bigint") {
    throw new InputError(`${path}: is compressed by differences of such numbers, which are not read here; save it without compression.`);
  }
  for (let i = 0; i < part.length; i++) if (i % width) part[i] += part[i - 1];
}
return { readTiff };
})();

const $read_labels = (() => {
// Read a label image, or say what is wrong with it in the command's words.
const { labelled } = $match;
const { readNpy } = $read_npy;
const { readPng } = $read_png;
const { readTiff } = $read_tiff;
const { InputError, general, tuple } = $text;

const SUFFIXES = [".tif", ".tiff", ".png", ".npy"];
const STARTS = {
  "II*\0": ".tif", "MM\0*": ".tif", "II+\0": ".tif", "MM\0+": ".tif", "\x89PNG": ".png", "\x93NUM": ".npy",
  "\xff\xd8\xff": ".jpg", "PK\x03\x04": ".zip",
};
const DIGITS = { float32: 24, float64: 53 }; // from 2 to this power on, two labels are stored as one number

const suffixOf = (path) => /[^/.](\.[^./]*)$/.exec(path)?.[1].toLowerCase() ?? "";

/** The label image in a file: what `labelled` gives, with `notes` on how it was read. */
async function readLabels(file) {
  const { path } = file, suffix = suffixOf(path);
  if (!SUFFIXES.includes(suffix)) {
    const named = suffix ? `has the suffix '${suffix}'` : "has no suffix";
    throw new InputError(`${path}: ${named}; expected ${SUFFIXES.join(", ")}. Save it in one of these formats.`);
  }
  const bytes = await file.bytes();
  if (!bytes.length) throw new InputError(`${path}: is empty (0 bytes); expected an image. Write or copy it again.`);
  const start = String.fromCharCode(...bytes.subarray(0, 8));
  const kind = Object.entries(STARTS).find(([magic]) => start.startsWith(magic))?.[1] ?? "another format";
  if (kind !== suffix.replace("tiff", "tif")) {
    throw new InputError(`${path}: is named ${suffix} but holds ${kind}, or it is damaged; give it the suffix of what it is.`);
  }
  let picture;
  try {
    picture = await { ".tif": readTiff, ".png": readPng, ".npy": readNpy }[kind](bytes, path);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: is cut short or damaged and cannot be read (${error.message}). Write or copy it again.`);
  }
  return planeOf(picture, path);
}

function planeOf({ array, shape, axes, dtype, written = dtype }, path) {
  if (shape.length < 2) throw new InputError(`${path}: has the shape ${tuple(shape)}; expected a plane (Y, X) or a stack (Z, Y, X).`);
  if (shape.includes(0)) throw new InputError(`${path}: holds no pixels, shape ${tuple(shape)}.`);
  if (axes.endsWith("S") && shape.at(-1) > 1) {
    throw new InputError(`${path}: is a colour picture, shape ${tuple(shape)}; expected one grey level or label per pixel.`
      + " Save the channel that is meant; planes of a stack are written with photometric='minisblack'.");
  }
  const deep = shape.slice(0, -2).filter((side) => side > 1);
  if (deep.length) {
    throw new InputError(`${path}: is a stack, shape ${tuple(shape)}, and a browser judges planes alone; give stacks to the command`
      + " `scopecheck score labels`.");
  }
  const [height, width] = shape.slice(-2), notes = [];
  const values = wholeNumbers(array, dtype, written, path);
  if (dtype.startsWith("float")) notes.push(`labels are ${written}, all of them whole, and are taken as whole numbers`);
  return { ...labelled(values, height, width), notes };
}

/** Labels from 0 on, or what is wrong with them. */
function wholeNumbers(array, dtype, written, path) {
  const said = `${path}: values are ${written}, expected whole-number labels.`;
  if (dtype.startsWith("float")) return wholeFloats(array, dtype, written, path, said);
  if (dtype === "bool") {
    throw new InputError(`${path}: a True/False mask does not tell objects apart; expected one number per object. `
      + "Number the objects with skimage.measure.label(mask).");
  }
  if (!/^u?int/.test(dtype)) throw new InputError(said);
  refuseNegative(array, path);
  if (typeof array[0] !== "bigint") return array;
  let high = 0n;
  for (const value of array) if (value > high) high = value;
  if (high > 2n ** 63n - 1n) throw new InputError(`${path}: holds labels above 2**63 - 1; renumber the objects from 1.`);
  if (high >= 2n ** 53n) throw new InputError(`${path}: holds labels from 2**53 on, which a browser cannot tell apart; renumber the objects from 1.`);
  return Float64Array.from(array, Number);
}

function wholeFloats(array, dtype, written, path, said) {
  if (array.some(Number.isNaN)) {
    throw new InputError(`${path}: holds NaN; expected whole-number labels. Set NaN to 0 (background).`);
  }
  if (!array.every(Number.isFinite)) {
    throw new InputError(`${said} If every value is whole, convert with .astype('int32'); threshold a probability map first.`);
  }
  const broken = array.filter((value) => value !== Math.trunc(value));
  if (broken.length) {
    throw new InputError(`${said} ${broken.length} of ${array.length} pixels are not whole, such as ${general(broken[0])}. Threshold a`
      + " probability map and number its objects; resize labels without interpolation.");
  }
  const end = 2 ** DIGITS[dtype];
  if (array.some((value) => value >= end)) {
    throw new InputError(`${said} From ${end} on, ${written} stores two labels as one; save them as int32.`);
  }
  return refuseNegative(array, path);
}

function refuseNegative(array, path) {
  if (/^Uint|^BigUint/.test(array.constructor.name)) return array;
  let low = array[0];
  for (const value of array) if (value < low) low = value;
  if (low < 0) throw new InputError(`${path}: holds the negative value ${low}; expected 0 for background, labels from 1.`);
  return array;
}
return { SUFFIXES, suffixOf, readLabels };
})();

const $pairs = (() => {
// Which predicted file belongs to which true one.
const { core, coreText, matchNames, roles } = $names;
const { SUFFIXES, suffixOf } = $read_labels;
const { InputError, few } = $text;

const SAYS_TRUTH = /(?<![a-z])(gt|(ground[ _-]?)?truth|manual|annotat\w*|reference)(?![a-z])/i;
const SAYS_PREDICTION = /(?<![a-z])(pred|predict\w*|cp_masks|cellpose|stardist|unet|outputs?|results?)(?![a-z])/i;

const nameOf = (path) => path.split("/").at(-1);
const stemOf = (path) => nameOf(path).replace(/(?<=.)\.[^.]*$/, "").replace(/\.ome$/i, "");

/**
 * Pair two files, or the files of two folders by their names.
 *
 * Each side is { path, folder, files }, where a file is { path, bytes }. Gives the pairs, by name, and notes.
 */
function pairUp(predicted, truth, asGiven) {
  if (predicted.folder !== truth.folder) {
    const kinds = [["prediction", predicted], ["truth", truth]].map(([what, side]) => `${what} is a ${side.folder ? "folder" : "file"}`);
    throw new InputError(`${predicted.path}: ${kinds.join(", ")}; give files alone or folders alone.`);
  }
  const notes = swapped(predicted.path, truth.path, asGiven);
  if (!predicted.folder) return { pairs: [{ name: nameOf(predicted.path), predicted: predicted.files[0], truth: truth.files[0] }], notes };
  const listed = { prediction: labelFiles(predicted, notes), truth: labelFiles(truth, notes) };
  const chosen = { prediction: ofOneKind("prediction", listed, predicted), truth: ofOneKind("truth", listed, truth) };
  const fields = (files) => new Set(files.map((file) => core(stemOf(file.path)).join(" "))).size;
  const most = Object.keys(listed).every((what) => 2 * fields(chosen[what].files) >= fields(listed[what]));
  for (const tried of most ? ["chosen", "all"] : ["all"]) {
    const files = Object.fromEntries(Object.keys(listed).map((what) => [what, tried === "chosen" ? chosen[what].files : listed[what]]));
    const mine = byStem(files.prediction), theirs = byStem(files.truth);
    if (!mine?.size || !theirs?.size) continue;
    const { pairs, how } = matchNames([...mine.keys()], [...theirs.keys()]);
    if (pairs.size !== mine.size || pairs.size !== theirs.size) continue;
    if (tried === "chosen") notes.push(...Object.values(chosen).flatMap((one) => one.notes));
    const back = new Map([...pairs].map(([a, b]) => [b, a]));
    const rows = [...theirs].map(([name, file]) => ({ predicted: mine.get(back.get(name)), truth: file }));
    const shown = rows.slice(0, 12).map((row) => [nameOf(row.predicted.path), nameOf(row.truth.path)])
      .map(([a, b]) => (a === b ? a : `${a} with ${b}`)).join(", ") + (rows.length > 12 ? ` and ${rows.length - 12} more` : "");
    notes.push(`${rows.length} pair${rows.length > 1 ? "s" : ""} ${how}: ${shown}.`);
    return { pairs: titled(rows), notes };
  }
  throw unpaired(chosen, listed, { prediction: predicted, truth });
}

/** The label images of a folder; what is none is left out, with a note. */
function labelFiles({ path, files }, notes) {
  const every = files.filter((file) => !nameOf(file.path).startsWith(".")).sort((a, b) => (a.path < b.path ? -1 : 1));
  const kept = every.filter((file) => SUFFIXES.includes(suffixOf(file.path)));
  const left = every.filter((file) => !kept.includes(file)).map((file) => nameOf(file.path));
  if (!kept.length) {
    throw new InputError(`${path}: ${left.length ? `holds ${few(left)}` : "is empty"}; expected images (${SUFFIXES.join(", ")}).`);
  }
  if (left.length) notes.push(`${path}: left out ${left.length} that are no images (${few(left)}).`);
  return kept;
}

/** Where files of one folder share a core, those whose names say that they are of the side's kind. */
function ofOneKind(what, listed, { path }) {
  const files = listed[what], cores = new Set(files.map((file) => core(stemOf(file.path)).join(" ")));
  if (cores.size === files.length) return { files, notes: [] };
  const said = new Map(files.map((file) => [file, roles(stemOf(file.path))]));
  let labels = files.filter((file) => said.get(file).has("labels") && !said.get(file).has("beside"));
  const plain = labels.filter((file) => !file.path.toLowerCase().endsWith("_seg.npy"));
  labels = plain.length ? plain : labels.length ? labels : files;
  const against = what === "prediction" ? "truth" : "prediction";
  const mine = labels.filter((file) => said.get(file).has(what)), others = labels.filter((file) => !said.get(file).has(against));
  const kept = mine.length ? mine : others.length ? others : labels, names = (some) => few(some.map((file) => nameOf(file.path)));
  const left = files.filter((file) => !kept.includes(file));
  const notes = left.length ? [`${path}: of files of several kinds ${kept.length} are taken (${names(kept)}) and ${left.length} left out (${names(left)}).`] : [];
  return { files: kept, notes };
}

/** Files by their names without the format; null where two have one name. */
function byStem(files) {
  const named = new Map(files.map((file) => [stemOf(file.path), file]));
  return named.size === files.length ? named : null;
}

/** Give each pair the part of the true file's name that says which field it is, in order. */
function titled(rows) {
  let titles = rows.map((row) => coreText(stemOf(row.truth.path)));
  if (new Set(titles).size < rows.length) titles = rows.map((row) => stemOf(row.truth.path));
  return rows.map((row, i) => ({ name: titles[i], ...row })).sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

/** Say which files have no partner, or which two have one name. */
function unpaired(chosen, listed, sides) {
  const names = {};
  for (const what of Object.keys(listed)) {
    const files = chosen[what].files.length ? chosen[what].files : listed[what], seen = new Map();
    for (const file of files) {
      const stem = stemOf(file.path);
      if (seen.has(stem)) {
        return new InputError(`${sides[what].path}: ${nameOf(seen.get(stem).path)} and ${nameOf(file.path)} have the same name '${stem}';`
          + " leave the one that is meant.");
      }
      seen.set(stem, file);
    }
    names[what] = seen;
  }
  for (const [what, other] of [["prediction", "truth"], ["truth", "prediction"]]) {
    const { pairs } = matchNames([...names[what].keys()], [...names[other].keys()]);
    const lonely = [...names[what]].filter(([name]) => !pairs.has(name)).map(([, file]) => nameOf(file.path));
    if (lonely.length) {
      return new InputError(`${sides[what].path}: ${lonely.length} of ${names[what].size} files (${few(lonely)}) have no ${other} of`
        + ` the same name in ${sides[other].path}; give folders whose files pair by name.`);
    }
  }
  return new InputError(`${sides.prediction.path}: the files do not pair by name; give folders whose files pair by name.`);
}

/** Notes on names that say the opposite of how they were given; an error where both do. */
function swapped(predicted, truth, asGiven) {
  const [a, b] = [nameOf(predicted), nameOf(truth)];
  const first = SAYS_TRUTH.test(a) && !SAYS_PREDICTION.test(a), second = SAYS_PREDICTION.test(b) && !SAYS_TRUTH.test(b);
  if (first && second && !asGiven) {
    throw new InputError(`${predicted} is given as prediction and ${truth} as truth, but their names say the opposite;`
      + " give the prediction first, then the truth, or add --as-given.");
  }
  if (!first && !second) return [];
  const odd = first ? `${predicted} as prediction` : `${truth} as truth`;
  return [`Read as given, ${odd}: its name says otherwise. Prediction comes first, truth second.`];
}
return { nameOf, stemOf, pairUp, swapped };
})();

const $signs = (() => {
// Signs in an array that it is not what a label image is: one number an object, 0 for background.
// A sign is { name, certain, text, way }; `way` names options of the command, with {side} for prediction or truth.
const { largest, median, smallest } = $statistics;
const { fixed } = $text;

const FULL = [255, 65535]; // the largest numbers of 8 and 16 bits
const SPECK = 0.1; // a piece below this share of its object, and of a usual object, is a slip of the pen
const TOUCHED = 0.75; // of all others: a background meets nearly all, an object of a full field about six
const MOST = 0.5;
const MANY = 0.25;
const LEVELS = 5; // numbers below which the order of neighbours says little
const FEW = 10; // objects, or pieces, below which a share says little
const STEPPED = 0.25, SOME_STEPS = 0.05; // of the changes along rows
const NEARLY_NONE = 0.01; // of the pixels may be 0 where nothing is background

const CONNECTED = "--labels {side}=connected counts every piece as an object";
const ANEW = "save it without interpolation (nearest neighbour), or threshold it first";

const sign = (name, certain, text, way) => ({ name, certain, text, way });
const listed = (values) => values.slice(0, 4).join(", ") + (values.length > 4 ? ", ..." : "");
const percent = (share) => `${fixed(100 * share, 0)}%`;

/** Look for every sign in a label image; also the counts that are added up over a folder. */
function look(labels) {
  const cut = runs(labels), { ids } = labels;
  if (!ids.length) return { signs: [], ids: 0, several: 0, hidden: 0 };
  const steps = stepsIn(cut);
  if (steps?.certain) return { signs: [steps], ids: 0, several: 0, hidden: 0 };
  const found = pieces(labels, cut), number = numbersOfPieces(found);
  const several = number.filter((one) => one > 1).length, hidden = number.reduce((sum, one) => sum + one - 1, 0);
  const signs = [steps, background(labels), oneValue(labels, number), inner(labels), specks(found)];
  if (!signs.some((one) => one?.certain)) {
    let pieced = limit(found, ids, number) ?? severalPieces(ids, number);
    if (pieced?.certain) {
      const levels = greyLevels(labels, found, steps), line = outline(labels, number);
      if (levels && (ids.length >= LEVELS || !line)) return { signs: [{ ...levels, certain: true }], ids: 0, several: 0, hidden: 0 };
      pieced = line ?? pieced;
    }
    signs.push(pieced);
  }
  return { signs: signs.filter(Boolean), ids: ids.length, several, hidden };
}

/** Judge the files of a folder as one: what is a doubt in each may be certain in all of them. */
function together(looks) {
  const sum = (name) => looks.reduce((total, one) => total + one[name], 0);
  const ids = sum("ids"), several = sum("several"), hidden = sum("hidden");
  const files = looks.filter((one) => one.several > 0).length;
  if (files < 2 || several < MANY * ids || hidden < Math.floor(FEW / 2)) return null;
  const text = `${several} of ${ids} numbers, in ${files} of ${looks.length} files, lie in several separate pieces`
    + ` (${ids + hidden} pieces in all), so that a number does not stand for one object`;
  return sign("several", true, text, CONNECTED);
}

/** Correlation (phi) of two foregrounds in n pixels: -1 where each is the other's background, NaN if one is flat. */
function inverted({ both, predicted: a, truth: b }, n) {
  const spread = a * (n - a) * b * (n - b);
  return spread ? (both * n - a * b) / Math.sqrt(spread) : NaN;
}

/** Stretches of equal value along every row, background included. */
function runs({ dense, width }) {
  let n = 0;
  for (let i = 0, x = 0; i < dense.length; i++) {
    if (x === 0 || dense[i] !== dense[i - 1]) n++;
    if (++x === width) x = 0;
  }
  const [value, row, column, length] = Array.from({ length: 4 }, () => new Int32Array(n));
  for (let y = 0, i = 0, k = 0; i < dense.length; y++) {
    for (let x = 0; x < width; k++) {
      const here = dense[i], from = x;
      while (x < width && dense[i] === here) x++, i++;
      value[k] = here;
      row[k] = y;
      column[k] = from;
      length[k] = x - from;
    }
  }
  return { value, row, column, length };
}

/** Rims of values between those on either side: an interpolated, blurred or compressed picture. */
function stepsIn({ value, row, length }) {
  const change = (i) => (row[i] === row[i + 1] ? Math.sign(value[i + 1] - value[i]) : 0);
  let total = 0, steps = 0;
  for (let i = 0; i + 1 < value.length; i++) {
    const here = change(i);
    total += here !== 0;
    if (i && here && length[i] === 1 && value[i] && change(i - 1) === here) steps++;
  }
  if (steps < FEW || steps < SOME_STEPS * total) return null;
  const text = `${steps} of ${total} changes of value along its rows go in steps of one pixel, as grey levels or`
    + " probabilities do and the rims of a picture that was resized, smoothed or compressed";
  return sign("steps", steps >= STEPPED * total, text, ANEW);
}

/** Connected pieces (corners count) of every object, largest first: a list for each object. */
function pieces({ ids }, { value, row, column, length }) {
  const parent = Int32Array.from(value.keys());
  const root = (i) => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (let i = 0, above = 0; i < value.length; i++) {
    while (row[above] < row[i] - 1) above++;
    for (let j = above; row[j] === row[i] - 1 && column[j] <= column[i] + length[i]; j++) {
      if (column[j] + length[j] < column[i]) above = j; // wholly before this run, and before those that follow
      else if (value[j] && value[j] === value[i]) parent[root(j)] = root(i);
    }
  }
  const found = ids.map(() => []), all = [], place = new Int32Array(value.length); // of a root: its piece, from 1
  for (let i = 0; i < value.length; i++) {
    if (!value[i]) continue;
    const key = root(i), y = row[i], x = column[i];
    if (!place[key]) {
      place[key] = all.push({ pixels: 0, low: [y, x], high: [y, x] });
      found[value[i] - 1].push(all[place[key] - 1]);
    }
    const piece = all[place[key] - 1];
    piece.pixels += length[i];
    piece.low[1] = Math.min(piece.low[1], x);
    piece.high = [y, Math.max(piece.high[1], x + length[i] - 1)];
  }
  for (const own of found) own.sort((a, b) => b.pixels - a.pixels);
  return found;
}

/** A number below which a piece is a speck, beside its own object's largest and beside a usual object. */
function speckBelow(found) {
  const usual = median(found.map((own) => own[0].pixels));
  return (own) => SPECK * Math.min(own[0].pixels, usual);
}

/** In how many pieces that are no specks each number lies. */
function numbersOfPieces(found) {
  const below = speckBelow(found);
  return found.map((own) => {
    const counted = own.filter(({ pixels }) => pixels >= below(own)).length;
    const rest = own.slice(1).reduce((sum, { pixels }) => sum + pixels, 0);
    return rest >= SPECK * own[0].pixels ? Math.max(counted, 2) : counted; // by many specks
  });
}

/** More scattered pixels than objects: noise, or a compressed picture. */
function specks(found) {
  const below = speckBelow(found);
  const count = found.reduce((sum, own) => sum + own.filter(({ pixels }) => pixels < below(own)).length, 0);
  if (count <= Math.max(FEW, found.length)) return null;
  const way = "remove them, for they count as area of the objects whose numbers they bear";
  return sign("specks", false, `${count} specks lie apart from its ${found.length} objects`, way);
}

/** Numbers in several pieces that are grey levels: in steps once an enlargement is undone, or in order. */
function greyLevels(labels, found, steps) {
  if (steps && median(found.flat().map(({ pixels }) => pixels)) <= 2) return { ...steps, certain: true };
  const small = shrunk(labels), { ids } = labels;
  const stepped = small.dense.length < labels.dense.length && stepsIn(runs(small))?.certain;
  const share = inOrder(labels);
  if (!stepped && share < MOST) return null;
  let text = `its ${ids.length} numbers (${listed(ids)}) lie in many pieces beside each other, as grey levels do`;
  if (share >= MOST) text += `: ${percent(share)} of the borders between two of them are between neighbours in value`;
  return sign("steps", stepped && share >= MOST, text, "threshold it, and give the mask with --labels {side}=connected");
}

/** Leave out rows and columns that repeat the one before, as an enlargement by nearest neighbour does. */
function shrunk({ dense, height, width }) {
  const range = (n) => [...Array(n).keys()];
  const rows = range(height).filter((y) => !y || range(width).some((x) => dense[y * width + x] !== dense[(y - 1) * width + x]));
  const columns = range(width).filter((x) => !x || rows.some((y) => dense[y * width + x] !== dense[y * width + x - 1]));
  const small = new Int32Array(rows.length * columns.length);
  rows.forEach((y, i) => columns.forEach((x, j) => { small[i * columns.length + j] = dense[y * width + x]; }));
  return { dense: small, height: rows.length, width: columns.length };
}

/** Share of the border between two numbers at which they follow each other; 0 where this says little. */
function inOrder({ dense, ids, height, width }) {
  let near = 0, total = 0, outer = 0;
  const within = Math.max(1, Math.floor(ids.length / 16));
  const meet = (a, b) => {
    if (a && b) {
      total++;
      near += Math.abs(a - b) <= within;
    } else outer++;
  };
  eachBorder({ dense, height, width }, meet);
  return ids.length >= LEVELS && total > Math.max(FEW, outer) ? near / total : 0;
}

/** Call with both values wherever two pixels of different values share a face. */
function eachBorder({ dense, height, width }, call) {
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0, left = 0; x < width; x++, i++) {
      const here = dense[i], above = y ? dense[i - width] : here;
      if (above !== here) call(here, above);
      if (x && left !== here) call(here, left);
      left = here;
    }
  }
}

/** Numbers in several pieces: classes, masks, tiles numbered each from 1, or a slip. */
function severalPieces(ids, number) {
  const many = ids.filter((_, i) => number[i] > 1);
  if (!many.length) return null;
  const hidden = number.reduce((sum, one) => sum + one - 1, 0), most = largest(number), worst = ids[number.indexOf(most)];
  const certain = (many.length >= MOST * ids.length && hidden >= 2) || hidden >= Math.max(FEW, MANY * ids.length);
  if (ids.length === 1) {
    const so = certain ? "so it is a mask; expected one number per object" : "so it may be a mask";
    return sign("several", certain, `holds 0 and ${worst} alone, in ${most} separate pieces, ${so}`, CONNECTED);
  }
  const text = `${many.length} of its ${ids.length} numbers (${listed(many)}) lie in several separate pieces, ${worst} in`
    + ` ${most}; ${ids.length + hidden} pieces in all`;
  const end = certain ? ", so a number does not stand for one object" : "; each number counts once";
  return sign("several", certain, text + end, CONNECTED);
}

/** A number in many pieces that are thin lines, beside others that are not: drawn outlines. */
function outline(labels, number) {
  const { ids } = labels, order = [...ids.keys()].sort((a, b) => number[b] - number[a] || a - b);
  const step = Math.max(1, Math.floor(ids.length / 10)), asked = new Set(order.slice(0, 5));
  for (let i = 0; i < ids.length; i += step) asked.add(i);
  const share = new Map([...asked].map((i) => [i, innerShare(labels, i + 1)]));
  const line = [...asked].reduce((best, i) => {
    const less = share.get(i) - share.get(best) || number[best] - number[i];
    return less < 0 ? i : best;
  });
  if (share.get(line) > SPECK || Math.max(...share.values()) <= SPECK || besideShare(labels, line + 1) < MOST) return null;
  const others = number.filter((_, i) => i !== line), still = others.filter((one) => one > 1).length / others.length >= MOST;
  const text = `${ids[line]} lies in ${number[line]} separate thin lines, as drawn outlines do`;
  const way = `--background {side}=0,${ids[line]}${still ? " --labels {side}=connected" : ""}`;
  return sign("outline", true, text, `${way} leaves the outlines out`);
}

/** Share of a number's pixels whose four neighbours all hold it, too. */
function innerShare({ dense, height, width }, value) {
  let all = 0, inside = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (dense[i] !== value) continue;
      all++;
      const within = y && x && y < height - 1 && x < width - 1;
      if (within && dense[i - 1] === value && dense[i + 1] === value && dense[i - width] === value && dense[i + width] === value) inside++;
    }
  }
  return inside / all;
}

/** Share of a number's pixels that have another object beside them, at corners too. */
function besideShare({ dense, height, width }, value) {
  let all = 0, beside = 0;
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (dense[i] !== value) continue;
      all++;
      let other = false;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) {
          const near = dense[v * width + u];
          other ||= near !== 0 && near !== value;
        }
      }
      beside += other;
    }
  }
  return beside / all;
}

/** Numbers that ran into the end of 8 or 16 bits. */
function limit(found, ids, number) {
  const top = ids[ids.length - 1], wider = "save it in more bits", several = severalPieces(ids, number);
  if (!FULL.includes(top) || ids.length <= top >> 1) return null;
  const bits = top === 255 ? 8 : 16, last = number[number.length - 1];
  const apart = ids.filter((_, i) => number[i] > 1 && farApart(found[i]));
  let text;
  if (last >= 3) {
    text = `its largest number, ${top}, the last that ${bits} bits hold, lies in ${last} separate`
      + ` pieces: the objects from ${top} on were all written as ${top}`;
  } else if (apart.length >= 3) {
    text = `${apart.length} of its ${ids.length} numbers (${listed(apart)}) lie in pieces far apart and ${top} is`
      + ` the last that ${bits} bits hold: the objects above ${top} were numbered from 0 again,`
      + ` and ${top + 1} itself is lost`;
  } else {
    text = `its largest number is ${top}, the last that ${bits} bits hold: were there more objects?`;
    if (several) text += ` ${capital(several.text)}`;
    return sign("limit", Boolean(several?.certain), text, `${wider}; ${CONNECTED}`);
  }
  return sign("limit", true, text, `${wider}; ${CONNECTED}`);
}

const capital = (text) => text[0].toUpperCase() + text.slice(1);

/** Whether between a number's pieces lies more than the longest of them is long. */
function farApart(own) {
  const length = (low, high) => Math.hypot(high[0] - low[0] + 1, high[1] - low[1] + 1);
  const edge = (name, pick) => [0, 1].map((axis) => pick(own.map((piece) => piece[name][axis])));
  return length(edge("low", smallest), edge("high", largest)) > 3 * largest(own.map(({ low, high }) => length(low, high)));
}

const backgroundIs = (number) => `--background {side}=${number} where ${number} is the background`;

/** A number other than 0 that stands for what is no object. */
function background(labels) {
  const { ids, area } = labels, size = labels.dense.length, drawn = area.reduce((sum, one) => sum + one, 0), zero = size - drawn;
  const large = area.reduce((best, one, i) => (one > area[best] ? i : best), 0), lines = zero > NEARLY_NONE * size;
  const filled = zero > 0 && zero <= MANY * size ? withoutLines(labels) : labels;
  let left = drawn;
  if (filled !== labels) for (let i = 0; i < labels.dense.length; i++) left += filled.dense[i] !== 0 && labels.dense[i] === 0;
  if (left < (1 - NEARLY_NONE) * size) {
    if (area[large] <= MOST * size) return null;
    const covered = `the number ${ids[large]} covers ${percent(area[large] / size)} of the field`;
    return sign("cover", false, `${covered}: one object, or the background?`, backgroundIs(ids[large]));
  }
  const none = zero ? "holds hardly any pixel of 0, or in lines alone" : "holds no pixel of 0";
  if (ids.length === 1) {
    return sign("background", false, `${none}: the whole field is one object, ${ids[0]}`, backgroundIs(ids[0]));
  }
  const near = neighbours(filled), edge = edgeValues(filled), degree = near.map((own) => own.size);
  let other = 0;
  ids.forEach((_, i) => {
    if (degree[i] > degree[other] || (degree[i] === degree[other] && area[i] > area[other])) other = i;
  });
  const lonely = ids.filter((_, i) => degree[i] === 1 && near[i].has(other) && !edge.has(i + 1)).length;
  const touched = degree[other], rest = ids.length - 1;
  const certain = !lines && ((touched >= TOUCHED * rest && rest >= FEW) || lonely > 0);
  const text = `${none}, and the number ${ids[other]}, ${percent(area[other] / size)} of the field, touches`
    + ` ${touched} of the ${rest} others and encloses ${lonely} whole`;
  const end = certain ? ", as a numbered background does" : "; expected 0 for background, if there is any";
  return sign("background", certain, text + end, backgroundIs(ids[other]));
}

/** 0 filled with the largest number beside it, since it may stand for lines between objects alone. */
function withoutLines(labels) {
  const { dense, height, width } = labels, filled = dense.slice();
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (dense[i]) continue;
      for (let v = Math.max(0, y - 1); v <= Math.min(height - 1, y + 1); v++) {
        for (let u = Math.max(0, x - 1); u <= Math.min(width - 1, x + 1); u++) filled[i] = Math.max(filled[i], dense[v * width + u]);
      }
    }
  }
  return { ...labels, dense: filled };
}

/** Of each object, those that share a face of a pixel with it. */
function neighbours(labels) {
  const near = labels.ids.map(() => new Set());
  eachBorder(labels, (a, b) => {
    if (a && b) near[a - 1].add(b - 1), near[b - 1].add(a - 1);
  });
  return near;
}

/** Values on the outermost pixels. */
function edgeValues({ dense, height, width }) {
  const found = new Set();
  for (let x = 0; x < width; x++) found.add(dense[x]), found.add(dense[(height - 1) * width + x]);
  for (let y = 0; y < height; y++) found.add(dense[y * width]), found.add(dense[(y + 1) * width - 1]);
  return found;
}

/** One number alone, whose zeros lie in islands inside it or that is written as a mask's. */
function oneValue(labels, number) {
  const { ids, dense } = labels, value = ids[0];
  if (ids.length > 1 || dense.every(Boolean)) return null;
  const islands = islandsOfZero(labels);
  if (islands >= 3) {
    const text = `holds 0 and ${value} alone, and 0 lies in ${islands} islands inside ${value}: an inverted mask?`;
    return sign("inverted", false, text, `--background {side}=${value} --labels {side}=connected if so`);
  }
  if (FULL.includes(value) && number[0] === 1) {
    const text = `holds 0 and ${value} alone, as a mask does, in one piece: one object?`;
    return sign("mask", false, text, "give every object a number of its own if it is not");
  }
  return null;
}

/** Pieces of 0 (faces count) that do not reach the edge. */
function islandsOfZero({ dense, height, width }) {
  const seen = Uint8Array.from(dense, (value) => (value ? 1 : 0));
  let islands = 0;
  for (let begin = 0; begin < dense.length; begin++) {
    if (seen[begin]) continue;
    const stack = [begin];
    let edge = false;
    seen[begin] = 1;
    while (stack.length) {
      const i = stack.pop(), y = Math.floor(i / width), x = i % width;
      edge ||= !y || !x || y === height - 1 || x === width - 1;
      const around = [y && i - width, y < height - 1 && i + width, x && i - 1, x < width - 1 && i + 1];
      around.forEach((j, side) => {
        const there = [y, y < height - 1, x, x < width - 1][side];
        if (there && !seen[j]) seen[j] = 1, stack.push(j);
      });
    }
    islands += !edge;
  }
  return islands;
}

/** Objects that lie wholly in another one, as nuclei in cells do. */
function inner(labels) {
  if (labels.dense.every(Boolean)) return null;
  const near = labels.ids.map(() => new Set()), free = edgeValues(labels);
  eachBorder(labels, (a, b) => {
    if (a && b) near[a - 1].add(b - 1), near[b - 1].add(a - 1);
    else free.add(a || b);
  });
  const inside = near.filter((own, i) => own.size === 1 && !free.has(i + 1)).length;
  if (inside < MANY * labels.ids.length) return null;
  const way = "leave out the outer or the inner ones where they are no objects of their own";
  return sign("inside", false, `${inside} of its ${labels.ids.length} objects lie wholly inside another`, way);
}
return { look, together, inverted, capital };
})();

const $score_labels = (() => {
// Label images that any tool made, judged against true ones: files or folders in, verdicts out.
const { byFile, chance, chanceScores, isBetter, pooledChance } = $chance;
const { orientationHint } = $frame;
const { agreement, toBias, toScale } = $judge;
const { sharedIn } = $level_names;
const { foreground, matched, overlaps, pixelDice, scoresOf } = $match;
const { nameOf, pairUp } = $pairs;
const { readLabels } = $read_labels;
const { capital, inverted, look, together } = $signs;
const { largest, mean } = $statistics;
const { InputError, few, fixed, general, tuple } = $text;

const OPPOSITE = -0.5; // correlation of two foregrounds: 0 by chance, -1 where one is the other's background
const KEPT = 1 << 26; // pixels of the first images that are kept to see whether another frame fits better
const SIDES = { predicted: "prediction", truth: "truth" };
const UNITS = { count: "objects", mean_area: "px^2", total_area: "px^2" };

/**
 * Judge predicted label images against true ones, with the command's default rules and areas in pixels.
 *
 * Each side is { path, folder, files } as `pairUp` takes it. `rules` has `tolerance` ([low, high] or null),
 * `uncertainty` (a number, or null where unknown) and `asGiven`; `told` is called with each pair's name.
 */
async function scoreLabels(predicted, truth, rules, told = () => {}) {
  const { pairs, notes } = pairUp(predicted, truth, rules.asGiven), scope = predicted.folder ? "population" : "image";
  const level = scope === "population" ? levelOf(pairs) : null, units = level?.units;
  if (level) {
    const many = new Set(units).size;
    notes.push(`Taken for independent acquisitions are the ${level.kind} in the files' names: ${many} (${pairs.length} pairs). Fields of one`
      + " are not independent of each other and are averaged first.", level.guess);
  } else if (scope === "population") notes.push(`Each of the ${pairs.length} pairs is taken for one independent acquisition.`);
  const found = [];
  let pixels = 0;
  for (const pair of pairs) {
    await told(`${pair.name} (${found.length + 1} of ${pairs.length})`);
    const file = await measured(pair, found.length, rules);
    pixels += file.labels.truth.dense.length;
    if (found.length && pixels > KEPT) file.labels = null;
    found.push(file);
  }
  const kept = found.filter((file) => file.labels);
  notes.push(...howRead(found), ...signNotes(found, rules, { predicted, truth }));
  const hint = orientationHint(kept.map((file) => file.labels), kept.map((file) => file.match));
  if (hint && !rules.asGiven) {
    throw new InputError(`${predicted.path} against ${truth.path}: ${hint}. Save both in one frame, axes ([z,] y, x) counted from`
      + " the same corner; or --as-given.");
  }
  if (hint) notes.push(`Another frame fits better: ${hint}.`);
  const sum = (name) => found.reduce((total, one) => total + one.match[name], 0);
  const pooled = { nTrue: sum("nTrue"), nPredicted: sum("nPredicted"), tp: sum("tp"), iou: sum("iou") };
  const dices = found.map((one) => one.dice).filter((one) => !Number.isNaN(one));
  const { "F1@0.5": f1, ...scores } = scoresOf(pooled), looks = { "F1@0.5": f1, "pixel Dice": dices.length ? mean(dices) : NaN };
  const draws = pooledChance(found.map((one) => one.chance)), better = isBetter(draws);
  const byChance = better === null ? {} : chanceOf(found, draws);
  const { worse, nonsense } = byFile(found.map((one) => one.chance));
  if (better === false) notes.push(notBetter(f1, byChance));
  if (worse.length && found.length > 1) {
    const asked = found.filter((one) => isBetter(one.chance) !== null).length;
    notes.push(notBetterFiles(worse.map((i) => nameOf(found[i].pair.predicted.path)), asked, Boolean(better) && nonsense));
  }
  const sure = better && !nonsense, rows = Object.keys(UNITS).map((name) => rowOf(name, found, units, scope, rules, sure, byChance));
  const objects = { true: pooled.nTrue, predicted: pooled.nPredicted };
  for (const name of ["misses", "inventions", "merges", "splits"]) objects[name] = sum(name);
  return { scope, rows, looks, scores, chance: byChance, better: sure, objects, notes, n: new Set(units ?? found).size, path: predicted.path };
}

/** The well or animal of each pair, where the true names, or else the predicted ones, hold several pairs of one; else null. */
function levelOf(pairs) {
  return ["truth", "predicted"].map((key) => sharedIn(pairs.map((pair) => nameOf(pair[key].path)))).find(Boolean) ?? null;
}

/** Give each well the mean of its files, so that it counts once: the mean truth, and what is as far off as they are on average. */
function averaged(measured, truth, units) {
  const groups = membersOf(units);
  const centre = groups.map((group) => mean(group.map((i) => truth[i])));
  const away = groups.map((group) => {
    const log = mean(group.map((i) => (measured[i] === truth[i] ? 0 : Math.log(measured[i]) - Math.log(truth[i]))));
    return Number.isFinite(log) ? Math.exp(log) : 1 + toBias(mean(group.map((i) => toScale(measured[i], truth[i]))));
  });
  return [away.map((ratio, i) => centre[i] * ratio), centre];
}

/** Positions of the files of each unit, in the order in which units first come. */
function membersOf(units) {
  const members = new Map();
  units.forEach((unit, i) => members.set(unit, [...(members.get(unit) ?? []), i]));
  return [...members.values()];
}

/** Read a pair, look for what is wrong with it, and measure it. */
async function measured(pair, number, rules) {
  const labels = { predicted: await readLabels(pair.predicted), truth: await readLabels(pair.truth) };
  const signs = { predicted: look(labels.predicted), truth: look(labels.truth) };
  const certain = Object.entries(SIDES).flatMap(([key, side]) => signs[key].signs.filter((one) => one.certain)
    .map((one) => `${pair[key].path}: ${sentence(one, side)}`));
  const shapes = [labels.predicted, labels.truth].map(({ height, width }) => [height, width]), same = `${shapes[0]}` === `${shapes[1]}`;
  const overlap = same && overlaps(labels.predicted, labels.truth);
  const text = same && isInverted(pair, labels, signs, foreground(overlap)), more = { predicted: [], truth: [] };
  if (text) certain.push(text), more.predicted.push(text);
  if (certain.length && !rules.asGiven) throw new InputError(`${certain.join(". Also, ")}. --as-given goes on as it is.`);
  if (!same) {
    const swap = `${shapes[0]}` === `${[...shapes[1]].reverse()}`;
    const way = swap ? "One is the other transposed (y and x swapped): transpose one of them." : "Take both from the same plane and scale.";
    throw new InputError(`${pair.predicted.path} against ${pair.truth.path}: predicted labels have shape ${tuple(shapes[0])} and true labels`
      + ` ${tuple(shapes[1])}; expected the same shape. ${way}`);
  }
  const match = matched(overlap);
  const equal = labels.truth.ids.length && labels.truth.dense.every((value, i) => value === labels.predicted.dense[i])
    && labels.truth.ids.every((id, i) => id === labels.predicted.ids[i]);
  if (equal) labels.predicted.notes.push("prediction and truth are the same in every pixel");
  return {
    pair, labels, match, signs, more, dice: pixelDice(overlap),
    chance: chance(labels.predicted, labels.truth, overlap, number),
    read: { predicted: labels.predicted.notes, truth: labels.truth.notes },
    quantities: { predicted: quantities(labels.predicted), truth: quantities(labels.truth) },
  };
}

function quantities({ area }) {
  const total = area.reduce((sum, one) => sum + one, 0);
  return { count: area.length, mean_area: area.length ? total / area.length : NaN, total_area: total };
}

/** What is said where one side is the other's background, or both look like backgrounds; else nothing. */
function isInverted(pair, labels, signs, drawn) {
  let text, end = "", sides = ["prediction", "truth"];
  const phi = inverted(drawn, labels.truth.dense.length);
  if (phi <= OPPOSITE) {
    text = `${pair.predicted.path}: its objects lie on the background of ${pair.truth.path} (correlation ${fixed(phi, 2)})`;
    sides = [drawn.truth > drawn.predicted ? "truth" : "prediction"];
  } else if (Object.values(signs).every((one) => one.signs.some(({ name }) => name === "inverted"))) {
    text = `${pair.predicted.path}: it and ${pair.truth.path} each hold one object alone, with islands of 0 inside it`;
    end = ". Where they are masks of confluent cells, --measure area_fraction takes them as they are";
  } else return "";
  const commonest = ({ ids, area }) => ids[area.indexOf(largest(area))];
  const number = { prediction: commonest(labels.predicted), truth: commonest(labels.truth) };
  const background = sides.map((side) => `${side}=${number[side]}`).join(","), connected = sides.map((side) => `${side}=connected`).join(",");
  return `${text}, as inverted masks do. Where ${sides.join(" and ")} is inverted, --background ${background}`
    + ` --labels ${connected} counts what is left${end}`;
}

const wayOf = (one, side) => one.way.replaceAll("{side}", side);
const sentence = (one, side) => `${one.text}${one.text.endsWith("?") ? "" : "."} ${capital(wayOf(one, side))}`;

/** One note for each way in which files were read, with the files. */
function howRead(found) {
  const said = new Map();
  for (const file of found) {
    for (const key of Object.keys(SIDES)) {
      for (const note of file.read[key]) said.set(note, [...(said.get(note) ?? []), nameOf(file.pair[key].path)]);
    }
  }
  return [...said].map(([note, names]) => `${few([...new Set(names)])}${names.length > 1 ? ` (${names.length} files)` : ""}: ${note}.`);
}

/** Notes on the signs in all files, those of one kind in one; refuses a folder whose files are wrong together. */
function signNotes(found, rules, given) {
  const notes = [];
  for (const [key, side] of Object.entries(SIDES)) {
    const kinds = new Map(), ways = new Map();
    const add = (kind, text) => kinds.set(kind, [...(kinds.get(kind) ?? []), text]);
    for (const { pair, signs, more } of found) {
      const name = nameOf(pair[key].path);
      for (const text of more[key]) add("read", `${name}: ${text}`);
      for (const one of signs[key].signs) {
        add(one.name, `${name}${one.certain ? " (taken as given)" : ""}: ${one.text}`);
        ways.set(one.name, wayOf(one, side));
      }
    }
    const whole = together(found.map(({ signs }) => signs[key]));
    if (whole && !found.some(({ signs }) => signs[key].signs.some((one) => one.certain))) {
      if (!rules.asGiven) throw new InputError(`${given[key].path}: ${sentence(whole, side)}. --as-given goes on as it is.`);
      kinds.set("together", [`${given[key].path}: ${whole.text}`]);
      ways.set("together", wayOf(whole, side));
    }
    for (const [kind, texts] of kinds) {
      const many = found.length > 1 ? ` in ${texts.length} of ${found.length} files` : "";
      const said = texts.slice(0, 3).join("; ") + (texts.length > 3 ? "; ..." : "");
      notes.push(`${side}${many}: ${said}${said.endsWith("?") ? "" : "."}${ways.has(kind) ? ` ${capital(ways.get(kind))}.` : ""}`);
    }
  }
  return notes;
}

/** What chance scores, as the objects are scored; gross errors are averaged over the files. */
function chanceOf(found, draws) {
  const { F1, ...scores } = chanceScores(draws), each = found.map((one) => chanceScores(one.chance));
  const defined = (name) => mean(each.map((one) => one[name]).filter((one) => !Number.isNaN(one)));
  const { precision, recall, "mean IoU": iou, PQ } = scores;
  return { "F1@0.5": F1, "pixel Dice": defined("Dice"), precision, recall, "mean IoU": iou, PQ, "gross error": defined("gross error") };
}

const notBetter = (f1, byChance) => "Not better than chance: the predicted objects agree with the true ones no better than the same"
  + ` objects at random places (F1@0.5 ${fixed(f1, 2)}, there ${fixed(byChance["F1@0.5"], 2)}), so nothing is called`
  + " HOLDS. Are prediction and truth of the same image, and in one frame?";

function notBetterFiles(names, asked, nonsense) {
  const said = `${names.length} of ${asked} files with objects on both sides agree no better than the same objects at random places: ${few(names)}. `;
  if (!nonsense) return `${said}Look at them: are prediction and truth of the same image there?`;
  return `Not better than chance: ${said}Honest files are rarely so, and these are too many, so nothing is`
    + " called HOLDS, though the others agree. Are prediction and truth of the same images there?";
}

/** The verdict on one measurement, or the reason why there is none. */
function rowOf(name, found, units, scope, rules, better, byChance) {
  const about = { measurement: name, unit: UNITS[name], scope, n: new Set(units ?? found).size, tolerance: rules.tolerance, truth_uncertainty: rules.uncertainty };
  const numbers = (key) => found.map((file) => file.quantities[key][name]);
  const none = (reason) => ({ ...about, verdict: null, label: "", marks: [], reason, bias: null, interval: null, note: "", far: [], values: { measured: mean(numbers("predicted")), true: mean(numbers("truth")) } });
  for (const key of Object.keys(SIDES)) {
    const at = numbers(key).findIndex((value) => !Number.isFinite(value));
    if (at >= 0) return none(`not defined for ${found[at].pair[key].path}: no objects`);
  }
  const files = [numbers("predicted"), numbers("truth")], zero = files[1].indexOf(0);
  if (zero >= 0) return none(`no ratio to ${found[zero].pair.truth.path}: no objects; judge with --scale absolute or --estimand pooled`);
  const [measured, truth] = units ? averaged(...files, units) : files;
  let gross = name === "count" ? found.map(({ match }) => (match.misses + match.inventions) / match.nTrue) : null;
  if (gross && units) gross = membersOf(units).map((group) => mean(group.map((i) => gross[i])));
  const row = { ...about, ...agreement(measured, truth, { scope, ...rules, gross, better }) };
  const names = units ? [...new Set(units)] : found.map((file) => nameOf(file.pair.predicted.path));
  row.note = [row.note, farNote(row, names, measured, truth)].filter(Boolean).join("; ");
  row.values = { measured: mean(files[0]), true: mean(files[1]) };
  if (name === "count" && "gross error" in byChance) row.gross_by_chance = byChance["gross error"];
  return row;
}

/** Name the acquisitions that are far outside, with what was measured in each. */
function farNote(row, names, measured, truth) {
  if (!row.far.length) return "";
  const told = row.far.map((i) => `${names[i]} (${measured[i] ? general(measured[i], 4) : "nothing"} of ${general(truth[i], 4)})`);
  return `far outside: ${told.slice(0, 3).join(", ")}${told.length > 3 ? ` and ${told.length - 3} more` : ""}`;
}
return { scoreLabels, farNote };
})();

const $table = (() => {
// A table that a person or a program wrote: its text, its columns, and numbers as people write them.
const { sharedIn } = $level_names;
const { InputError, few, general, quoted } = $text;
const { nameOf } = $pairs;

const MISSING = ["", "na", "n/a", "nan", "none", "null", "-", "inf", "-inf", "+inf", "infinity"];
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/;
const POINT = /^[-+]?(?:[1-9]\d{0,2}(?:,\d{3})+(?:\.\d*)?|(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)$/;
const COMMA = /^[-+]?(?:[1-9]\d{0,2}(?:\.\d{3})+(?:,\d*)?|(?:\d+,?\d*|,\d+)(?:[eE][-+]?\d+)?)$/;
const THREE = /^[-+]?[1-9]\d{0,2}\.\d{3}$/; // 1.234, which may be 1234 written with a point
const LARGE = 1e50; // no measurement is larger, nor smaller and not 0 than its inverse
const ODD = /[ '’\u00a0\u202f]/g;
const PARTED = /^[-+]?\d{1,3}(?:[ '’\u00a0\u202f]\d{3})+(?:[.,]\d*)?$/; // 1 234 or 1'234.5
const FIELDS = ["field", "image", "name", "file", "filename", "file name", "slice", "label", "image name", "imagename"];
const aside = (line) => /^\s*#/.test(line) || /^\s*"?sep=.?"?\s*$/.test(line);

/** A table of one row a field: `headings`, `rows`, `lines` (of the file), `names` (of the fields) and `notes`. */
function readTable(bytes, path) {
  const { text, notes } = decoded(bytes, path), first = text.split(/\r\n|\r|\n/).find((line) => line.trim() && !aside(line));
  if (first === undefined) throw new InputError(`${path}: is empty; expected headings (field,count) and a line a field.`);
  const count = (mark) => parse(first, mark)[0].cells.length, mark = ["\t", ";", ","].reduce((best, one) => (count(one) > count(best) ? one : best));
  if (count(mark) < 2) {
    throw new InputError(`${path}: its first line, ${quoted(first.trim().slice(0, 60))}, has one column; expected headings such as`
      + " field,count with commas, semicolons or tabs between.");
  }
  const found = parse(text, mark).filter(({ cells }) => cells.some((cell) => cell.trim()));
  const kept = found.filter(({ cells }) => !aside(cells[0])), remarks = found.filter(({ cells }) => /^\s*#/.test(cells[0])).length;
  if (remarks) notes.push(`${nameOf(path)}: ${remarks > 1 ? `${remarks} lines begin` : "1 line begins"} with # and ${remarks > 1 ? "are" : "is"} passed over.`);
  const headings = kept.shift().cells.map((cell) => cell.trim());
  while (headings.length && !headings.at(-1)) headings.pop();
  const twice = headings.find((one, i) => one && headings.indexOf(one) < i);
  if (twice) throw new InputError(`${path}: two columns are called ${quoted(twice)}; give each a heading of its own.`);
  if (headings.filter(Boolean).every((one) => PARTED.test(one) || POINT.test(one) || COMMA.test(one))) {
    throw new InputError(`${path}: the first line holds numbers alone; expected headings, such as field,count.`);
  }
  refuseObjects(headings, kept, path);
  const short = [];
  for (const { line, cells } of kept) {
    if (cells.slice(headings.length).some((cell) => cell.trim())) {
      const hint = mark === "," ? " Do numbers hold commas? Put them in quotes, write them without, or part cells by semicolons or tabs." : "";
      throw new InputError(`${path}: line ${line} has ${cells.length} columns, but there are ${headings.length} headings;`
        + ` expected one cell a heading.${hint}`);
    }
    if (cells.length < headings.length) short.push(line);
  }
  if (!kept.length) throw new InputError(`${path}: holds headings and no line; expected a line a field.`);
  if (short.length) {
    notes.push(`${nameOf(path)}: ${short.length} lines (first line ${short[0]}) end before the last heading; what they lack is taken for empty.`);
  }
  const rows = kept.map(({ cells }) => headings.map((_, i) => cells[i] ?? "")), lines = kept.map(({ line }) => line);
  return { path, headings, rows, lines, notes, ...fieldNames(path, headings, rows, lines) };
}

function decoded(bytes, path) {
  const wide = (bytes[0] === 255 && bytes[1] === 254) || (bytes[0] === 254 && bytes[1] === 255);
  const packed = String.fromCharCode(...bytes.subarray(0, 4)) === "PK\x03\x04";
  if (!wide && (packed || bytes.subarray(0, 4096).includes(0))) {
    throw new InputError(`${path}: is no text, perhaps a spreadsheet; save it as CSV (UTF-8) and give that.`);
  }
  try {
    const kind = wide ? (bytes[0] === 255 ? "utf-16le" : "utf-16be") : "utf-8";
    return { text: new TextDecoder(kind, { fatal: true }).decode(bytes), notes: [] };
  } catch {
    if (wide) throw new InputError(`${path}: is cut short or no text in UTF-16; save it as CSV (UTF-8).`);
    return { text: new TextDecoder("windows-1252").decode(bytes), notes: [`${path}: is not UTF-8 and was read as Windows-1252.`] };
  }
}

/** Lines of cells, quotes undone; `line` is the last line of the file that a row lies on. */
function parse(text, mark) {
  const found = [];
  let cells = [], cell = "", inside = false, line = 1, started = false;
  const end = () => {
    cells.push(cell);
    found.push({ line, cells });
    [cells, cell, started] = [[], "", false];
  };
  for (let i = 0; i < text.length; i++) {
    const one = text[i], newline = one === "\n" || (one === "\r" && text[i + 1] !== "\n");
    if (inside && one === '"' && text[i + 1] === '"') cell += text[i++];
    else if (one === '"' && (inside || cell === "")) [inside, started] = [!inside, true];
    else if (!inside && one === mark) {
      cells.push(cell);
      [cell, started] = ["", true];
    } else if (!inside && newline) end();
    else if (inside || one !== "\r") [cell, started] = [cell + one, true];
    line += newline;
  }
  if (started || cells.length) end();
  return found;
}

/** Refuse a table with a row an object: fields in which nothing was found are not in it. */
function refuseObjects(headings, rows, path) {
  const has = (...names) => names.every((name) => headings.includes(name)), at = headings.indexOf("Object type");
  const objects = at >= 0 && rows.some(({ cells }) => ["Detection", "Cell", "Tile"].includes((cells[at] ?? "").trim()));
  const whose = has("ImageNumber", "ObjectNumber") ? "CellProfiler"
    : has("TRACK_ID", "POSITION_X", "FRAME") ? "TrackMate"
      : has("Image") && objects ? "QuPath"
        : headings[0] === "" && has("Area") && !headings.includes("Count") && !headings.includes("Average Size") ? "Fiji" : "";
  if (whose === "TrackMate") {
    throw new InputError(`${path}: is TrackMate's table of the spots of a movie. Its frames are no independent fields; put`
      + " the tables of all movies into one, with a column that names the movie, and give --field movie.");
  }
  if (!whose) return;
  throw new InputError(`${path}: is ${whose}'s table of objects, with a row an object. Fields in which nothing was found are`
    + " not in it, so that a mean over it is too high. Give --all-fields TABLE, in which every field that"
    + " was looked at has a row (CellProfiler's Image.csv, a list of names under a heading), and --value"
    + " count, or total:COLUMN or mean:COLUMN. Or give a table with a row a field.");
}

/** The column of the fields' names, by what programs call it, and the names. */
function fieldNames(path, headings, rows, lines) {
  const byName = new Map(headings.map((one) => [one.toLowerCase(), one])), files = headings.filter((one) => one.startsWith("FileName_"));
  const known = FIELDS.filter((name) => byName.has(name)).map((name) => byName.get(name));
  const field = known[0] ?? (files.length === 1 ? files[0] : headings.includes("ImageNumber") ? "ImageNumber" : null);
  if (field === null) {
    throw new InputError(`${path}: no column is called field, image, name, file, slice or label; name it with --field.`
      + ` It has ${headings.map(quoted).join(", ")}.`);
  }
  const at = headings.indexOf(field), names = rows.map((row) => row[at].trim()), empty = names.indexOf("");
  if (empty >= 0) throw new InputError(`${path}: line ${lines[empty]}: no field's name in column ${quoted(field)}.`);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) {
    const hint = 2 * new Set(names).size < names.length
      ? " It seems to have a row an object. Give one row a field, with those in which nothing was found:"
        + " a table of objects does not have them. Or give --all-fields TABLE, in which every field has a row."
      : " Leave one of the rows, or name the column that tells the fields apart with --field.";
    throw new InputError(`${path}: field ${quoted(twice)} stands ${names.filter((name) => name === twice).length} times in column ${quoted(field)}.${hint}`);
  }
  return { field, names };
}

/** The headings of a table's columns of numbers. */
function numberColumns({ headings, rows, field }) {
  return headings.filter((one, i) => {
    const held = rows.slice(0, 1000).map((row) => row[i].trim()).filter((cell) => !MISSING.includes(cell.toLowerCase())).slice(0, 50);
    return one && one !== field && held.length && held.every((cell) => /^[-+\u2212.,'’\s\u00a0\u202f\de]+$/i.test(cell));
  });
}

/** The one column of numbers of a table, or an error that names those there are. */
function onlyColumn(table, option) {
  const found = numberColumns(table);
  if (found.length === 1) return found[0];
  const held = found.length ? `the columns ${few(found.map(quoted))} hold numbers` : "no column holds numbers";
  throw new InputError(`${table.path}: ${held}; name the one that is meant with ${option}.`);
}

/** The unit that a heading names, "" where none: 'area [um^2]', 'area_um2'. */
function unitOf(heading) {
  const fit = /^(.*?)\s*[[(]\s*([^()[\]]*?)\s*[\])]\s*$/.exec(heading)
    ?? /^(.*?)[_ ](um\^?[23]?|[µμ]m\^?[23²³]?|nm\^?[23]?|px\^?[23]?|mm\^?[23]?)$/i.exec(heading);
  return fit?.[1] ? fit[2] : "";
}

/** A column as finite numbers, of the rows at `chosen`; how they were read is noted. */
function readColumn(table, heading, notes, chosen = [...table.rows.keys()]) {
  const at = table.headings.indexOf(heading), total = chosen.length;
  const cells = chosen.map((i) => table.rows[i][at].trim().replaceAll("\u2212", "-"));
  const where = (i) => `${table.path}: line ${table.lines[chosen[i]]} (field ${quoted(table.names[chosen[i]])})`;
  const odd = [...cells.keys()].filter((i) => !NUMBER.test(cells[i]));
  for (const i of odd) refuseWords(cells, i, odd, where(i), heading, total);
  const comma = commaIsDecimal(cells, odd, where, heading), marked = comma ? [...cells.keys()].filter((i) => /[^\d+-]/.test(cells[i])) : odd;
  const clean = [...cells];
  for (const i of marked) {
    const text = cells[i].replace(ODD, "");
    if (!(comma ? COMMA : POINT).test(text)) {
      throw new InputError(`${where(i)}: ${quoted(heading)} is ${quoted(cells[i])}, no number where a`
        + ` ${comma ? "comma" : "point"} is the decimal sign. Write all numbers alike.`);
    }
    clean[i] = comma ? text.replaceAll(".", "").replace(",", ".") : text.replaceAll(",", "");
  }
  const changed = marked.filter((i) => clean[i] !== cells[i]);
  if (changed.length) {
    const i = changed.find((one) => cells[one].includes(",")) ?? changed[0], many = changed.length > 1 ? `${changed.length} numbers are` : "1 number is";
    const how = cells[i].includes(",") ? `a comma is read as the ${comma ? "decimal sign" : "sign of thousands"}` : "what parts thousands is left out";
    notes.push(`${nameOf(table.path)}: in ${quoted(heading)} ${many} not plainly written, and ${how} (${cells[i]} as`
      + ` ${general(Number(clean[i]), 12)}, line ${table.lines[chosen[i]]}).`);
  }
  if (!odd.some((i) => cells[i].includes(","))) notes.push(...pointNotes(table, heading, clean, where, (i) => table.lines[chosen[i]]));
  const read = clean.map(Number), far = read.flatMap((one, i) => (Math.abs(one) > LARGE || (one && Math.abs(one) < 1 / LARGE) ? [i] : []));
  if (far.length) {
    const i = far[0], end = Math.abs(read[i]) > 1 ? "above 1e50" : "nearer to 0 than 1e-50";
    throw new InputError(`${where(i)}: ${quoted(heading)} is ${table.rows[chosen[i]][at].trim()}, ${end}, which no`
      + ` measurement gives (${far.length} of ${total} lines); is it a code for 'missing'? Measure`
      + " this field, or leave it out and say so.");
  }
  return read;
}

/** Refuse points that may part thousands; a note where only three digits after each speak for it. */
function pointNotes(table, heading, cells, where, line) {
  const pointed = [...cells.keys()].filter((i) => cells[i].includes("."));
  if (!pointed.length || !pointed.every((i) => THREE.test(cells[i]))) return [];
  const i = pointed[0], cell = cells[i], bare = cell.replaceAll(".", "");
  const rest = cells.filter((one) => !one.includes(".") && !/^[-+]?0+$/.test(one)); // 0 tells nothing
  const whole = rest.find((one) => /^[-+]?\d+$/.test(one));
  if (whole !== undefined) {
    throw new InputError(`${where(i)}: ${quoted(heading)} is ${cell}, and others are whole numbers (${whole}):`
      + ` ${bare} or ${general(Number(cell))}, thousands or decimals? Say --decimal comma if`
      + " points part thousands, or --decimal point; or write numbers without signs of thousands.");
  }
  if (rest.length) return [];
  return [`${nameOf(table.path)}: in ${quoted(heading)} every number has three digits after a point, which is read as the`
    + ` decimal sign: ${cell} (line ${line(i)}) as ${general(Number(cell))}, not as ${bare}. If`
    + ` points part thousands, write ${bare}, or say --decimal comma.`];
}

const LEVELS = "animal mouse rat donor patient subject participant individual embryo larva pup fish zebrafish fly worm"
  + " animals mice rats donors patients subjects participants individuals embryos larvae pups fishes flies worms"
  + " well dish slide coverslip coverglass chamber flask section organoid spheroid explant tmacore"
  + " wells dishes slides coverslips chambers flasks sections organoids spheroids explants tmacores";
const LEVEL = new RegExp(`^(?:image|img|metadata|meta)*(?:${LEVELS.replaceAll(" ", "|")})`
  + "(?:id|name|no|nr|num|number|position|pos|label|index|code|coordinate|location|barcode)?$");

/** What says that several of a table's fields are of one well or animal: a column, or their names; "" where nothing does. */
function sharedLevel(table, chosen, besides) {
  const plain = (heading) => heading.toLowerCase().replace(/[^\p{L}\p{N}]/gu, ""), shared = (names) => new Set(names).size < names.length;
  const found = table.headings.find((head, i) => head !== table.field && !besides.includes(head) && LEVEL.test(plain(head))
    && shared(chosen.map((row) => table.rows[row][i].trim())));
  if (found !== undefined) return `column ${quoted(found)}`;
  const said = sharedIn(chosen.map((row) => table.names[row]));
  return said ? `the ${said.kind} in the fields' names` : "";
}

/** Refuse a cell that is no number in any habit of writing. */
function refuseWords(cells, i, odd, where, heading, total) {
  const cell = cells[i];
  if (MISSING.includes(cell.toLowerCase())) {
    const missing = odd.filter((one) => MISSING.includes(cells[one].toLowerCase())).length;
    throw new InputError(`${where}: ${quoted(heading)} is ${cell || "empty"}, no number (${missing} of ${total} lines). A field in which`
      + " nothing was found has 0; one that was not measured has to be measured, or left out, and that said.");
  }
  const text = PARTED.test(cell) ? cell.replace(ODD, "") : cell;
  if (!POINT.test(text) && !COMMA.test(text)) {
    throw new InputError(`${where}: ${quoted(heading)} is ${quoted(cell)}, no number; write digits with a decimal point, and the unit into`
      + " the heading, as in 'measured [um^2]'.");
  }
}

/** Whether a comma separates decimals in a column; where that cannot be told, nothing is guessed. */
function commaIsDecimal(cells, odd, where, heading) {
  const commas = odd.filter((i) => cells[i].includes(","));
  if (!commas.length) return false;
  const points = cells.find((cell) => NUMBER.test(cell) && cell.includes(".")) ?? "", blanks = odd.some((i) => cells[i].search(ODD) >= 0);
  const texts = commas.map((i) => cells[i].replace(ODD, ""));
  const point = texts.every((text) => POINT.test(text)) && !blanks, comma = texts.every((text) => COMMA.test(text));
  // 4.125 beside 12,5 may be either, unless another number has both marks: 1.234,5
  const mixed = points && !(COMMA.test(points) && texts.some((text) => text.includes(".") && COMMA.test(text)));
  const cell = cells[commas[0]], said = `${where(commas[0])}: ${quoted(heading)} is ${cell}`;
  const todo = "Say --decimal comma or --decimal point, or write all numbers with a decimal point and no other mark.";
  if (point && comma && !points) {
    throw new InputError(`${said}, which may be ${cell.replaceAll(",", "")} or ${cell.replaceAll(",", ".")}: thousands or decimals? ${todo}`);
  }
  if (point || (comma && !mixed)) return !point;
  const beside = points ? `, and others have a point (${points})` : ", and others another habit";
  throw new InputError(`${said}${beside}: thousands or decimals? ${todo}`);
}
return { readTable, numberColumns, onlyColumn, unitOf, readColumn, sharedLevel };
})();

const $score_numbers = (() => {
// A number a field from tables, judged against the true one: what can be told where no objects are seen.
const { agreement } = $judge;
const { matchNames } = $names;
const { nameOf } = $pairs;
const { generator } = $random;
const { farNote } = $score_labels;
const { mean, smallest } = $statistics;
const { numberColumns, onlyColumn, readColumn, sharedLevel, unitOf } = $table;
const { InputError, few, fixed, general, quoted } = $text;

const LEAST = 4; // fields from which an exchange can be told from chance at 5 %
const WHOLE = 6; // fields up to which all orders are taken
const DRAWS = 999;
const MOST = 5000000; // numbers that are exchanged in all; of more fields fewer draws, never under 99
const SENTINELS = [-1, -9, -99, -999, -9999];

/** The columns of one table that a first look takes for measured and for true. */
function guessedColumns(table) {
  const found = numberColumns(table), truth = found.find((one) => /true|truth|manual|annot|\bgt\b|reference/i.test(one)) ?? found[1];
  return { columns: found, measured: found.find((one) => one !== truth), truth };
}

/**
 * Judge a tool's number of each field against the true one.
 *
 * `mine` and `theirs` are tables (`readTable`), one and the same where the truth is a column of the tool's.
 * `rules` has `tolerance`, `uncertainty`, `asGiven`, and for one table `value` and `trueValue`, two headings.
 */
function scoreNumbers(mine, theirs, rules) {
  const notes = [], value = rules.value ?? onlyColumn(mine, "--value"), got = readColumn(mine, value, notes), one = mine === theirs;
  let column, truth, at;
  if (one) {
    column = rules.trueValue;
    if (column === value) throw new InputError(`${mine.path}: --value and --truth-value both name ${quoted(value)}; one is the tool's.`);
    at = [...mine.rows.keys()].filter((i) => mine.rows[i][mine.headings.indexOf(column)].trim());
    if (!at.length) throw new InputError(`${mine.path}: column ${quoted(column)} is empty; expected the truth of some fields.`);
    truth = readColumn(mine, column, notes, at);
  } else {
    column = theirs.headings.includes(value) ? value : onlyColumn(theirs, "--truth-value");
    truth = readColumn(theirs, column, notes);
    at = places(mine, theirs, notes);
  }
  const unit = sameUnit(mine, value, theirs, column, notes);
  readSigns(mine, value, got, notes, rules.asGiven);
  readSigns(theirs, column, truth, notes, rules.asGiven);
  notes.unshift(...new Set([...mine.notes, ...theirs.notes]));
  const judged = new Set(at), left = mine.names.filter((_, i) => !judged.has(i));
  if (left.length) notes.push(`${left.length} fields without a truth are left out (${few(left)}).`);
  const names = at.map((i) => mine.names[i]), measured = at.map((i) => got[i]);
  refuseNoRatio(mine.path, value, names, measured, truth);
  const level = sharedLevel(mine, at, [value, column]) || (one ? "" : sharedLevel(theirs, [...truth.keys()], [value, column]));
  if (level) { // the command averages them; this page judges fields alone
    throw new InputError(`${mine.path}: by ${level} several fields are of one well or animal, and are not independent of each other.`
      + " This page takes each row for an independent one: give a table with a row a well, the mean of its fields, or judge"
      + " with the command, which averages them first: scopecheck score labels --from table.");
  }
  const { scores, chance, better, p } = againstExchange(measured, truth);
  notes.push(...chanceNotes(scores, chance, better, p, truth.length));
  notes.push(`Each of the ${names.length} fields is taken for one independent acquisition.`);
  notes.push("Numbers alone: which objects were found is not seen, nor whether inventions make up for misses."
    + " Label images or outlines of the same fields show it.");
  const scope = truth.length > 1 ? "population" : "image";
  const row = { measurement: value, unit, ...agreement(measured, truth, { scope, ...rules, better }) };
  row.note = [row.note, farNote(row, names, measured, truth)].filter(Boolean).join("; ");
  row.values = { measured: mean(measured), true: mean(truth) };
  return { scope, rows: [row], looks: {}, scores, chance, better, objects: null, notes, n: names.length, path: mine.path };
}

/** The mean error of a field and the correlation, and both with the truths exchanged between the fields. */
function againstExchange(measured, truth) {
  const n = truth.length, shares = truth.every((one) => one > 0), drawn = { error: [], looks: [] };
  const flat = n < 2 || same(measured) || same(truth);
  const told = (order) => {
    const error = mean(measured.map((m, i) => Math.abs(m - truth[order[i]]) / (shares ? truth[order[i]] : 1)));
    drawn.error.push(error);
    drawn.looks.push(flat ? NaN : correlation(measured, order.map((i) => truth[i])));
  };
  if (n <= WHOLE) allOrders(n).forEach(told);
  else {
    const random = generator([0]), draws = Math.min(DRAWS, Math.max(99, Math.floor(MOST / n)));
    for (let i = 0; i <= draws; i++) told(i ? random.shuffle([...Array(n).keys()]) : [...Array(n).keys()]);
  }
  const error = drawn.error[0], looks = drawn.looks[0]; // the first order is the one given
  const p = mean(drawn.error.map((one) => (one <= error * (1 + 1e-12) ? 1 : 0)));
  return {
    scores: { "mean error of a field": error, correlation: looks },
    chance: { "mean error of a field": mean(drawn.error), correlation: mean(drawn.looks) },
    better: n < LEAST || same(truth) ? null : p <= 0.05, p,
  };
}

const same = (values) => values.every((value) => value === values[0]);

function correlation(a, b) {
  const [x, y] = [mean(a), mean(b)], sum = (f) => a.reduce((total, _, i) => total + f(a[i] - x, b[i] - y), 0);
  return sum((p, q) => p * q) / Math.sqrt(sum((p) => p * p) * sum((_, q) => q * q));
}

/** All orders of 0 to n - 1, the rising one first. */
function allOrders(n) {
  if (n === 0) return [[]];
  const build = (left) => (left.length ? left.flatMap((first) => build(left.filter((one) => one !== first)).map((rest) => [first, ...rest])) : [[]]);
  return build([...Array(n).keys()]);
}

function chanceNotes(scores, chance, better, p, n) {
  if (better === null) {
    const why = n < LEAST ? `${n} fields are too few` : "the truth is the same in all fields";
    return [`Chance cannot be told, since ${why}; the word rests on the bias alone.`];
  }
  if (better) return [];
  const [error, drawn] = [scores, chance].map((one) => general(one["mean error of a field"], 3));
  return ["Not better than chance: with the truths exchanged between the fields the numbers agree as well in"
    + ` ${fixed(100 * p, 0)}% of all cases (mean error ${error}, there ${drawn}), so nothing is`
    + " called HOLDS. Either the tool does not follow the truth, or the fields differ too little to show"
    + " that it does: add fields that differ, or give label images."];
}

/** Position in the tool's table of each true field; names pair as those of label images do. */
function places(mine, theirs, notes) {
  const place = new Map(mine.names.map((name, i) => [name, i])), missing = theirs.names.filter((name) => !place.has(name));
  if (!missing.length) return theirs.names.map((name) => place.get(name));
  const stem = (name) => name.split(/[\\/]/).at(-1).replace(/(\.ome)?\.(tiff?|png|npy|zarr|czi|nd2|lif|jpe?g|bmp|qptiff|svs)$/i, "");
  const [a, b] = [mine, theirs].map((table) => new Map(table.names.map((name) => [stem(name), name])));
  const { pairs, how } = matchNames([...b.keys()], [...a.keys()]);
  if (a.size === mine.names.length && pairs.size === theirs.names.length && pairs.size === b.size) {
    notes.push(`Fields pair ${how}: ${few([...pairs].map(([theirs_, mine_]) => `${a.get(mine_)} with ${b.get(theirs_)}`))}.`);
    const found = new Map([...pairs].map(([theirs_, mine_]) => [b.get(theirs_), place.get(a.get(mine_))]));
    return theirs.names.map((name) => found.get(name));
  }
  const unpaired = missing.filter((name) => !pairs.has(stem(name))), lost = unpaired.length ? unpaired : missing;
  throw new InputError(`${theirs.path}: ${lost.length} of ${theirs.names.length} annotated fields (${few(lost)}) are not in the`
    + ` study ${mine.path}. Every annotated field must be one of the study's: write its name as it stands there.`);
}

/** Refuse two columns in different units; note where one alone names its unit. */
function sameUnit(mine, a, theirs, b, notes) {
  const [one, other] = [unitOf(a), unitOf(b)];
  const plain = (unit) => unit.replace(/[µμ]/g, "u").replace("²", "2").replace("³", "3").toLowerCase().trim().replace(/([a-z])\^?([23])$/, "$1^$2");
  if (one && other && plain(one) !== plain(other)) {
    throw new InputError(`${theirs.path}: column ${quoted(b)} is in ${other}, but ${quoted(a)} of ${mine.path} is in ${one}; give both in one unit.`);
  }
  if (Boolean(one) !== Boolean(other)) {
    notes.push(`Column ${quoted(a)} of ${nameOf(mine.path)} names ${one || "no unit"}, and ${quoted(b)} of ${nameOf(theirs.path)}`
      + ` ${other || "no unit"}; they are taken for one unit.`);
  }
  return one || other;
}

/** Refuse numbers that stand for "missing"; note negative ones, and zeros. */
function readSigns(table, column, values, notes, asGiven) {
  const low = values.filter((value) => value < 0), least = smallest(values), zeros = values.filter((value) => value === 0).length;
  if (low.length && same(low) && SENTINELS.includes(least) && !asGiven) {
    throw new InputError(`${table.path}: column ${quoted(column)} is ${least} in ${low.length} of`
      + ` ${values.length} fields and else never below 0, as programs write for 'missing'. Measure these`
      + " fields, or leave them out of the study and say so; --as-given takes it for a number.");
  }
  if (low.length) notes.push(`${nameOf(table.path)}: ${quoted(column)} is below 0 in ${low.length} of ${values.length} fields; a count or an area never is.`);
  if (zeros) notes.push(`${nameOf(table.path)}: ${quoted(column)} is 0 in ${zeros} of ${values.length} fields; they count as they are.`);
}

/** Refuse numbers that have no ratio, naming the field. */
function refuseNoRatio(path, value, names, measured, truth) {
  for (const [what, numbers] of [["measured", measured], ["true", truth]]) {
    const low = numbers.filter((one) => one < 0).length, at = numbers.findIndex((one) => one < 0);
    if (low) {
      throw new InputError(`${path}: the ${what} ${quoted(value)} of field ${quoted(names[at])} is ${general(numbers[at])}`
        + ` (${low} of ${numbers.length} are below 0), and a ratio needs numbers from 0 on; judge differences with --scale absolute.`);
    }
  }
  const zeros = truth.filter((one) => one === 0).length;
  if (zeros) {
    throw new InputError(`${path}: the truth of field ${quoted(names[truth.indexOf(0)])} is 0 (${zeros} of ${truth.length} fields), so`
      + " that there is no ratio to it; judge with --estimand pooled or --scale absolute.");
  }
}
return { guessedColumns, scoreNumbers };
})();

const $judge_files = (() => {
// What was dropped, judged: label images or tables.
const { scoreLabels } = $score_labels;
const { guessedColumns, scoreNumbers } = $score_numbers;
const { readTable } = $table;
const { InputError } = $text;

const isTable = (side) => !side.folder && side.files.length === 1 && /\.(csv|tsv|txt)$/i.test(side.path);

/**
 * Judge what a person gave, as `scopecheck score labels` does with its default rules.
 *
 * `predicted` and `truth` are { path, folder, files }, a file { path, bytes }; `truth` may be null where a table
 * of the tool has a column of truths. `rules` has `tolerance` ([low, high] or null), `uncertainty` (or null),
 * `asGiven`, and `value` and `trueValue` for one table. Throws an InputError with what is wrong.
 */
async function judge(predicted, truth, rules, told) {
  const tables = [predicted, truth].filter((side) => side && isTable(side)).length;
  if (truth && tables === 1) throw new InputError(`${predicted.path}: one side is a table and the other is none; give two tables, or label images on both sides.`);
  if (tables) {
    const mine = await tableAt(predicted);
    return scoreNumbers(mine, truth ? await tableAt(truth) : mine, rules);
  }
  if (!truth) throw new InputError(`${predicted.path}: has no truth to be held against; give one, or a table with a column of truths.`);
  return scoreLabels(predicted, truth, rules, told);
}

/** The columns of a table without a truth beside it, to choose from; null where it is none, or cannot be read. */
async function columnsOf(side) {
  if (!isTable(side)) return null;
  return guessedColumns(await tableAt(side));
}

const tableAt = async (side) => readTable(await side.files[0].bytes(), side.path);
return { judge, columnsOf };
})();

const $verdict_widget = (() => {
// The first widget: two drop zones, a tolerance, a verdict.
const { columnsOf, judge } = $judge_files;
const { make, picture } = $page;
const { InputError, fixed, percent, span } = $text;

const SHAPES = { HOLDS: "●", FAILS: "■", UNDETERMINED: "◇" }, OF_ONE_IMAGE = { HOLDS: "○", FAILS: "□" };
const AGREES = { HOLDS: "agrees with annotation", FAILS: "disagrees with annotation" };

/** Build the widget in an element. */
function verdictWidget(el) {
  const given = { prediction: null, truth: null };
  const result = make("div", { role: "status", "aria-live": "polite", class: "scv-result" });
  const value = make("select"), trueValue = make("select");
  const columns = make("div", { class: "scv-rules", hidden: true },
    make("label", {}, "Column of your tool's numbers ", value), make("label", {}, "Column of the true numbers ", trueValue));
  const tolerance = make("input", { type: "number", min: "0", step: "any", inputmode: "decimal" });
  const uncertainty = make("input", { type: "number", min: "0", step: "any", inputmode: "decimal" });
  const asGiven = make("input", { type: "checkbox" });
  const button = make("button", { type: "button", onclick: () => run() }, "Judge");

  async function take(what, side) {
    given[what] = side;
    const one = given.prediction && !given.truth ? await columnsOf(given.prediction).catch(() => null) : null;
    columns.hidden = !one;
    if (!one) return;
    for (const [list, chosen] of [[value, one.measured], [trueValue, one.truth]]) {
      list.replaceChildren(...one.columns.map((name) => make("option", { value: name, selected: name === chosen }, name)));
    }
  }

  async function run() {
    button.disabled = true;
    const told = async (text) => {
      result.replaceChildren(make("p", {}, text));
      await new Promise((resume) => setTimeout(resume)); // so that the page can show it
    };
    try {
      if (!given.prediction) throw new InputError("Nothing to judge yet: choose, or drop, what your tool gave and then the truth.");
      const rules = { ...rulesOf(tolerance.value, uncertainty.value), asGiven: asGiven.checked };
      if (!columns.hidden) Object.assign(rules, { value: value.value, trueValue: trueValue.value });
      await told("Reading and measuring ...");
      const answer = await judge(given.prediction, given.truth, rules, (text) => told(`Measuring ${text} ...`));
      result.replaceChildren(...shown(answer, commandFor(given, rules)));
    } catch (error) {
      if (!(error instanceof InputError)) console.error(error);
      result.replaceChildren(...refused(error));
    }
    button.disabled = false;
  }

  el.append(make("section", { class: "scv", "aria-label": "A verdict in your browser" },
    make("p", {}, make("strong", {}, "Nothing leaves this machine."), " Your files are read and judged by this page itself, without a server."),
    make("div", { class: "scv-slots" },
      zone("1. What your tool gave", (side) => take("prediction", side)), zone("2. The truth", (side) => take("truth", side))),
    columns,
    make("div", { class: "scv-rules" },
      make("label", {}, "Tolerance, ± % of the truth, declared before you look ", tolerance),
      make("label", {}, "The truth's own uncertainty, %, where it is known ", uncertainty)),
    make("label", {}, asGiven, " Take the files as given (", make("code", {}, "--as-given"), "): go on where something looks wrong"),
    button, result));
}

/** Tolerance and uncertainty as fractions, from what was typed in per cent. */
function rulesOf(tolerance, uncertainty) {
  const limit = tolerance === "" ? null : Number(tolerance) / 100, u = uncertainty === "" ? null : Number(uncertainty) / 100;
  if (limit !== null && !(limit > 0 && limit < 10)) throw new InputError(`Tolerance: ${tolerance} %; expected a number above 0 and below 1000. 10 accepts from 90 % to 110 % of the truth.`);
  if (u !== null && !(u >= 0 && u < 10)) throw new InputError(`The truth's uncertainty: ${uncertainty} %; expected 0 or more, or nothing where it is not known.`);
  return { tolerance: limit === null ? null : [-limit, limit], uncertainty: u };
}

/** A drop zone with inputs for files and for a folder; `taken` gets { path, folder, files }. */
function zone(title, taken) {
  const said = make("p", { role: "status", "aria-live": "polite" }, "Nothing yet.");
  const accept = async (side, other) => {
    said.textContent = side.folder ? `${side.path}: ${side.files.length} file${side.files.length === 1 ? "" : "s"}.` : side.path;
    if (other) other.value = "";
    await taken(side);
  };
  const chosen = (event, other) => event.target.files.length && accept(sideOf([...event.target.files], title), other);
  const files = make("input", { type: "file", multiple: true, onchange: (event) => chosen(event, folder) });
  const folder = make("input", { type: "file", webkitdirectory: true, onchange: (event) => chosen(event, files) });
  const box = make("fieldset", {
    ondragover: (event) => (event.preventDefault(), box.classList.add("scv-over")),
    ondragleave: () => box.classList.remove("scv-over"),
    ondrop: async (event) => {
      event.preventDefault();
      box.classList.remove("scv-over");
      try {
        const side = await dropped(event.dataTransfer, title);
        if (side) await accept(side, files);
      } catch (error) {
        said.textContent = error.message;
      }
    },
  }, make("legend", {}, title), make("p", {}, "Drop files or a folder here, or choose them."),
  make("label", {}, "A file, or several", files), make("label", {}, "or a folder", folder), said);
  return box;
}

const fileOf = (file, path) => ({ path, bytes: async () => new Uint8Array(await file.arrayBuffer()) });

/** One file, or several as a folder; of a chosen folder what lies in it directly. */
function sideOf(files, title) {
  const within = files[0].webkitRelativePath;
  if (!within && files.length === 1) return { path: files[0].name, folder: false, files: [fileOf(files[0], files[0].name)] };
  const name = within ? within.split("/")[0] : title.replace(/^\d\. /, "");
  const own = files.filter((file) => !within || file.webkitRelativePath.split("/").length === 2);
  return { path: name, folder: true, loose: !within, files: own.map((file) => fileOf(file, `${name}/${file.name}`)) };
}

/** What was dropped: a file, several, or a folder. */
async function dropped(transfer, title) {
  const items = [...transfer.items].filter((item) => item.kind === "file"), files = items.map((item) => item.getAsFile());
  const entries = items.map((item) => item.webkitGetAsEntry?.());
  if (!items.length) return null;
  if (!entries[0]?.isDirectory) return sideOf(files, title);
  if (items.length > 1) throw new InputError("Several things were dropped, and one is a folder; drop one folder, or files alone.");
  const reader = entries[0].createReader(), held = [];
  try {
    for (let more; (more = await new Promise((good, bad) => reader.readEntries(good, bad))).length;) held.push(...more);
    const own = await Promise.all(held.filter((entry) => entry.isFile).map((entry) => new Promise((good, bad) => entry.file(good, bad))));
    return { path: entries[0].name, folder: true, files: own.map((file) => fileOf(file, `${entries[0].name}/${file.name}`)) };
  } catch {
    throw new InputError(`${entries[0].name}: this browser does not open a dropped folder on a page read from disk. Choose it by the button, or drop its files.`);
  }
}

/** The same by command; files that were chosen one by one stand in some folder. */
function commandFor({ prediction, truth }, rules) {
  const where = [[prediction, "TOOL/"], [truth, "TRUTH/"]].filter(([side]) => side).map(([side, folder]) => (side.loose ? folder : quote(side.path)));
  const parts = ["scopecheck score labels", ...where];
  const table = /\.(csv|tsv|txt)$/i.test(prediction.path);
  if (table) parts.push("--from table", ...(rules.value ? [`--value ${quote(rules.value)} --truth-value ${quote(rules.trueValue)}`] : []));
  else parts.push("--unit px");
  if (rules.tolerance) parts.push(`--tolerance ${rules.tolerance[1]}`);
  if (rules.uncertainty !== null) parts.push(`--truth-uncertainty ${rules.uncertainty}`);
  return parts.join(" ") + (rules.asGiven ? " --as-given" : "");
}

const quote = (text) => (/^[\w./+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** What is shown for an error. */
function refused(error) {
  const known = error instanceof InputError, text = known ? error.message : `Something went wrong in this page itself: ${error.message}`;
  const option = known && / --[a-z]/.test(text)
    ? make("p", {}, "Words that begin with -- are options of the command ", make("code", {}, "scopecheck score labels"), "; --as-given is the box above.") : null;
  return [make("p", { class: "scv-error" }, make("strong", {}, "Not judged. "), text), option].filter(Boolean);
}

/** Verdicts, scores and notes. */
function shown(answer, command) {
  const cells = answer.rows.map((row) => [
    row.measurement + (row.unit ? ` (${row.unit})` : ""), wordOf(row), `${row.scope}, n = ${row.n}`,
    row.bias === null ? "" : percent(row.bias), row.bias === null ? "" : span(row.interval, row.scope, row.truth_uncertainty),
    row.tolerance ? percent(row.tolerance[1]).replace("+", "±") : "none",
  ]);
  const heads = ["measurement", "verdict", "scope, n", "bias", "90 % interval", "tolerance"];
  const table = make("table", {}, make("thead", {}, make("tr", {}, heads.map((text) => make("th", { scope: "col" }, text)))),
    make("tbody", {}, cells.map(([first, ...rest]) => make("tr", {}, make("th", { scope: "row" }, first), rest.map((text) => make("td", {}, text))))));
  const scored = (scores) => Object.entries(scores).map(([name, score]) => {
    const drawn = answer.chance[name];
    return `${name} ${number(score)}${Number.isFinite(drawn) ? ` (chance ${number(drawn)})` : ""}`;
  }).join(", ");
  const counted = answer.objects && Object.entries(answer.objects).map(([name, count]) => `${count} ${name}`).join(", ");
  const notes = [...answer.notes, ...answer.rows.map(detail)];
  if (answer.scope === "image" && answer.objects) notes.push("One pair of files: a word speaks of this image only.");
  if (!answer.rows.some((row) => row.tolerance)) notes.push("Give a tolerance for a verdict, taken from your biology before you look.");
  const pictures = answer.rows.filter((row) => row.interval && row.tolerance).map((row) => make("p", {}, `${row.measurement}:`,
    picture(row.tolerance, row.interval, row.bias, `${row.measurement}: the interval ${span(row.interval)} over the tolerance ${span(row.tolerance)}`)));
  return [
    make("div", { class: "scv-scroll", tabindex: "0", role: "region", "aria-label": "Verdicts" }, table), ...pictures,
    answer.objects ? make("p", {}, `How it looks: ${scored(answer.looks)} (${counted})`) : null,
    make("p", {}, `${answer.objects ? "Matched at IoU 0.5" : "Field by field"}: ${scored(answer.scores)}${answer.objects ? "" : "; chance: the truths exchanged between fields."}`),
    make("ul", {}, [...new Set(notes)].map((text) => make("li", {}, text))),
    make("p", { class: "scv-command" }, "The same by command: ", make("code", {}, command)),
  ].filter(Boolean);
}

const number = (value) => (Number.isFinite(value) ? fixed(value, 2) : "not defined");

function wordOf(row) {
  if (!row.verdict) return `– ${row.marks.join(" ") || "no verdict"}`;
  const image = row.scope === "image", shape = (image && OF_ONE_IMAGE[row.verdict]) || SHAPES[row.verdict];
  return `${shape} ${row.label}${image ? " on this image" : ""}${row.reason ? `: ${row.reason}` : ""}`;
}

/** What stands behind one verdict. */
function detail(row) {
  const five = (value) => (Number.isFinite(value) ? String(Number(value.toPrecision(5))) : "not defined");
  const parts = [`${five(row.values.measured)} measured, ${five(row.values.true)} true${row.n > 1 ? " (mean)" : ""}`];
  if (!row.verdict) parts.push(`no verdict: ${row.reason}`);
  else if (row.truth_uncertainty === null) parts.push(AGREES[row.verdict] ?? "truth's uncertainty unknown");
  if (row.scope === "population" && row.inside !== undefined && row.inside !== null) {
    parts.push(`${row.inside} of ${row.n} inside tolerance (at least ${fixed(100 * row.inside_bound, 0)} % of all such)`);
  }
  if (row.gross_error !== null && row.gross_error !== undefined) {
    parts.push(`gross error ${fixed(100 * row.gross_error, 0)} %${row.gross_by_chance === undefined ? "" : ` (chance ${fixed(100 * row.gross_by_chance, 0)} %)`}`);
  }
  if (row.further !== null && row.further !== undefined) parts.push(`further acquisitions: ${row.further}`);
  if (row.note) parts.push(row.note);
  return `${row.measurement}: ${parts.join("; ")}`;
}
return { verdictWidget };
})();

const $widget = (() => {
// The form of anywidget: `render({ model, el })`; what is shown is the model's `show`, "verdict" or "fields".
const { fieldsWidget } = $fields_widget;
const { make, STYLE } = $page;
const { verdictWidget } = $verdict_widget;

function render({ model, el }) {
  el.append(make("style", {}, STYLE));
  (model?.get("show") === "fields" ? fieldsWidget : verdictWidget)(el);
}
return { render };
})();

export const { judge } = $judge_files;
export const { fieldsNeeded } = $fields;
export const { InputError } = $text;
export const { render } = $widget;
export default { render };
