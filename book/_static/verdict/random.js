// numpy's default generator (PCG64 seeded by SeedSequence), so that the same draws are made here as in Python.
// O'Neill 2014 (PCG); Lemire 2019, doi:10.1145/3230636 (bounded integers).

const MASK32 = 0xffffffffn, MASK64 = (1n << 64n) - 1n, MASK128 = (1n << 128n) - 1n;
const MULTIPLIER = 0x2360ed051fc65da44385df649fccf645n;

/** A generator seeded by whole numbers below 2^32, as `numpy.random.default_rng(seed)`. */
export function generator(seed) {
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
