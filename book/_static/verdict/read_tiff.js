// TIFF: one plane of whole or decimal numbers, uncompressed or deflated. Adobe, TIFF revision 6.0, 1992.
import { inflate } from "./inflate.js";
import { numbers } from "./read_npy.js";
import { InputError, tuple } from "./text.js";

const BYTES = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 16: 8, 13: 4 };
const KINDS = {
  "1,8": ["uint8", Uint8Array], "1,16": ["uint16", Uint16Array], "1,32": ["uint32", Uint32Array],
  "1,64": ["uint64", BigUint64Array], "2,8": ["int8", Int8Array], "2,16": ["int16", Int16Array],
  "2,32": ["int32", Int32Array], "2,64": ["int64", BigInt64Array], "3,32": ["float32", Float32Array],
  "3,64": ["float64", Float64Array],
};
const COMPRESSIONS = { 2: "CCITT", 3: "CCITT", 4: "CCITT", 5: "LZW", 6: "JPEG", 7: "JPEG", 32773: "PackBits", 34925: "LZMA", 50000: "ZSTD" };

/** The pixels of a TIFF: `array`, `shape`, `axes` and `dtype`. */
export async function readTiff(bytes, path) {
  const little = bytes[0] === 0x49, view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes[little ? 2 : 3] === 43) throw new InputError(`${path}: is a BigTIFF, which is not read here; give it to the command, or save it as TIFF.`);
  const pages = directories(view, little);
  const kinds = pages.map((page) => shapeOf(page)), different = [...new Set(kinds.map(tuple))];
  if (different.length > 1) {
    throw new InputError(`${path}: holds ${different.length} images (${different.slice(0, 3).join(", ")}); expected a plane or stack a file.`);
  }
  const first = pages[0], shape = kinds[0], one = (tag, usual) => first.get(tag)?.[0] ?? usual;
  for (const page of pages) {
    const [offsets, counts] = [page.get(324) ?? page.get(273) ?? [], page.get(325) ?? page.get(279) ?? []];
    offsets.forEach((offset, i) => {
      if (offset + counts[i] > bytes.length) throw new Error(`it ends at byte ${bytes.length}, its pixels at ${offset + counts[i]}`);
    });
  }
  const inside = Number(/^images=(\d+)/m.exec(first.get(270) ?? "")?.[1] ?? 1); // ImageJ's stacks of one page
  const planes = Math.max(pages.length, /^ImageJ=/.test(first.get(270) ?? "") ? inside : 1);
  if (shape.length === 3) return { array: new Uint8Array(1), shape, axes: "YXS", dtype: "uint8" };
  if (planes > 1) return { array: new Uint8Array(1), shape: [planes, ...shape], axes: "ZYX", dtype: "uint8" };
  const bits = one(258, 1), kind = KINDS[[one(339, 1), bits]];
  if (bits === 1) return { array: new Uint8Array(1), shape, axes: "YX", dtype: "bool" };
  if (!kind) throw new InputError(`${path}: has numbers of ${bits} bits, which are not read here; save it in 8, 16 or 32 bits.`);
  const compression = one(259, 1);
  if (![1, 8, 32946].includes(compression)) {
    const name = COMPRESSIONS[compression] ?? `way ${compression}`;
    throw new InputError(`${path}: is compressed by ${name}, which is not read here; give it to the command, or save it`
      + " without compression.");
  }
  const [height, width] = shape, [dtype, Kind] = kind, size = bits / 8, array = new Kind(height * width);
  const tiled = first.has(324), offsets = first.get(tiled ? 324 : 273), counts = first.get(tiled ? 325 : 279);
  const partWidth = tiled ? one(322) : width, partHeight = tiled ? one(323) : Math.min(one(278, height), height);
  const across = Math.ceil(width / partWidth);
  if (!offsets || !counts || offsets.length < across * Math.ceil(height / partHeight)) throw new Error("parts of its pixels are missing");
  for (const [i, offset] of offsets.entries()) {
    const y0 = Math.floor(i / across) * partHeight, x0 = (i % across) * partWidth, rows = tiled ? partHeight : Math.min(partHeight, height - y0);
    let raw = bytes.subarray(offset, offset + counts[i]);
    if (compression !== 1) raw = await inflate([raw]);
    if (raw.length < rows * partWidth * size) throw new Error("it holds too few pixels");
    const part = numbers(raw, 0, rows * partWidth, Kind, !little);
    if (one(317, 1) === 2) undoDifferences(part, partWidth, path);
    else if (one(317, 1) !== 1) throw new InputError(`${path}: is compressed by differences of decimal numbers, which are not read here; save it without compression.`);
    const columns = Math.min(partWidth, width - x0);
    for (let y = 0; y < rows && y0 + y < height; y++) array.set(part.subarray(y * partWidth, y * partWidth + columns), (y0 + y) * width + x0);
  }
  return { array, shape, axes: "YX", dtype };
}

/** The tags of every page. */
function directories(view, little) {
  const pages = [], known = new Set();
  for (let at = view.getUint32(4, little); at; ) {
    if (known.has(at)) throw new Error("its pages go round in a circle");
    known.add(at);
    const tags = new Map(), count = view.getUint16(at, little);
    for (let i = 0, entry = at + 2; i < count; i++, entry += 12) {
      const type = view.getUint16(entry + 2, little), many = view.getUint32(entry + 4, little), size = BYTES[type] ?? 0;
      const from = many * size <= 4 ? entry + 8 : view.getUint32(entry + 8, little);
      if (!size || from + many * size > view.byteLength) continue;
      const read = (j) => (size === 1 ? view.getUint8(from + j) : size === 2 ? view.getUint16(from + 2 * j, little) : view.getUint32(from + size * j, little));
      const values = Array.from({ length: Math.min(many, 1 << 20) }, (_, j) => read(j));
      tags.set(view.getUint16(entry, little), type === 2 ? values.map((code) => String.fromCharCode(code)).join("") : values);
    }
    pages.push(tags);
    at = view.getUint32(at + 2 + 12 * count, little);
  }
  if (!pages.length) throw new Error("it has no page");
  return pages;
}

function shapeOf(page) {
  const [width, height, samples] = [256, 257, 277].map((tag) => page.get(tag)?.[0]);
  if (!width || !height) throw new Error("a page has no size");
  return samples > 1 ? [height, width, samples] : [height, width];
}

/** Sum up what was stored as differences along rows. */
function undoDifferences(part, width, path) {
  if (part instanceof Float32Array || part instanceof Float64Array || typeof part[0] === "bigint") {
    throw new InputError(`${path}: is compressed by differences of such numbers, which are not read here; save it without compression.`);
  }
  for (let i = 0; i < part.length; i++) if (i % width) part[i] += part[i - 1];
}
