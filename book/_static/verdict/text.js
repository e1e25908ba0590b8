// Words and numbers as the command prints them.

/** What is wrong with a file or a number that a person gave; its message is shown as it is. */
export class InputError extends Error {}

/** The first three of a list of names. */
export const few = (names) => names.slice(0, 3).join(", ") + (names.length > 3 ? ", ..." : "");

/** A text in quotes, as Python shows one. */
export const quoted = (text) => (text.includes("'") && !text.includes('"') ? `"${text}"` : `'${text.replaceAll("'", "\\'")}'`);

/** A shape as Python prints a tuple. */
export const tuple = (shape) => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`);

/** A number with so many decimals; where it lies exactly between two, the even one is taken, as Python does. */
export function fixed(value, digits) {
  if (!Number.isFinite(value)) return String(value);
  const long = value.toFixed(digits + 40), end = long.indexOf(".") + (digits ? digits + 1 : 0);
  return isEvenTie(long, long.indexOf(".") + digits + 1, end) ? long.slice(0, end) : value.toFixed(digits);
}

/** Whether the digits from `tail` on are exactly one half, and the last one before `end` is even. */
const isEvenTie = (long, tail, end) => /^50*$/.test(long.slice(tail)) && Number(long[end - 1]) % 2 === 0;

/** A number with `digits` significant digits and no trailing zeros, as Python's format 'g'. */
export function general(value, digits = 6) {
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
export function percent(value) {
  if (!Number.isFinite(value)) return "not finite";
  if (Math.abs(value) < 5e-4) return "0 %";
  const text = fixed(100 * value, Math.abs(value) >= 0.1995 ? 0 : 1);
  return `${value > 0 ? "+" : ""}${text} %`;
}

/** An interval in per cent, or the words that there is none. */
export function span(pair, scope, uncertainty) {
  if (scope === "image" && uncertainty === null) return "not known";
  return pair ? `${percent(pair[0])} to ${percent(pair[1])}` : "none";
}
