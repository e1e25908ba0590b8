// The first widget: two drop zones, a tolerance, a verdict.
import { columnsOf, judge } from "./judge_files.js";
import { make, picture } from "./page.js";
import { InputError, fixed, percent, span } from "./text.js";

const SHAPES = { HOLDS: "●", FAILS: "■", UNDETERMINED: "◇" }, OF_ONE_IMAGE = { HOLDS: "○", FAILS: "□" };
const AGREES = { HOLDS: "agrees with annotation", FAILS: "disagrees with annotation" };

/** Build the widget in an element. */
export function verdictWidget(el) {
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
