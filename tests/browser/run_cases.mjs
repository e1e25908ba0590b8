// Judge the cases of a JSON file as the page does, and print what came out: `node run_cases.mjs MODULE CASES`.
// A case has `predicted` and `truth` (paths from the folder in which this runs), `tolerance`, `uncertainty`,
// `asGiven`, and for a table `value` and `trueValue`; or `call` and `arguments` of an exported function.
import { readFile, readdir, stat } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const verdict = await import(pathToFileURL(resolve(process.argv[2])));
const fileAt = (path) => ({ path, bytes: async () => new Uint8Array(await readFile(path)) });

async function sideAt(path) {
  if (!(await stat(path)).isDirectory()) return { path, folder: false, files: [fileAt(path)] };
  const names = (await readdir(path, { withFileTypes: true })).filter((one) => one.isFile()).map((one) => one.name);
  return { path, folder: true, files: names.map((name) => fileAt(`${path}/${name}`)) };
}

const answers = [];
for (const one of JSON.parse(await readFile(process.argv[3], "utf-8"))) {
  try {
    if (one.call) answers.push(verdict[one.call](...one.arguments));
    else answers.push(await verdict.judge(await sideAt(one.predicted), one.truth ? await sideAt(one.truth) : null, one));
  } catch (error) {
    if (!(error instanceof verdict.InputError)) throw error;
    answers.push({ error: error.message });
  }
}
process.stdout.write(JSON.stringify(answers));
