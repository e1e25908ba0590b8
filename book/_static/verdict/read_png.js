// PNG: grey of 1 to 16 bits, or a palette's indices. W3C, Portable Network Graphics, third edition.
import { inflate } from "./inflate.js";

const ADAM7 = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
const SAMPLES = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** The pixels of a PNG: `array`, `shape`, `axes` and the number's `dtype`; throws where it is damaged. */
export async function readPng(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), parts = [];
  let head = null;
  for (let at = 8; ;) {
    if (at + 12 > bytes.length) throw new Error("it ends before its last part");
    const length = view.getUint32(at), kind = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (at + 12 + length > bytes.length) throw new Error("it ends within a part");
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (crc(bytes.subarray(at + 4, at + 8 + length)) !== view.getUint32(at + 8 + length)) throw new Error(`wrong sum of part ${kind}`);
    if (kind === "IHDR") head = { width: view.getUint32(at + 8), height: view.getUint32(at + 12), depth: body[8], colour: body[9], interlaced: body[12] };
    if (kind === "IDAT") parts.push(body);
    if (kind === "IEND") break;
    at += 12 + length;
  }
  if (!head || !parts.length) throw new Error("it has no picture");
  const { width, height, depth, colour } = head, samples = SAMPLES[colour];
  if (!samples || ![1, 2, 4, 8, 16].includes(depth)) throw new Error("an unknown kind of pixel");
  if (samples > 1) return { array: new Uint8Array(1), shape: [height, width, samples], axes: "YXS", dtype: "uint8" };
  const data = await inflate(parts), array = depth === 16 ? new Uint16Array(width * height) : new Uint8Array(width * height);
  const stretch = colour === 0 && (depth === 2 || depth === 4) ? 255 / (2 ** depth - 1) : 1; // as PIL reads them
  let at = 0;
  for (const [x0, y0, dx, dy] of head.interlaced ? ADAM7 : [[0, 0, 1, 1]]) {
    const columns = Math.ceil((width - x0) / dx), rows = Math.ceil((height - y0) / dy), stride = Math.ceil((columns * depth) / 8);
    if (columns <= 0 || rows <= 0) continue;
    if (at + rows * (stride + 1) > data.length) throw new Error("it holds too few pixels");
    let above = new Uint8Array(stride);
    for (let row = 0; row < rows; row++, at += stride + 1) {
      const line = data.subarray(at + 1, at + 1 + stride);
      unfilter(data[at], line, above, depth === 16 ? 2 : 1);
      above = line;
      let to = (y0 + row * dy) * width + x0;
      if (depth === 8) for (let i = 0; i < columns; i++, to += dx) array[to] = line[i];
      else if (depth === 16) for (let i = 0; i < 2 * columns; i += 2, to += dx) array[to] = (line[i] << 8) | line[i + 1];
      else {
        for (let bit = 0; bit < columns * depth; bit += depth, to += dx) {
          array[to] = ((line[bit >> 3] >> (8 - depth - (bit & 7))) & (2 ** depth - 1)) * stretch;
        }
      }
    }
  }
  const dtype = depth === 16 ? "uint16" : depth === 1 && colour === 0 ? "bool" : "uint8";
  return { array, shape: [height, width], axes: "YX", dtype };
}

function unfilter(kind, line, above, step) {
  const n = line.length;
  if (kind > 4) throw new Error(`line filter ${kind} is unknown`);
  if (kind === 1) for (let i = step; i < n; i++) line[i] += line[i - step];
  if (kind === 2) for (let i = 0; i < n; i++) line[i] += above[i];
  if (kind === 3) for (let i = 0; i < n; i++) line[i] += ((i < step ? 0 : line[i - step]) + above[i]) >> 1;
  if (kind !== 4) return;
  for (let i = 0; i < n; i++) {
    const left = i < step ? 0 : line[i - step], up = above[i], corner = i < step ? 0 : above[i - step];
    const a = Math.abs(up - corner), b = Math.abs(left - corner), c = Math.abs(left + up - 2 * corner);
    line[i] += a <= b && a <= c ? left : b <= c ? up : corner;
  }
}

const SUMS = Int32Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? 0xedb88320 ^ (n >>> 1) : n >>> 1;
  return n;
});

function crc(bytes) {
  let sum = -1;
  for (let i = 0; i < bytes.length; i++) sum = SUMS[(sum ^ bytes[i]) & 255] ^ (sum >>> 8);
  return ~sum >>> 0;
}
