// Label images that any tool made, judged against true ones: files or folders in, verdicts out.
import { byFile, chance, chanceScores, isBetter, pooledChance } from "./chance.js";
import { orientationHint } from "./frame.js";
import { agreement, toBias, toScale } from "./judge.js";
import { sharedIn } from "./level_names.js";
import { foreground, matched, overlaps, pixelDice, scoresOf } from "./match.js";
import { nameOf, pairUp } from "./pairs.js";
import { readLabels } from "./read_labels.js";
import { capital, inverted, look, together } from "./signs.js";
import { largest, mean } from "./statistics.js";
import { InputError, few, fixed, general, tuple } from "./text.js";

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
export async function scoreLabels(predicted, truth, rules, told = () => {}) {
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
export function farNote(row, names, measured, truth) {
  if (!row.far.length) return "";
  const told = row.far.map((i) => `${names[i]} (${measured[i] ? general(measured[i], 4) : "nothing"} of ${general(truth[i], 4)})`);
  return `far outside: ${told.slice(0, 3).join(", ")}${told.length > 3 ? ` and ${told.length - 3} more` : ""}`;
}
