#!/usr/bin/env node
// Make expected.tsv: what the libraries make of many texts by the tokenizers here, see README.md.
//
//   npm install && node make_expected.mjs [file ...]
//
// With names, only the lines of these files are made again; without, all, which takes some minutes.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeByHuggingFace, encodeBySentencePiece, encodeByTiktoken } from "../../oracle/libraries.mjs";
import { Hash } from "../oracle/hash.mjs";

const here = (name) => new URL(name, import.meta.url);
const scratch = mkdtempSync(join(tmpdir(), "expected-"));

// ---------------------------------------------------------------------- texts: the same as in loaded_test.cpp

const readTexts = (name) => readFileSync(here(`../oracle/${name}.jsonl`), "utf8").trim().split("\n").map((line) => JSON.parse(line).text);

function* blocksOf(kind, texts, size) {
  for (let first = 0; first < texts.length; first += size) yield { kind, first, texts: texts.slice(first, first + size) };
}

const isSurrogate = (c) => c >= 0xd800 && c < 0xe000;

/** A few code points in context: all of those that most of Unicode is in, and some of the others. */
function codePointText(codePoints) {
  return codePoints.filter((c) => c !== 0 && !isSurrogate(c)).map((c) => String.fromCodePoint(c))
    .map((x) => `a${x}b 1${x} ${x}${x}.${x}\n`).join("");
}

function* codePointBlocks() {
  const text = (first, step) => codePointText(Array.from({ length: 16 }, (_, i) => first + i * step).filter((c) => c < 0x110000));
  for (let first = 0; first < 0x20000; first += 0x1000) {
    yield { kind: "code_points", first, texts: Array.from({ length: 256 }, (_, i) => text(first + 16 * i, 1)) };
  }
  const others = [];
  for (let first = 0x20000; first < 0x110000; first += 16 * 997) others.push(text(first, 997));
  yield { kind: "code_points", first: 0x20000, texts: others };
}

/** The second 64 KiB of each text of the corpus, of whole characters. */
function* corpusBlocks() {
  for (const name of ["arabic", "chinese", "code", "emoji", "english", "japanese", "russian"]) {
    const bytes = readFileSync(here(`../corpus/${name}.txt`));
    const boundary = (at) => { while ((bytes[at] & 0xc0) === 0x80) --at; return at; };
    yield { kind: "corpus", first: name, texts: [bytes.subarray(boundary(65536), boundary(131072)).toString()] };
  }
}

/** The names of byte tokens, which some libraries find in the text. */
function* byteNameBlocks() {
  const names = ["<0x41>", "<0x0A>", "<0xE2><0x98><0x83>", "<0x4", "<0xZZ>", "<0xff>", "0x41>"];
  const contexts = [(name) => name, (name) => ` ${name}`, (name) => `x${name}`, (name) => `${name}${name} ${name}.`, (name) => `☃${name}☃`, (name) => `A${name.repeat(20)}`];
  yield { kind: "byte_names", first: 0, texts: names.flatMap((name) => contexts.map((context) => context(name))) };
}

const blocks = [
  ...blocksOf("nasty", readTexts("nasty"), 500), ...blocksOf("random", readTexts("random"), 2000), ...codePointBlocks(), ...corpusBlocks(), ...byteNameBlocks(),
];

/** SentencePiece's program takes a line as a text. */
const linesOf = (texts) => texts.flatMap((text) => text.split("\n")).filter((line) => line !== "");

// ---------------------------------------------------------------------- tokens

/** tekken.json as a rank file; ids follow those of the special tokens. */
async function encodeByTekken(file, texts) {
  const { config, vocab } = JSON.parse(readFileSync(file, "utf8"));
  const count = config.default_vocab_size - config.default_num_special_tokens;
  const ranks = join(scratch, "tekken.tiktoken");
  writeFileSync(ranks, vocab.slice(0, count).map(({ rank, token_bytes }) => `${token_bytes} ${rank}\n`).join(""));
  return encodeByTiktoken(ranks, config.pattern, texts).map((ids) => ids.map((id) => id + config.default_num_special_tokens));
}

async function encode({ format, pattern, file, oracle }, texts) {
  const path = here(oracle?.file ?? file).pathname;
  if (oracle?.tekken) return encodeByTekken(path, texts);
  if (format === "tiktoken") return encodeByTiktoken(path, pattern, texts);
  return path.endsWith(".model") ? encodeBySentencePiece(path, texts) : encodeByHuggingFace(path, texts);
}

/** Over the number of each text's tokens, and the tokens. */
function hashOf(encoded) {
  const hash = new Hash();
  for (const ids of encoded) {
    hash.add(ids.length);
    hash.addAll(ids);
  }
  return hash.toString();
}

const wanted = process.argv.slice(2);
const kept = wanted.length > 0 ? readFileSync(here("expected.tsv"), "utf8").split("\n") : [];
const lines = ["# file, texts, first text or code point (hex) or name of a block, tokens, hash"];
for (const tokenizer of JSON.parse(readFileSync(here("tokenizers.json")))) {
  if (wanted.length > 0 && !wanted.includes(tokenizer.file)) {
    lines.push(...kept.filter((line) => line.startsWith(`${tokenizer.file}\t`)));
    continue;
  }
  const byLine = tokenizer.by_line;
  const texts = blocks.map((block) => (byLine ? linesOf(block.texts) : block.texts));
  const encoded = await encode(tokenizer, texts.flat());
  let at = 0;
  blocks.forEach(({ kind, first }, i) => {
    const ofBlock = encoded.slice(at, (at += texts[i].length));
    const tokens = ofBlock.reduce((sum, ids) => sum + ids.length, 0);
    lines.push([tokenizer.file, kind, kind === "code_points" ? first.toString(16) : first, tokens, hashOf(ofBlock)].join("\t"));
  });
  console.log(tokenizer.file);
}
writeFileSync(here("expected.tsv"), lines.join("\n") + "\n");
rmSync(scratch, { recursive: true });
