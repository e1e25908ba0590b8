// NPY: an array of numbers. NumPy Enhancement Proposal 1; pickles are never opened.
import { InputError } from "./text.js";

const KINDS = {
  b1: ["bool", Uint8Array], u1: ["uint8", Uint8Array], i1: ["int8", Int8Array], u2: ["uint16", Uint16Array],
  i2: ["int16", Int16Array], u4: ["uint32", Uint32Array], i4: ["int32", Int32Array], u8: ["uint64", BigUint64Array],
  i8: ["int64", BigInt64Array], f4: ["float32", Float32Array], f8: ["float64", Float64Array],
};
const OTHERS = { c8: "complex64", c16: "complex128" };

/** The numbers of a NPY file: `array` in the order of rows, `shape`, `axes`, `dtype` and how numpy writes it. */
export function readNpy(bytes, path) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), long = bytes[6] > 1;
  const start = (long ? 12 : 10) + (long ? view.getUint32(8, true) : view.getUint16(8, true));
  const head = new TextDecoder("latin1").decode(bytes.subarray(long ? 12 : 10, start));
  const shape = head.match(/'shape':\s*\(([^)]*)\)/)?.[1].split(",").map((one) => one.trim()).filter(Boolean).map(Number);
  const kind = head.match(/'descr':\s*(?:'([^']*)'|\[)/), columns = /'fortran_order':\s*True/.test(head);
  const order = /'fortran_order':\s*(True|False)\b/.test(head);
  if (!shape || !kind || !order || start > bytes.length) throw new Error("its head cannot be read");
  const name = kind[1] ?? "a table's rows";
  if (name.endsWith("O")) {
    const ours = shape.length === 0 && /_seg\.npy$/i.test(path) ? " Cellpose's _seg.npy is read by the command alone." : "";
    throw new InputError(`${path}: holds Python objects (a pickle), which are never opened; expected numbers.`
      + ` Save labels.astype('int32') instead.${ours}`);
  }
  const axes = axesOf(shape);
  if (name.endsWith("f2")) throw new InputError(`${path}: holds float16, which is not read here; give it to the command, or save labels.astype('int32').`);
  const swapped = name[0] === ">", plain = OTHERS[name.slice(1)] ?? name;
  if (!KINDS[name.slice(1)]) return { array: [], shape, axes, dtype: swapped ? name : plain };
  const [dtype, Kind] = KINDS[name.slice(1)], count = shape.reduce((product, side) => product * side, 1);
  if (start + count * Kind.BYTES_PER_ELEMENT > bytes.length) throw new Error(`it holds fewer than ${count} numbers`);
  const array = numbers(bytes, start, count, Kind, swapped);
  return { array: columns && shape.length === 2 ? transposed(array, shape) : array, shape, axes, dtype, written: swapped ? name : dtype };
}

/** Numbers of one kind from some bytes on; `swapped` where the large end comes first. */
export function numbers(bytes, start, count, Kind, swapped) {
  const size = Kind.BYTES_PER_ELEMENT, copy = bytes.slice(start, start + count * size);
  if (swapped && size > 1) for (let i = 0; i < copy.length; i += size) copy.subarray(i, i + size).reverse();
  return new Kind(copy.buffer);
}

function axesOf(shape) {
  if (shape.length === 3 && [3, 4].includes(shape[2]) && Math.min(shape[0], shape[1]) > 4) return "YXS";
  return shape.length ? "?".repeat(Math.max(0, shape.length - 3)) + "ZYX".slice(-Math.min(3, shape.length)) : "";
}

function transposed(array, [height, width]) {
  const turned = new array.constructor(array.length);
  for (let y = 0, i = 0; y < height; y++) for (let x = 0; x < width; x++, i++) turned[i] = array[x * height + y];
  return turned;
}
