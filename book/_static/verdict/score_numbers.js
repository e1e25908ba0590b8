// A number a field from tables, judged against the true one: what can be told where no objects are seen.
import { agreement } from "./judge.js";
import { matchNames } from "./names.js";
import { nameOf } from "./pairs.js";
import { generator } from "./random.js";
import { farNote } from "./score_labels.js";
import { mean, smallest } from "./statistics.js";
import { numberColumns, onlyColumn, readColumn, sharedLevel, unitOf } from "./table.js";
import { InputError, few, fixed, general, quoted } from "./text.js";

const LEAST = 4; // fields from which an exchange can be told from chance at 5 %
const WHOLE = 6; // fields up to which all orders are taken
const DRAWS = 999;
const MOST = 5000000; // numbers that are exchanged in all; of more fields fewer draws, never under 99
const SENTINELS = [-1, -9, -99, -999, -9999];

/** The columns of one table that a first look takes for measured and for true. */
export function guessedColumns(table) {
  const found = numberColumns(table), truth = found.find((one) => /true|truth|manual|annot|\bgt\b|reference/i.test(one)) ?? found[1];
  return { columns: found, measured: found.find((one) => one !== truth), truth };
}

/**
 * Judge a tool's number of each field against the true one.
 *
 * `mine` and `theirs` are tables (`readTable`), one and the same where the truth is a column of the tool's.
 * `rules` has `tolerance`, `uncertainty`, `asGiven`, and for one table `value` and `trueValue`, two headings.
 */
export function scoreNumbers(mine, theirs, rules) {
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
