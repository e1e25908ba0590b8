// Names of fields that say of which well or animal a field is, as programs write them.
import { few } from "./text.js";

const PLATE_WELL = new RegExp("(?:(?<![A-Za-z0-9])|(?<=[Ww]ell))([A-P](?:0?[1-9]|1[0-9]|2[0-4]))(?![A-Za-z0-9]|(?<=\\d)\\.\\d)"
  + "|(?<![A-Za-z0-9])([A-P](?:0[1-9]|1[0-9]|2[0-4]))(?=f\\d)|(?<![A-Za-z0-9])(r\\d{1,2}c\\d{1,2})(?=f\\d|[^A-Za-z0-9]|$)", "g");
const ANIMAL = new RegExp("(?<![a-z])((?:mouse|animal|rat|donor|patient|subject|fish|embryo|larva|worm|fly|rep(?:licate)?|biorep"
  + "|exp(?:eriment)?)[ _-]?[a-z]?\\d+[a-z]?)(?![a-z0-9])", "gi");
const DISH = new RegExp("(?<![a-z])((?:well|dish|slide|coverslip|coverglass|chamber|flask|organoid|spheroid|explant)"
  + "[ _-]?[a-z]?\\d+[a-z]?)(?![a-z0-9])", "gi");
const NUMBERED = /(?<![A-Za-z0-9])(W\d{1,5})(?=[_-]{0,2}[PFS]\d)/g; // as microscopes number wells: --W00001--P00000--
const SMALL = /(?:^|(?<=[/\\ _-]))([a-p](?:0[1-9]|1[0-9]|2[0-4]))(?=[/\\ _-]|\.(?!\d)|$)/g;
const WELLS = "wells", ANIMALS = "animals or repeats";
const WAYS = [[WELLS, PLATE_WELL], [ANIMALS, ANIMAL], [WELLS, DISH], [WELLS, NUMBERED], [WELLS, SMALL]];

/**
 * What the fields' names say of wells, or else of animals or repeats, that several fields share; null where neither.
 *
 * Gives `kind`, what is one in each name (`units`), and the command's words on it (`guess`).
 */
export function sharedIn(names) {
  for (const [kind, way] of WAYS) {
    const found = names.map((name) => [...name.matchAll(way)]);
    if (!found.every((fits) => fits.length)) continue;
    const animals = (fits) => [...new Set(fits.map((fit) => fit[0].replace(/[ _-]/g, "").toLowerCase()))].sort().join(" ");
    const shown = found.map((fits) => (kind === ANIMALS ? animals(fits) : fits[0][0]));
    const units = kind === ANIMALS ? shown : found.map(([fit], i) => names[i].slice(0, fit.index + fit[0].length));
    const n = new Set(units).size, every = [...new Set(shown)];
    if (every.length < 2 || n === names.length) continue;
    const start = `${kind[0].toUpperCase()}${kind.slice(1)}`;
    const guess = `${start}: the fields' names hold ${n} ${kind} (${few(every)}) of ${names.length} fields; each counts once.`
      + " If these are none, --level field.";
    return { kind, units, guess };
  }
  return null;
}
