// A table that a person or a program wrote: its text, its columns, and numbers as people write them.
import { sharedIn } from "./level_names.js";
import { InputError, few, general, quoted } from "./text.js";
import { nameOf } from "./pairs.js";

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
export function readTable(bytes, path) {
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
export function numberColumns({ headings, rows, field }) {
  return headings.filter((one, i) => {
    const held = rows.slice(0, 1000).map((row) => row[i].trim()).filter((cell) => !MISSING.includes(cell.toLowerCase())).slice(0, 50);
    return one && one !== field && held.length && held.every((cell) => /^[-+\u2212.,'’\s\u00a0\u202f\de]+$/i.test(cell));
  });
}

/** The one column of numbers of a table, or an error that names those there are. */
export function onlyColumn(table, option) {
  const found = numberColumns(table);
  if (found.length === 1) return found[0];
  const held = found.length ? `the columns ${few(found.map(quoted))} hold numbers` : "no column holds numbers";
  throw new InputError(`${table.path}: ${held}; name the one that is meant with ${option}.`);
}

/** The unit that a heading names, "" where none: 'area [um^2]', 'area_um2'. */
export function unitOf(heading) {
  const fit = /^(.*?)\s*[[(]\s*([^()[\]]*?)\s*[\])]\s*$/.exec(heading)
    ?? /^(.*?)[_ ](um\^?[23]?|[µμ]m\^?[23²³]?|nm\^?[23]?|px\^?[23]?|mm\^?[23]?)$/i.exec(heading);
  return fit?.[1] ? fit[2] : "";
}

/** A column as finite numbers, of the rows at `chosen`; how they were read is noted. */
export function readColumn(table, heading, notes, chosen = [...table.rows.keys()]) {
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
export function sharedLevel(table, chosen, besides) {
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
