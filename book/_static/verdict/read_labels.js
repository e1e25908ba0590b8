// Read a label image, or say what is wrong with it in the command's words.
import { labelled } from "./match.js";
import { readNpy } from "./read_npy.js";
import { readPng } from "./read_png.js";
import { readTiff } from "./read_tiff.js";
import { InputError, general, tuple } from "./text.js";

export const SUFFIXES = [".tif", ".tiff", ".png", ".npy"];
const STARTS = {
  "II*\0": ".tif", "MM\0*": ".tif", "II+\0": ".tif", "MM\0+": ".tif", "\x89PNG": ".png", "\x93NUM": ".npy",
  "\xff\xd8\xff": ".jpg", "PK\x03\x04": ".zip",
};
const DIGITS = { float32: 24, float64: 53 }; // from 2 to this power on, two labels are stored as one number

export const suffixOf = (path) => /[^/.](\.[^./]*)$/.exec(path)?.[1].toLowerCase() ?? "";

/** The label image in a file: what `labelled` gives, with `notes` on how it was read. */
export async function readLabels(file) {
  const { path } = file, suffix = suffixOf(path);
  if (!SUFFIXES.includes(suffix)) {
    const named = suffix ? `has the suffix '${suffix}'` : "has no suffix";
    throw new InputError(`${path}: ${named}; expected ${SUFFIXES.join(", ")}. Save it in one of these formats.`);
  }
  const bytes = await file.bytes();
  if (!bytes.length) throw new InputError(`${path}: is empty (0 bytes); expected an image. Write or copy it again.`);
  const start = String.fromCharCode(...bytes.subarray(0, 8));
  const kind = Object.entries(STARTS).find(([magic]) => start.startsWith(magic))?.[1] ?? "another format";
  if (kind !== suffix.replace("tiff", "tif")) {
    throw new InputError(`${path}: is named ${suffix} but holds ${kind}, or it is damaged; give it the suffix of what it is.`);
  }
  let picture;
  try {
    picture = await { ".tif": readTiff, ".png": readPng, ".npy": readNpy }[kind](bytes, path);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError(`${path}: is cut short or damaged and cannot be read (${error.message}). Write or copy it again.`);
  }
  return planeOf(picture, path);
}

function planeOf({ array, shape, axes, dtype, written = dtype }, path) {
  if (shape.length < 2) throw new InputError(`${path}: has the shape ${tuple(shape)}; expected a plane (Y, X) or a stack (Z, Y, X).`);
  if (shape.includes(0)) throw new InputError(`${path}: holds no pixels, shape ${tuple(shape)}.`);
  if (axes.endsWith("S") && shape.at(-1) > 1) {
    throw new InputError(`${path}: is a colour picture, shape ${tuple(shape)}; expected one grey level or label per pixel.`
      + " Save the channel that is meant; planes of a stack are written with photometric='minisblack'.");
  }
  const deep = shape.slice(0, -2).filter((side) => side > 1);
  if (deep.length) {
    throw new InputError(`${path}: is a stack, shape ${tuple(shape)}, and a browser judges planes alone; give stacks to the command`
      + " `scopecheck score labels`.");
  }
  const [height, width] = shape.slice(-2), notes = [];
  const values = wholeNumbers(array, dtype, written, path);
  if (dtype.startsWith("float")) notes.push(`labels are ${written}, all of them whole, and are taken as whole numbers`);
  return { ...labelled(values, height, width), notes };
}

/** Labels from 0 on, or what is wrong with them. */
function wholeNumbers(array, dtype, written, path) {
  const said = `${path}: values are ${written}, expected whole-number labels.`;
  if (dtype.startsWith("float")) return wholeFloats(array, dtype, written, path, said);
  if (dtype === "bool") {
    throw new InputError(`${path}: a True/False mask does not tell objects apart; expected one number per object. `
      + "Number the objects with skimage.measure.label(mask).");
  }
  if (!/^u?int/.test(dtype)) throw new InputError(said);
  refuseNegative(array, path);
  if (typeof array[0] !== "bigint") return array;
  let high = 0n;
  for (const value of array) if (value > high) high = value;
  if (high > 2n ** 63n - 1n) throw new InputError(`${path}: holds labels above 2**63 - 1; renumber the objects from 1.`);
  if (high >= 2n ** 53n) throw new InputError(`${path}: holds labels from 2**53 on, which a browser cannot tell apart; renumber the objects from 1.`);
  return Float64Array.from(array, Number);
}

function wholeFloats(array, dtype, written, path, said) {
  if (array.some(Number.isNaN)) {
    throw new InputError(`${path}: holds NaN; expected whole-number labels. Set NaN to 0 (background).`);
  }
  if (!array.every(Number.isFinite)) {
    throw new InputError(`${said} If every value is whole, convert with .astype('int32'); threshold a probability map first.`);
  }
  const broken = array.filter((value) => value !== Math.trunc(value));
  if (broken.length) {
    throw new InputError(`${said} ${broken.length} of ${array.length} pixels are not whole, such as ${general(broken[0])}. Threshold a`
      + " probability map and number its objects; resize labels without interpolation.");
  }
  const end = 2 ** DIGITS[dtype];
  if (array.some((value) => value >= end)) {
    throw new InputError(`${said} From ${end} on, ${written} stores two labels as one; save them as int32.`);
  }
  return refuseNegative(array, path);
}

function refuseNegative(array, path) {
  if (/^Uint|^BigUint/.test(array.constructor.name)) return array;
  let low = array[0];
  for (const value of array) if (value < low) low = value;
  if (low < 0) throw new InputError(`${path}: holds the negative value ${low}; expected 0 for background, labels from 1.`);
  return array;
}
