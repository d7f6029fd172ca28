#!/usr/bin/env node
// Make the expected values that the normalizers are compared with, by asking npm's package `tokenizers`: Hugging
// Face's library with a native binding. Writes normalized.tsv and test.charsmap, see README.md.
//
//   npm install && TOKENMETER_VOCABS=folder node make_normalized.mjs [normalizer ...]
//
// With names, only the lines of these are made again; without, all, which takes four minutes.
// The folder holds t5-small.tokenizer.json, whose charsmap is one of the normalizers.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import tokenizers from "tokenizers";
import { buildCharsmap } from "./charsmap.mjs";
import { Hash } from "./hash.mjs";
import { seededRandom } from "../random.mjs";

const here = (name) => new URL(name, import.meta.url);
const utf8 = new TextEncoder();

/** Rules that show which characters are a cluster: `x` and what joins it become one letter. */
const CHARSMAP = buildCharsmap([
  ["x", "Y"], ["xy", "never, since x is shorter"], ["e\u0301", "\u00e9"], ["e\u0302z", "never"], ["\r", "<CR>"],
  ["\t", " "], ["\u0600", "P"], ["\u06dd", ""], ["\u{110bd}", "Q"], ["\u0915", "ka"], ["\u0916", "kha"],
  ["\u094d", "-"], ["\u1100", "G"], ["\u1161", "A"], ["\uac00", "GA"], ["\u2764", "<3"], ["\u{1f600}", ":)"],
  ["\u{1f1e6}", "[A]"], ["\u0301", "'"], ["\u200d", "+"], ["\u3000", " "], ["\uff21", "A"], ["\u0e33", "am"],
  ["\u00df", "ss"], ["\ufdfa", "\u0635\u0644\u0649 \u0627\u0644\u0644\u0647"],
]);

const bert = (options) => ({
  type: "BertNormalizer", clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false,
  ...options,
});
const precompiled = (bytes) => ({ type: "Precompiled", precompiled_charsmap: bytes.toString("base64") });
const t5 = JSON.parse(readFileSync(join(process.env.TOKENMETER_VOCABS, "t5-small.tokenizer.json"))).normalizer;

/** The same names stand in normalizer_test.cpp. */
const NORMALIZERS = {
  nfc: { type: "NFC" },
  nfd: { type: "NFD" },
  nfkc: { type: "NFKC" },
  nfkd: { type: "NFKD" },
  lowercase: { type: "Lowercase" },
  strip_accents: { type: "StripAccents" },
  nmt: { type: "Nmt" },
  strip: { type: "Strip", strip_left: true, strip_right: true },
  strip_left: { type: "Strip", strip_left: true, strip_right: false },
  strip_right: { type: "Strip", strip_left: false, strip_right: true },
  prepend: { type: "Prepend", prepend: "\u2581" },
  replace: { type: "Replace", pattern: { String: " " }, content: "\u2581" },
  replace_string: { type: "Replace", pattern: { String: "aa" }, content: "$0 is longer than a few bytes" },
  replace_mark: { type: "Replace", pattern: { String: "\u0301" }, content: "" },
  replace_empty: { type: "Replace", pattern: { String: "" }, content: "-" },
  replace_regex: { type: "Replace", pattern: { Regex: " *" }, content: "$0" },
  bert: bert({ clean_text: true, handle_chinese_chars: true, strip_accents: true, lowercase: true }),
  bert_clean: bert({ clean_text: true }),
  bert_chinese: bert({ handle_chinese_chars: true }),
  bert_accents: bert({ strip_accents: true }),
  byte_level: { type: "ByteLevel" },
  charsmap: precompiled(CHARSMAP),
  t5,
  sequence: {
    type: "Sequence",
    normalizers: [
      { type: "Nmt" }, { type: "NFKC" }, { type: "Replace", pattern: { String: "x" }, content: "\u00df\u0301" },
      { type: "NFD" }, { type: "StripAccents" }, { type: "Lowercase" }, { type: "Strip", strip_left: true, strip_right: true },
      { type: "Prepend", prepend: "\u2581" }, { type: "Replace", pattern: { String: " " }, content: "\u2581" },
    ],
  },
};

/** The library's normalizer, by way of a tokenizer that has nothing else. */
function open(normalizer) {
  const model = { type: "WordLevel", vocab: { a: 0 }, unk_token: "a" };
  const none = { truncation: null, padding: null, pre_tokenizer: null, post_processor: null, decoder: null };
  const file = JSON.stringify({ version: "1.0", added_tokens: [], normalizer, model, ...none });
  const opened = tokenizers.Tokenizer.fromString(file).getNormalizer();
  return (text) => opened.normalizeString(text);
}

