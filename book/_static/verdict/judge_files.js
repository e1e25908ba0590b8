// What was dropped, judged: label images or tables.
import { scoreLabels } from "./score_labels.js";
import { guessedColumns, scoreNumbers } from "./score_numbers.js";
import { readTable } from "./table.js";
import { InputError } from "./text.js";

const isTable = (side) => !side.folder && side.files.length === 1 && /\.(csv|tsv|txt)$/i.test(side.path);

/**
 * Judge what a person gave, as `scopecheck score labels` does with its default rules.
 *
 * `predicted` and `truth` are { path, folder, files }, a file { path, bytes }; `truth` may be null where a table
 * of the tool has a column of truths. `rules` has `tolerance` ([low, high] or null), `uncertainty` (or null),
 * `asGiven`, and `value` and `trueValue` for one table. Throws an InputError with what is wrong.
 */
export async function judge(predicted, truth, rules, told) {
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
export async function columnsOf(side) {
  if (!isTable(side)) return null;
  return guessedColumns(await tableAt(side));
}

const tableAt = async (side) => readTable(await side.files[0].bytes(), side.path);
