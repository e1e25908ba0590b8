/** Undo zlib's compression of some stretches of bytes, by what every browser has built in. */
export async function inflate(parts) {
  const stream = new Blob(parts).stream().pipeThrough(new DecompressionStream("deflate"));
  try {
    return new Uint8Array(await new Response(stream).arrayBuffer());
  } catch {
    throw new Error("its compressed pixels are cut short or wrong");
  }
}
