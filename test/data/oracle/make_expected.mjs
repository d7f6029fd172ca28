#!/usr/bin/env node
// Make the expected tokens that the tests compare the engine with, by asking the npm
// package `tiktoken`: the reference tokenizer compiled to WebAssembly.
//
//   npm install && node make_expected.mjs [nasty] [random] [code_points] [classes] [corpus]
//
// Without arguments it makes all five files. They are a function of these scripts, the
// corpus and the version of the package: every choice is drawn from a seeded generator,
// and nothing reads the clock or the Unicode tables of Node. See README.md for the formats.

import assert from "node:assert/strict";
import { closeSync, openSync, readdirSync, readFileSync, statSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { get_encoding, Tiktoken } from "tiktoken";
import { Hash } from "./hash.mjs";
import { nastyStrings } from "./nasty_strings.mjs";
import { seededRandom } from "../random.mjs";

const require = createRequire(import.meta.url);
const here = (name) => new URL(name, import.meta.url);

// ------------------------------------------------------------------ the oracle

/** The encodings whose tokens are written. */
const WRITTEN = ["r50k_base", "p50k_base", "cl100k_base", "o200k_base"];

/** Those that must give the same tokens for ordinary text: only their special tokens differ. */
const ALIKE = { r50k_base: "gpt2", p50k_base: "p50k_edit", o200k_base: "o200k_harmony" };

/** o200k_harmony is not in the package: o200k_base with other special tokens. */
function o200kHarmony() {
  const { bpe_ranks, pat_str } = require("tiktoken/encoders/o200k_base.json");
  const special = {};
  for (let id = 200000; id <= 201087; ++id) special[id] = `<|reserved_${id}|>`;
  Object.assign(special, {
    199998: "<|startoftext|>", 199999: "<|endoftext|>", 200002: "<|return|>", 200003: "<|constrain|>",
    200005: "<|channel|>", 200006: "<|start|>", 200007: "<|end|>", 200008: "<|message|>", 200012: "<|call|>",
  });
  const ids = Object.fromEntries(Object.entries(special).map(([id, token]) => [token, Number(id)]));
  ids["<|endofprompt|>"] = 200018;  // beside <|reserved_200018|>: both names have this id
  return new Tiktoken(bpe_ranks, ids, pat_str);
}

const open = {};
const encoding = (name) => (open[name] ??= name === "o200k_harmony" ? o200kHarmony() : get_encoding(name));

const utf8 = new TextEncoder();

/** The tokens of a text, checked: they give the text back, and the twin encoding gives the same. */
function encode(name, text) {
  const ids = encoding(name).encode_ordinary(text);
  assert.deepEqual(Buffer.from(encoding(name).decode(ids)), Buffer.from(utf8.encode(text)),
                   `${name} does not give the text back: ${ascii(text)}`);
  const twin = ALIKE[name];
  if (twin) assert.deepEqual(encoding(twin).encode_ordinary(text), ids, `${twin} is not like ${name}: ${ascii(text)}`);
  return ids;
}

// ------------------------------------------------------------------- the hash

function checkHash() {
  // Published values of FNV-1a 64, and a number against the definition in BigInt.
  const ofBytes = (text) => {
    const hash = new Hash();
    for (const byte of utf8.encode(text)) hash.byte(byte);
    return hash.toString();
  };
  assert.equal(ofBytes(""), "cbf29ce484222325");
  assert.equal(ofBytes("a"), "af63dc4c8601ec8c");
  assert.equal(ofBytes("foobar"), "85944171f73967e8");
  let expected = 14695981039346656037n;
  for (const byte of [0x3f, 0x0d, 0x03, 0x00]) expected = BigInt.asUintN(64, (expected ^ BigInt(byte)) * 1099511628211n);
  assert.equal(new Hash().addAll([199999]).toString(), expected.toString(16).padStart(16, "0"));
}

const countAndHash = (ids) => `${ids.length}:${new Hash().addAll(ids)}`;

// ---------------------------------------------------------------------- files

/** JSON in ASCII, so that invisible characters show. */
const ascii = (value) =>
  JSON.stringify(value).replace(/[^\x20-\x7e]/g, (unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"));

/** Write lines to a file beside this script; returns what was written, for the summary. */
function write(name, lines) {
  const file = openSync(here(name), "w");
  let count = 0;
  for (const line of lines) {
    writeSync(file, line + "\n");
    ++count;
  }
  closeSync(file);
  return `${name}: ${count} lines, ${statSync(here(name)).size} bytes`;
}

// ---------------------------------------------------------------------- nasty

function nasty() {
  const lines = nastyStrings().map(([name, text]) => {
    const ids = Object.fromEntries(WRITTEN.map((encodingName) => [encodingName, [...encode(encodingName, text)]]));
    return ascii({ name, text, ids });
  });
  assert(lines.length >= 600);
  return write("nasty.jsonl", lines);
}

// --------------------------------------------------------------------- random

/** A class of characters: what it holds (strings; ranges of code points as pairs) and how often it comes. */
const ALPHABET = [
  // The characters that the patterns name, often.
  { weight: 12, of: [[0x61, 0x7a]] },
  { weight: 3, of: ["s", "t", "m", "d", "l", "r", "e", "v"] },
  { weight: 8, of: [[0x41, 0x5a]] },
  { weight: 3, of: ["S", "T", "M", "D", "L", "R", "E", "V", "\u017f", "\u212a"] },
  { weight: 12, of: [" "] },
  { weight: 8, of: ["'"] },
  { weight: 4, of: ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d", "'S", "'\u017f", "'LL", "'Ll", "'rE", "'Ve", "'D"] },
  { weight: 6, of: ["\n", "\n", "\r\n", "\r"] },
  { weight: 6, of: [[0x30, 0x39]] },
  { weight: 4, of: ["/"] },
  { weight: 4, of: [[0x21, 0x2f], [0x3a, 0x40], [0x5b, 0x60], [0x7b, 0x7e]] },
  { weight: 2, of: ["\t", "\t", "\u000b", "\u000c"] },
  // Cased letters beyond ASCII.
  { weight: 2, of: [[0xc0, 0xd6], [0x391, 0x3a1], [0x410, 0x42f], [0x531, 0x556], [0x1c90, 0x1cba], [0x10400, 0x10427],
                    [0x10d50, 0x10d65], "\ua7cb", "\ua7cc", "\ua7da", "\ua7dc", "\u1e9e", "\u0130", "\u1c89"] },
  { weight: 2, of: [[0xdf, 0xf6], [0x3b1, 0x3c9], [0x430, 0x44f], [0x561, 0x586], [0x10d0, 0x10fa], [0x10428, 0x1044f],
                    [0x10d70, 0x10d85], [0xfb00, 0xfb06], "\ua7cd", "\ua7db", "\u0131", "\u1c8a"] },
  { weight: 1, of: ["\u01c5", "\u01c8", "\u01cb", "\u01f2", [0x1f88, 0x1f8f], [0x1f98, 0x1f9f], "\u1fbc", "\u1fcc", "\u1ffc"] },
  // Letters without case.
  { weight: 1, of: [[0x2b0, 0x2c1], [0x1d2c, 0x1d6a], "\u02ec", "\u02ee", "\u3005", "\u30fc", "\u207f", "\uff70", [0xa7f2, 0xa7f4], [0x1e030, 0x1e06d]] },
  { weight: 3, of: [[0x4e00, 0x9fff], [0x3042, 0x3093], [0xac00, 0xd7a3], [0x20000, 0x2a6df], [0x2ebf0, 0x2ee5d], [0x31350, 0x323af]] },
  { weight: 2, of: ["\u00aa", "\u00ba", "\u01bb", "\u0294", [0x5d0, 0x5ea], [0x627, 0x63a], [0x905, 0x939], [0xe01, 0xe30], [0x1100, 0x11ff],
                    [0x105c0, 0x105f3], [0x11bc0, 0x11be0], [0x16100, 0x1611d], [0x16d43, 0x16d6a], [0x1e5d0, 0x1e5ed]] },
  // Marks.
  { weight: 3, of: [[0x300, 0x36f], [0x591, 0x5bd], [0x64b, 0x65f], [0x93e, 0x94d], "\u20dd", "\u20e3", "\u0488", "\u302a", "\u0e31", "\u{1d165}", [0xe0100, 0xe010f]] },
  // Numbers.
  { weight: 2, of: [[0x660, 0x669], [0x966, 0x96f], [0xff10, 0xff19], [0x1d7ce, 0x1d7ff], [0x10d40, 0x10d49], [0x11f50, 0x11f59]] },
  { weight: 2, of: [[0x2160, 0x2182], "\u3007", "\u00b2", "\u00b3", "\u00b9", [0xbc, 0xbe], [0x2460, 0x249b], "\u09f4", "\u{10107}", "\u{12400}"] },
  // White space, and what is not.
  { weight: 3, of: ["\u0085", "\u00a0", "\u1680", [0x2000, 0x200a], "\u2028", "\u2029", "\u202f", "\u205f", "\u3000", "  ", "   "] },
  { weight: 2, of: ["\ufeff", "\u180e", [0x200b, 0x200f], "\u2060", [0x1c, 0x1f], "\u00ad", "\u3164", "\u2800", [0x202a, 0x202e]] },
  // Punctuation, symbols, emoji.
  { weight: 2, of: ["\u2019", "\u2018", "\u201c", "\u201d", "\u00ab", "\u00bb", "\u2014", "\u2026", "\u3001", "\u3002", "\u300c", "\uff01", "\uff07", "\u203f", "\u037e", "\u061f"] },
  { weight: 2, of: ["\u20ac", "\u00d7", "\u2211", "\u00a8", "\u02c2", "\u00b0", "\u2603", "\ufffd", "\u{1e2ff}", [0x2190, 0x21ff], [0x2500, 0x257f]] },
  { weight: 2, of: [[0x1f600, 0x1f64f], [0x1f1e6, 0x1f1ff], [0x1f3fb, 0x1f3ff], "\u200d", "\ufe0f", "\ufe0e", "\u2764\ufe0f", "\u{1f469}\u200d\u{1f680}"] },
  // Controls, private use, unassigned, noncharacters.
  { weight: 1, of: [[0x01, 0x08], [0x0e, 0x1b], [0x7f, 0x84], [0x86, 0x9f]] },
  { weight: 1, of: [[0xe000, 0xe0ff], "\uf8ff", "\u{f0000}", "\u{10fffd}", "\u0378", "\u0530", "\ufffe", "\uffff", "\u{1fffe}", "\u{10ffff}", [0xfdd0, 0xfdef]] },
  // What shows the class of its neighbour (see TELLING_CONTEXTS).
  { weight: 1, of: ["123", "'self", "\n \n", "\u4e9a\u6d32AV", "\u4e9a\u6d32AVb"] },
  { weight: 1, of: ["<|endoftext|>", "<|im_start|>", "<|fim_prefix|>", "<|start|>", "<|", "|>"] },
  // Anything at all but U+0000 and the surrogates.
  { weight: 2, of: [[0x01, 0xd7ff], [0xe000, 0xffff], [0x10000, 0x3ffff], [0x10000, 0x1ffff], [0xe0000, 0x10ffff]] },
];

function randomTexts() {
  const random = seededRandom(199999);
  const integer = (low, high) => low + Math.floor(random() * (high - low + 1));
  const pick = (list) => list[integer(0, list.length - 1)];
  const pickClass = (classes) => {
    let left = random() * classes.reduce((sum, c) => sum + c.weight, 0);
    return classes.find((c) => (left -= c.weight) < 0) ?? classes.at(-1);
  };
  const unit = ({ of }) => {
    const one = pick(of);
    return typeof one === "string" ? one : String.fromCodePoint(integer(...one));
  };
  const text = (length) => {
    // Every other string is of a few classes only: among all of them, two exotic ones rarely meet,
    // and long runs of one class never come.
    const classes = random() < 0.5 ? ALPHABET
      : Array.from({ length: integer(2, 6) }, () => (random() < 0.5 ? pickClass(ALPHABET) : pick(ALPHABET)));
    const points = [];
    while (points.length < length) {
      const one = unit(pickClass(classes));
      points.push(...one.repeat(random() < 0.05 ? integer(2, 5) : 1));
    }
    return points.slice(0, length).join("");
  };
  const texts = [];
  for (let i = 0; i < 20000; ++i) texts.push(text(integer(1, 40)));
  for (let i = 0; i < 200; ++i) texts.push(text(integer(200, 2000)));
  return texts;
}

function random() {
  const lines = randomTexts().map((text) =>
    ascii({ text, expect: Object.fromEntries(WRITTEN.map((name) => [name, countAndHash(encode(name, text))])) }));
  return write("random.jsonl", lines);
}

// ---------------------------------------------------------------- code points

/** The strings for a code point X. */
const CONTEXTS = ["X", "aXb", "A Xb", "1X2", " 'Xs", ".X\n", "\nX ", "XX"];

/**
 * Contexts that show the class of X. In those above, most code points give the same tokens whatever their
 * class: a boundary between pieces is seen only if tokens beside it would merge over it, and the bytes of a
 * rare character merge with nothing. Here the class moves a boundary between characters that do merge:
 *   X's       one token 's if X is no punctuation or symbol (for o200k_base, marks are no such either)
 *   X123      12 and 3 if X is a number, otherwise 123
 *   "  X"     two spaces in one token if X is white space
 *   亚洲AVX   U+4E9A U+6D32 A V is one token of o200k_base; it is split if X is a capital (or no letter or mark)
 *   X亚洲AVb  the same token, split if X is a small letter
 * They tell apart all classes that the patterns know, for all code points but few with tokens of their own.
 */
const TELLING_CONTEXTS = ["X's", "X123", "  X", "\u4e9a\u6d32AVX", "X\u4e9a\u6d32AVb"];

const BLOCK = 1024;

function* codePointLines(contexts, firstIndex) {
  yield "# encoding, context, first code point of a block of 1024 (hex), tokens, hash; X in the contexts: " +
    contexts.map((context, i) => `${firstIndex + i} ${ascii(context)}`).join(", ");
  for (const name of WRITTEN) {
    const oracle = encoding(name);
    for (const [i, context] of contexts.entries()) {
      for (let first = 0; first < 0x110000; first += BLOCK) {
        if (first >= 0xd800 && first < 0xe000) continue;  // surrogates are no characters
        const hash = new Hash();
        let tokens = 0;
        for (let c = Math.max(first, 1); c < first + BLOCK; ++c) {
          const ids = oracle.encode_ordinary(context.replaceAll("X", () => String.fromCodePoint(c)));
          // The count first: without it, a token could move from one string to the next unseen.
          hash.add(ids.length);
          hash.addAll(ids);
          tokens += ids.length;
        }
        yield [name, firstIndex + i, first.toString(16), tokens, hash].join("\t");
      }
    }
  }
}

// --------------------------------------------------------------------- corpus

const CHUNK = 65536;

/** The end of the chunk that begins at start: 64 KiB on, or the last character boundary before. */
function chunkEnd(bytes, start) {
  if (start + CHUNK >= bytes.length) return bytes.length;
  let end = start + CHUNK;
  while ((bytes[end] & 0xc0) === 0x80) --end;
  return end;
}

function* corpusLines() {
  yield "# file, byte offset, byte length, encoding, tokens, hash";
  const folder = new URL("../corpus/", import.meta.url);
  const names = readdirSync(folder).filter((name) => name.endsWith(".txt")).sort();
  assert(names.length > 0, "no corpus");
  // A byte order mark is a character like others: keep it.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (const name of names) {
    const bytes = readFileSync(new URL(name, folder));
    for (let start = 0; start < bytes.length;) {
      const end = chunkEnd(bytes, start);
      const text = decoder.decode(bytes.subarray(start, end));
      for (const encodingName of WRITTEN) {
        const ids = encode(encodingName, text);
        yield [name, start, end - start, encodingName, ids.length, new Hash().addAll(ids)].join("\t");
      }
      start = end;
    }
  }
}

// ----------------------------------------------------------------------- main

const COMMANDS = {
  nasty,
  random,
  code_points: () => write("code_points.tsv", codePointLines(CONTEXTS, 0)),
  classes: () => write("code_point_classes.tsv", codePointLines(TELLING_CONTEXTS, CONTEXTS.length)),
  corpus: () => write("corpus.tsv", corpusLines()),
};

checkHash();
const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(COMMANDS);
for (const command of wanted) assert(Object.hasOwn(COMMANDS, command), `${command} is none of ${Object.keys(COMMANDS)}`);
for (const command of wanted) console.log(COMMANDS[command]());
