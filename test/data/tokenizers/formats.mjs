// The binary files that hold tokenizers, as far as make_tokenizers.mjs and ../../oracle/compare.mjs need them.

// ---------------------------------------------------------------------- GGUF

const uint32 = (value) => { const bytes = Buffer.alloc(4); bytes.writeUInt32LE(value); return bytes; };
const uint64 = (value) => { const bytes = Buffer.alloc(8); bytes.writeBigUInt64LE(BigInt(value)); return bytes; };
const ggufString = (text) => Buffer.concat([uint64(Buffer.byteLength(text)), Buffer.from(text)]);
const ggufArray = (type, length, elements) => Buffer.concat([uint32(9), uint32(type), uint64(length), ...elements]);

function ggufValue(value) {
  if (typeof value === "boolean") return Buffer.concat([uint32(7), Buffer.from([Number(value)])]);
  if (typeof value === "number") return Buffer.concat([uint32(4), uint32(value)]);
  if (typeof value === "string") return Buffer.concat([uint32(8), ggufString(value)]);
  if (Buffer.isBuffer(value)) return ggufArray(0, value.length, [value]);
  if (value instanceof Float32Array) return ggufArray(6, value.length, [Buffer.from(value.buffer)]);
  if (typeof value[0] === "string") return ggufArray(8, value.length, value.map(ggufString));
  return ggufArray(5, value.length, value.map(uint32));
}

/** A file of metadata only: tokenizer.ggml.* of these values. */
export function ggufFile(model, values) {
  const entries = Object.entries({ model, ...values });
  const metadata = entries.flatMap(([key, value]) => [ggufString(`tokenizer.ggml.${key}`), ggufValue(value)]);
  return Buffer.concat([Buffer.from("GGUF"), uint32(3), uint64(0), uint64(entries.length), ...metadata]);
}

/** The metadata of a file: key to value; numbers of 64 bits are BigInts. */
export function readGguf(file) {
  let at = 4;
  const take = (method, size) => { at += size; return file[method](at - size); };
  const string = () => { const length = Number(take("readBigUInt64LE", 8)); return file.toString("utf8", at, (at += length)); };
  const scalars = {
    0: () => take("readUInt8", 1), 1: () => take("readInt8", 1), 2: () => take("readUInt16LE", 2), 3: () => take("readInt16LE", 2),
    4: () => take("readUInt32LE", 4), 5: () => take("readInt32LE", 4), 6: () => take("readFloatLE", 4), 7: () => take("readUInt8", 1) !== 0,
    8: string, 10: () => take("readBigUInt64LE", 8), 11: () => take("readBigInt64LE", 8), 12: () => take("readDoubleLE", 8),
  };
  const value = (type) => {
    if (type !== 9) return scalars[type]();
    const element = take("readUInt32LE", 4);
    return Array.from({ length: Number(take("readBigUInt64LE", 8)) }, () => scalars[element]());
  };
  at += 4 + 8;  // version, number of tensors
  const count = Number(take("readBigUInt64LE", 8));
  return Object.fromEntries(Array.from({ length: count }, () => { const key = string(); return [key, value(take("readUInt32LE", 4))]; }));
}

// ---------------------------------------------------------------------- SentencePiece

/** The fields of a message of protocol buffers: number to values. */
function readMessage(bytes) {
  const fields = new Map();
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = bytes[at++];
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  };
  const take = (length) => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const tag = varint();
    const value = [varint, () => take(8), () => take(varint()), , , () => take(4)][tag & 7]();
    const number = Math.floor(tag / 8);
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

/** The pieces of a .model, and the map of characters of its normalizer. */
export function readSentencePiece(model) {
  const fields = readMessage(model);
  const pieces = fields.get(1).map(readMessage).map((piece) => ({
    text: piece.get(1)[0].toString(), score: piece.get(2)?.[0].readFloatLE() ?? 0, type: piece.get(3)?.[0] ?? 1,
  }));
  return { pieces, charsmap: readMessage(fields.get(3)[0]).get(2)?.[0] ?? Buffer.alloc(0) };
}