/** The hash of what becomes of each text, with a byte between them that is in no text. */
function hashOf(normalize, texts) {
  const hash = new Hash();
  for (const text of texts) {
    for (const byte of utf8.encode(normalize(text))) hash.byte(byte);
    hash.byte(0xff);
  }
  return hash.toString();
}

// ---------------------------------------------------------------------- texts

const SURROGATES = { first: 0xd800, last: 0xdfff };

/** Blocks of code points: small ones where most is assigned. */
function* codePointBlocks() {
  for (let first = 0; first < 0x110000; ) {
    const size = first < 0x20000 ? 0x800 : 0x10000;
    if (first !== SURROGATES.first) yield { first, size };
    first += size;
  }
}

/** Each code point alone, and in contexts that show what it joins. */
function* codePointTexts({ first, size }) {
  for (let c = first; c < first + size; ++c) {
    const x = String.fromCodePoint(c);
    yield x;
    yield `a${x}\u0301|${x}${x}| ${x} |x${x}x|\u0323${x}\u0307\u0327|\u1100${x}\u11a8|`;
  }
}

function readAlphabet() {
  const groups = new Map();
  for (const line of readFileSync(here("alphabet.tsv"), "utf8").trim().split("\n")) {
    if (line.startsWith("#")) continue;
    const [group, first, last] = line.split("\t");
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push({ first: parseInt(first, 16), last: parseInt(last, 16) });
  }
  return [...groups.values()];
}

/** Made again, number by number, by normalizer_test.cpp. */
function randomTexts(count) {
  const alphabet = readAlphabet();
  const random = seededRandom(90017);
  const below = (n) => Math.floor(random() * n);
  const texts = [];
  for (let i = 0; i < count; ++i) {
    const groups = Array.from({ length: 1 + below(4) }, () => alphabet[below(alphabet.length)]);
    const length = below(64) === 0 ? 400 : 1 + below(24);
    let text = "";
    for (let n = 0; n < length; ++n) {
      const group = groups[below(groups.length)];
      const { first, last } = group[below(group.length)];
      const character = String.fromCodePoint(first + below(last - first + 1));
      text += character.repeat(below(16) === 0 ? 2 + below(30) : 1);
    }
    texts.push(text);
  }
  return texts;
}

/** All sequences of five of these, the first one changing fastest. */
function* clusterTexts() {
  const alphabet = ["x", "\r", "\n", "\u0301", "\u0600", "\u0915", "\u093c", "\u094d", "\u200c", "\u200d", "\u{1f1e6}", "\u2764"];
  for (let i = 0; i < alphabet.length ** 5; ++i) {
    let text = "";
    for (let rest = i, n = 0; n < 5; ++n, rest = Math.floor(rest / alphabet.length)) text += alphabet[rest % alphabet.length];
    yield text;
  }
}

function* blocksOf(texts, size) {
  for (let first = 0; first < texts.length; first += size) yield { first, texts: texts.slice(first, first + size) };
}

// ---------------------------------------------------------------------- files

const nasty = readFileSync(here("nasty.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line).text);
const random = randomTexts(20000);

const wanted = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(NORMALIZERS);
const kept = wanted.length < Object.keys(NORMALIZERS).length ? readFileSync(here("normalized.tsv"), "utf8").split("\n") : [];

const lines = ["# normalizer, texts, first code point (hex) or text of a block, hash"];
for (const [name, definition] of Object.entries(NORMALIZERS)) {
  if (!wanted.includes(name)) {
    lines.push(...kept.filter((line) => line.startsWith(`${name}\t`)));
    continue;
  }
  const normalize = open(definition);
  const add = (texts, first, hash) => lines.push([name, texts, first, hash].join("\t"));
  for (const block of codePointBlocks()) {
    add("code_points", block.first.toString(16), hashOf(normalize, codePointTexts(block)));
  }
  for (const { first, texts } of blocksOf(nasty, 200)) add("nasty", first, hashOf(normalize, texts));
  for (const { first, texts } of blocksOf(random, 1000)) add("random", first, hashOf(normalize, texts));
  add("empty", 0, hashOf(normalize, [""]));
  if (name === "charsmap") add("clusters", 0, hashOf(normalize, clusterTexts()));
  console.log(name);
}
writeFileSync(here("normalized.tsv"), lines.join("\n") + "\n");
writeFileSync(here("test.charsmap"), CHARSMAP);
