#!/usr/bin/env node
// Make cuts.tsv: the pieces that npm's `tokenizers` 0.23.2, Hugging Face's own library, cuts many texts into, for
// each of splitters.json.
//
//   npm install && node make_cuts.mjs
//
// Columns: splitter, kind of text, index, pieces, hash. The hash is FNV-1a of 64 bits over the bytes of each
// piece, each followed by a byte 0xFF. What a ByteLevel has mapped is mapped back.

import { closeSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import tokenizers from "tokenizers";
import { nastyStrings } from "./nasty_strings.mjs";
import { seededRandom } from "../random.mjs";

const here = (name) => new URL(name, import.meta.url);
const utf8 = new TextEncoder();

class Hash {
  high = 0xcbf29ce4;
  low = 0x84222325;
  byte(value) {
    const low = (this.low ^ value) >>> 0;
    const product = low * 435;
    this.high = (this.high * 435 + Math.floor(product / 2 ** 32) + low * 256) % 2 ** 32;
    this.low = product % 2 ** 32;
  }
  toString() {
    return [this.high, this.low].map((half) => half.toString(16).padStart(8, "0")).join("");
  }
}

// The byte of each character of GPT-2's alphabet.
const byteOf = new Map();
for (let byte = 0, next = 0x100; byte < 256; ++byte) {
  const itself = (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  byteOf.set(itself ? byte : next++, byte);
}

/** Of the planes that have characters, all code points; of the others, few. */
const TOGETHER = 16384;
const hasCharacters = (c) => c < 0x40000 || (c >= 0xe0000 && c < 0xf0000);
const isAsked = (c) => c !== 0 && (c < 0xd800 || c >= 0xe000) && (hasCharacters(c) || c % 997 === 0);

/** The texts: lists of texts that are hashed together. Code points in contexts, and behind themselves. */
function* texts() {
  for (let first = 0; first < 0x110000; first += hasCharacters(first) ? TOGETHER : 0x10000) {
    const last = first + (hasCharacters(first) ? TOGETHER : 0x10000);
    const list = [];
    for (let c = first; c < last; c += 64) {
      let text = "";
      for (let d = c; d < c + 64; ++d) {
        const x = isAsked(d) ? String.fromCodePoint(d) : "";
        if (x !== "") text += `a${x}b ${x}1.${x}\n${x}${x} A${x}'s${x}`;
      }
      if (text !== "") list.push(text);
    }
    if (list.length !== 0) yield ["code_points", first.toString(16), list];
  }
  const nasty = nastyStrings().map(([, text]) => text);
  for (let i = 0; i < nasty.length; i += 500) yield ["nasty", i, nasty.slice(i, i + 500)];
  const random = readFileSync(here("random.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line).text);
  for (let i = 0; i < random.length; i += 2500) yield ["random", i, random.slice(i, i + 2500)];
  // Of few characters that the splitters know, so that they meet.
  const few = ["a", "b", "x", "B", "X", "1", "1", "'", "'s", " ", " ", "\n", "\r\n", ".", "\u0301", "\u65e5", "\u30fb", "\u2581"];
  const next = seededRandom(4711);
  const pick = (list) => list[Math.floor(next() * list.length)];
  const short = Array.from({ length: 6000 }, () => Array.from({ length: 1 + Math.floor(next() * 12) }, () => pick(few)).join(""));
  for (let i = 0; i < short.length; i += 2000) yield ["few", i, short.slice(i, i + 2000)];
}

const hasByteLevel = (config) => config.type === "ByteLevel" || (config.pretokenizers ?? []).some(hasByteLevel);

function preTokenizer(config) {
  const file = {
    version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: config,
    post_processor: null, decoder: null,
    model: { type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null,
             fuse_unk: false, byte_fallback: false, vocab: {}, merges: [] },
  };
  return tokenizers.Tokenizer.fromString(JSON.stringify(file)).getPreTokenizer();
}

const all = [...texts()];
const file = openSync(here("cuts.tsv"), "w");
writeSync(file, "# splitter, kind of text, index, pieces, hash: see make_cuts.mjs\n");
const only = process.argv.slice(2);
for (const { name, pre_tokenizer: config } of JSON.parse(readFileSync(here("splitters.json"), "utf8"))) {
  if (only.length !== 0 && !only.includes(name)) continue;
  const splitter = preTokenizer(config);
  const mapped = hasByteLevel(config);
  for (const [kind, index, list] of all) {
    const hash = new Hash();
    let pieces = 0;
    for (const text of list) {
      for (const [piece] of splitter.preTokenizeString(text)) {
        ++pieces;
        if (mapped) for (const c of piece) hash.byte(byteOf.get(c.codePointAt(0)));
        else for (const byte of utf8.encode(piece)) hash.byte(byte);
        hash.byte(0xff);
      }
    }
    writeSync(file, [name, kind, index, pieces, hash].join("\t") + "\n");
  }
}
closeSync(file);
console.log(`cuts.tsv: ${statSync(here("cuts.tsv")).size} bytes`);
