// Which predicted file belongs to which true one.
import { core, coreText, matchNames, roles } from "./names.js";
import { SUFFIXES, suffixOf } from "./read_labels.js";
import { InputError, few } from "./text.js";

const SAYS_TRUTH = /(?<![a-z])(gt|(ground[ _-]?)?truth|manual|annotat\w*|reference)(?![a-z])/i;
const SAYS_PREDICTION = /(?<![a-z])(pred|predict\w*|cp_masks|cellpose|stardist|unet|outputs?|results?)(?![a-z])/i;

export const nameOf = (path) => path.split("/").at(-1);
export const stemOf = (path) => nameOf(path).replace(/(?<=.)\.[^.]*$/, "").replace(/\.ome$/i, "");

/**
 * Pair two files, or the files of two folders by their names.
 *
 * Each side is { path, folder, files }, where a file is { path, bytes }. Gives the pairs, by name, and notes.
 */
export function pairUp(predicted, truth, asGiven) {
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
export function swapped(predicted, truth, asGiven) {
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
