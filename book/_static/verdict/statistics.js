// Distributions that the judge needs, to twelve digits: by series and continued fractions, inverted by bisection.

const LANCZOS = [
  0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
  12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
];

/** Logarithm of the gamma function, x > 0. Lanczos 1964, doi:10.1137/0701008. */
export function logGamma(x) {
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
export function betainc(a, b, x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  if (x > (a + 1) / (a + b + 2)) return 1 - betainc(b, a, 1 - x);
  const front = Math.exp(a * Math.log(x) + b * Math.log1p(-x) + logGamma(a + b) - logGamma(a) - logGamma(b));
  const even = (m) => (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
  const odd = (m) => (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
  return front / a / fraction(1, (i) => [i % 2 ? odd((i - 1) / 2) : even(i / 2), 1]);
}

/** The regularised incomplete gamma functions, lower P(a, x) and upper Q(a, x). */
export function gammainc(a, x) {
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
export const betaincinv = (a, b, p) => crossing(0, 1, (x) => betainc(a, b, x) - p);

/** The x at which the lower gammainc(a, x) is p, 0 < p < 1. By Newton's method from a start, kept between two ends. */
export function gammaincinv(a, p, start = a * Math.max(1e-3, 1 - 1 / (9 * a)) ** 3) {
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
export function studentQuantile(df, p) {
  const y = betaincinv(0.5, df / 2, 2 * p - 1);
  return Math.sqrt((df * y) / (1 - y));
}

/** Cumulative normal distribution. */
export function normal(x) {
  const tail = gammainc(0.5, (x * x) / 2);
  return x < 0 ? tail.upper / 2 : 0.5 + tail.lower / 2;
}

/** The chance of `least` or more heads in n throws of a fair coin. */
export const heads = (least, n) => (least <= 0 ? 1 : least > n ? 0 : betainc(least, n - least + 1, 0.5));

/** Largest and smallest of many numbers; spreading them into Math.max ends at some ten thousand. */
export const largest = (values) => values.reduce((most, value) => (value > most ? value : most), -Infinity);
export const smallest = (values) => values.reduce((least, value) => (value < least ? value : least), Infinity);

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Standard deviation of a sample. */
export function deviation(values) {
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}

/** A quantile by linear interpolation, as numpy's default; of numbers in any order. */
export function quantile(values, share) {
  const sorted = Float64Array.from(values).sort(), at = share * (sorted.length - 1), low = Math.floor(at);
  return sorted[low] + (at - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
}

export const median = (values) => quantile(values, 0.5);
