#!/usr/bin/env node
// Make small tokenizers of every kind, from our own corpus, with the libraries themselves: npm's `tokenizers` trains
// and writes tokenizer.json, SentencePiece's spm_train models. Rank files, tekken.json and GGUF files are laid out here.
// Writes the files and tokenizers.json, which lists them; see README.md.
//
//   npm install && node make_tokenizers.mjs [file ...]
//
// With names, only these files are written.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import tokenizers from "tokenizers";
import { seededRandom } from "../random.mjs";
import { buildCharsmap } from "../oracle/charsmap.mjs";
import { ggufFile, readSentencePiece } from "./formats.mjs";

const here = (name) => new URL(name, import.meta.url);
const scratch = mkdtempSync(join(tmpdir(), "tokenizers-"));
const random = seededRandom(40409);
const below = (n) => Math.floor(random() * n);

const LANGUAGES = ["english", "code", "russian", "chinese", "japanese", "arabic", "emoji"];
const corpus = (language, bytes) => readFileSync(here(`../corpus/${language}.txt`), "utf8").slice(0, bytes);
const sample = join(scratch, "sample.txt");
writeFileSync(sample, LANGUAGES.map((language) => corpus(language, 30000)).join(""));
// Of fewer characters, since SentencePiece takes most of them into the vocabulary.
writeFileSync(join(scratch, "pieces.txt"), LANGUAGES.map((language) => corpus(language, /chinese|japanese/.test(language) ? 3000 : 30000)).join(""));
// Of few characters, so that many others are unknown.
const fewCharacters = join(scratch, "few_characters.txt");
writeFileSync(fewCharacters, (corpus("english", 60000) + corpus("russian", 30000)).replace(/[0-9QXZ#{}]/g, ""));

// ---------------------------------------------------------------------- steps and patterns

const split = (regex, behavior = "Isolated") => ({ type: "Split", pattern: { Regex: regex }, behavior, invert: false });
const byteLevel = (options) => ({ type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false, ...options });
const metaspace = (prepend_scheme, split = true) => ({ type: "Metaspace", replacement: "▁", prepend_scheme, split });
const sequence = (...pretokenizers) => ({ type: "Sequence", pretokenizers });
const normalizers = (...normalizers) => ({ type: "Sequence", normalizers });
const escapeSpaces = { type: "Replace", pattern: { String: " " }, content: "▁" };
const bert = (options) => ({
  type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true, ...options,
});

const CL100K = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const QWEN = CL100K.replace("{1,3}", "");
const UPPER = "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]";
const LOWER = "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]";
const wordsByCase = (suffix) => `[^\\r\\n\\p{L}\\p{N}]?${UPPER}*${LOWER}+${suffix}|[^\\r\\n\\p{L}\\p{N}]?${UPPER}+${LOWER}*${suffix}`;
const O200K = `${wordsByCase("(?i:'s|'t|'re|'ve|'m|'ll|'d)?")}|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const TEKKEN = `${wordsByCase("")}|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;
const DEEPSEEK = [
  "\\p{N}{1,3}", "[一-龥぀-ゟ゠-ヿ]+",
  "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\r\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\r\n]*|\\s*[\r\n]+|\\s+(?!\\S)|\\s+",
];

const RULES = [
  ["\u00df", "ss"], ["e\u0301", "\u00e9"], ["\u3000", " "], ["\t", " "], ["\u200b", ""], ["\uff21", "A"], ["\u00bd", "1/2"],
  ["\u2026", "..."], ["\ufb01", "fi"], ["\u0451", "\u0435"],
];

// ---------------------------------------------------------------------- training by the library

const tokenizerFile = (options) => ({
  version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null,
  post_processor: null, decoder: null, ...options,
});

/** What the library makes of an empty model. */
function train(model, options, text) {
  const tokenizer = tokenizers.Tokenizer.fromString(JSON.stringify(tokenizerFile({ ...options, model })));
  tokenizer.train([text]);
  const file = join(scratch, "trained.json");
  tokenizer.save(file);
  return JSON.parse(readFileSync(file, "utf8")).model;
}

/** The merges of a BPE, the earliest first, as pairs. */
const trainMerges = (count, options, text = sample) =>
  train({ type: "BPE", vocab: {}, merges: [] }, options, text).merges.slice(0, count);

/** Ids in this order. */
const numbered = (tokens, first = 0) => Object.fromEntries([...new Set(tokens)].map((token, i) => [token, first + i]));
const inOrder = (vocabulary) => Object.entries(vocabulary).sort(([, a], [, b]) => a - b).map(([token]) => token);
const shuffled = (list) => {
  const copy = [...list];
  for (let i = copy.length - 1; i > 0; --i) {
    const j = below(i + 1);
    [copy[i], copy[j]] = [copy[j], copy[i]];
  }
  return copy;
};
const joined = (merges) => merges.map(([left, right]) => left + right);
const characters = (merges) => [...new Set(joined(merges).join(""))];
const byteAlphabet = tokenizers.byteLevelAlphabet().sort();

/** All other ways to make the merges' tokens of two, put in anywhere. */
function withOtherWays(merges, symbols) {
  const tokens = new Set([...symbols, ...joined(merges)]);
  const all = [...merges];
  for (const [left, right] of merges) {
    const text = Array.from(left + right);
    for (let cut = 1; cut < text.length; ++cut) {
      const pair = [text.slice(0, cut).join(""), text.slice(cut).join("")];
      if (pair[0] !== left && tokens.has(pair[0]) && tokens.has(pair[1])) all.splice(below(all.length + 1), 0, pair);
    }
  }
  return all;
}

const bpe = (options) => ({
  type: "BPE", dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false,
  byte_fallback: false, ignore_merges: false, ...options,
});

const added = (id, content, options) => ({
  id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: false, ...options,
});
const byteNames = Array.from({ length: 256 }, (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`);

// ---------------------------------------------------------------------- files

const wanted = process.argv.slice(2);
const list = [];
/** `oracle`: what tells the expected tokens, if it is not the library that the file itself is made for. */
function add(file, format, content, options = {}) {
  if (wanted.length === 0 || wanted.includes(file)) writeFileSync(here(file), content);
  const by_line = (options.oracle?.file ?? file).endsWith(".model");
  list.push({ file, format, by_line, ...options });
}

/** As the library writes it, or `as_it_is`. */
function addHuggingFace(name, definition, { as_it_is = false } = {}) {
  const text = JSON.stringify(tokenizerFile(definition));
  const tokenizer = tokenizers.Tokenizer.fromString(text);
  const file = join(scratch, "saved.json");
  tokenizer.save(file, false);
  add(`${name}.json`, "huggingface", as_it_is ? text : readFileSync(file));
}

function makeByteLevel() {
  const special = (id) => added(id, "<|endoftext|>", { special: true });

  const gpt2 = byteLevel({ use_regex: true });
  const gpt2Merges = trainMerges(400, { pre_tokenizer: gpt2 });
  const gpt2Vocabulary = numbered([...byteAlphabet, ...joined(gpt2Merges), "<|endoftext|>"]);
  const gpt2Model = bpe({ vocab: gpt2Vocabulary, merges: gpt2Merges.map((pair) => pair.join(" ")) });
  addHuggingFace("gpt2", { pre_tokenizer: gpt2, model: gpt2Model, added_tokens: [special(gpt2Vocabulary["<|endoftext|>"])] }, { as_it_is: true });

  const roberta = byteLevel({ use_regex: true, add_prefix_space: true });
  addHuggingFace("roberta", {
    pre_tokenizer: roberta, model: bpe({ vocab: numbered(["<mask>", ...joined(gpt2Merges), ...byteAlphabet]), merges: gpt2Merges }),
    added_tokens: [added(0, "<mask>", { lstrip: true })],
  });

  const spaces = Array.from({ length: 23 }, (_, i) => added(700 + i, " ".repeat(24 - i), { normalized: true }));
  addHuggingFace("gpt_neox", {
    normalizer: { type: "NFC" }, pre_tokenizer: gpt2, model: bpe({ vocab: numbered([...byteAlphabet, ...joined(gpt2Merges)]), merges: gpt2Merges }),
    added_tokens: spaces,
  });

  const llama = sequence(split(CL100K), byteLevel());
  const llamaMerges = trainMerges(400, { pre_tokenizer: llama });
  const llamaTokens = [...byteAlphabet, ...joined(llamaMerges)];
  // Whole pieces that no merge makes.
  const whole = ["Ġhello", "Ġextension", "(x", "ÐµÐ½Ð¸Ñı", "1999", "123", "Ġ'"].filter((token) => !llamaTokens.includes(token));
  addHuggingFace("llama3", {
    pre_tokenizer: llama, model: bpe({ vocab: numbered([...llamaTokens, ...whole]), merges: llamaMerges, ignore_merges: true }),
    added_tokens: [added(1000, "<|begin_of_text|>", { special: true }), added(1001, "<|eot_id|>", { special: true })],
  });

  const qwen = sequence(split(QWEN), byteLevel());
  const qwenMerges = withOtherWays(trainMerges(400, { pre_tokenizer: qwen, normalizer: { type: "NFC" } }), byteAlphabet);
  addHuggingFace("qwen", {
    normalizer: { type: "NFC" }, pre_tokenizer: qwen, model: bpe({ vocab: numbered(shuffled([...byteAlphabet, ...joined(qwenMerges)])), merges: qwenMerges }),
    added_tokens: [added(900, "<|im_start|>", { special: true }), added(901, "<tool_call>")],
  });

  const o200k = sequence(split(O200K), byteLevel());
  const o200kMerges = shuffled(withOtherWays(trainMerges(400, { pre_tokenizer: o200k }), byteAlphabet));
  addHuggingFace("o200k", {
    pre_tokenizer: o200k, model: bpe({ vocab: numbered(shuffled([...byteAlphabet, ...joined(o200kMerges)]), 5), merges: o200kMerges }),
  });

  const deepseek = sequence(...DEEPSEEK.map((regex) => split(regex)), byteLevel());
  const deepseekMerges = trainMerges(400, { pre_tokenizer: deepseek });
  const deepseekVocabulary = numbered([...byteAlphabet, ...joined(deepseekMerges)]);
  addHuggingFace("deepseek", {
    pre_tokenizer: deepseek, model: bpe({ vocab: deepseekVocabulary, merges: deepseekMerges }),
    added_tokens: ["the", "ther", "her", "er", "  ", "\n\n", "的", "ие"].map((text, i) => added(800 + i, text, { normalized: i % 2 === 1 })),
  });

  // Every flag, on tokens that begin, end and hold each other.
  const flags = [
    added(800, "in", { single_word: true }), added(801, "int", { lstrip: true }), added(802, "inter", { rstrip: true }),
    added(803, "ter", { lstrip: true, rstrip: true }), added(804, "É", { normalized: true }), added(805, "É"),
    added(806, "THE", { normalized: true, single_word: true }), added(807, ".", { rstrip: true, normalized: true }),
    added(808, "!!", { single_word: true, lstrip: true, rstrip: true }), added(809, " ", { normalized: true, single_word: true }),
    added(810, "中", { lstrip: true, rstrip: true, single_word: true }), added(811, "<special>", { special: true, lstrip: true }),
  ].filter((token, i) => i !== 5);
  addHuggingFace("added_tokens", {
    normalizer: normalizers({ type: "NFD" }, { type: "Lowercase" }), pre_tokenizer: gpt2,
    model: bpe({ vocab: numbered([...byteAlphabet, ...joined(gpt2Merges)]), merges: gpt2Merges }), added_tokens: flags,
  });

  // A model that does not know all bytes drops them, or calls them unknown.
  const lacking = byteAlphabet.filter((_, i) => i % 5 !== 3);
  const few = gpt2Merges.filter(([left, right]) => Array.from(left + right).every((c) => lacking.includes(c)));
  addHuggingFace("bytes_dropped", { pre_tokenizer: gpt2, model: bpe({ vocab: numbered([...lacking, ...joined(few)]), merges: few }) });
  for (const fuse_unk of [false, true]) {
    addHuggingFace(fuse_unk ? "bytes_unknown_fused" : "bytes_unknown", {
      pre_tokenizer: gpt2, model: bpe({ vocab: numbered(["<unk>", ...lacking, ...joined(few)]), merges: few, unk_token: "<unk>", fuse_unk }),
    });
  }

  // The bytes are characters before the text is cut.
  const normalizer = { type: "ByteLevel" };
  const inNormalizer = { normalizer, pre_tokenizer: split("Ġ?[a-z]+|Ġ+|[^Ġa-z]+") };
  const normalizedMerges = trainMerges(300, inNormalizer);
  addHuggingFace("byte_level_normalizer", { ...inNormalizer, model: bpe({ vocab: numbered([...byteAlphabet, ...joined(normalizedMerges)]), merges: normalizedMerges }) });

  const plainMerges = trainMerges(300, { pre_tokenizer: sequence({ type: "Digits", individual_digits: true }, { type: "Punctuation", behavior: "Contiguous" }, gpt2) });
  addHuggingFace("starcoder", {
    pre_tokenizer: sequence({ type: "Digits", individual_digits: true }, { type: "Punctuation", behavior: "Contiguous" }, gpt2),
    model: bpe({ vocab: numbered([...byteAlphabet, ...joined(plainMerges)]), merges: plainMerges }),
  });

  makeRanks(llamaMerges);
  makeTekken(trainMerges(400, { pre_tokenizer: sequence(split(TEKKEN), byteLevel()) }));
  add("gpt2.gguf", "gguf", ggufFile("gpt2", {
    pre: "gpt-2", tokens: inOrder(gpt2Vocabulary), token_type: inOrder(gpt2Vocabulary).map((token) => (token === "<|endoftext|>" ? 3 : 1)),
    merges: gpt2Merges.map((pair) => pair.join(" ")), bos_token_id: gpt2Vocabulary["<|endoftext|>"],
  }), { oracle: { file: "gpt2.json" } });
}

/** GPT-2's alphabet: the characters that stand for the bytes. */
const byteOf = (() => {
  const isItself = (byte) => (byte >= 0x21 && byte <= 0x7e) || (byte >= 0xa1 && byte !== 0xad);
  const map = new Map();
  let others = 0;
  for (let byte = 0; byte < 256; ++byte) map.set(String.fromCodePoint(isItself(byte) ? byte : 256 + others++), byte);
  return map;
})();
const bytesOf = (token) => Buffer.from(Array.from(token, (c) => byteOf.get(c)));

/** The tokens of a rank file, the bytes first. */
const ranked = (merges) => [...Array.from({ length: 256 }, (_, byte) => Buffer.from([byte])), ...joined(merges).map(bytesOf)];

function makeRanks(merges) {
  const lines = ranked(merges).map((bytes, rank) => `${bytes.toString("base64")} ${rank}\n`);
  add("cl100k.tiktoken", "tiktoken", lines.join(""), { pattern: CL100K, special_tokens: '{"<|endoftext|>": 700}' });
}

function makeTekken(merges) {
  const specials = 10;
  const unused = 20;  // tokens behind the vocabulary's end
  const tokens = ranked(merges);
  const vocab = tokens.map((bytes, rank) => ({ rank, token_bytes: bytes.toString("base64"), token_str: null }));
  const config = { pattern: TEKKEN, num_vocab_tokens: tokens.length, default_vocab_size: tokens.length - unused + specials, default_num_special_tokens: specials, version: "v3" };
  const special_tokens = ["<unk>", "<s>", "</s>"].map((token_str, rank) => ({ rank, token_str, is_control: true }));
  add("tekken.json", "tekken", JSON.stringify({ config, vocab, special_tokens, version: "v3" }), { oracle: { tekken: true } });
}

function makeOfCharacters() {
  const trained = { normalizer: normalizers({ type: "Prepend", prepend: "▁" }, escapeSpaces), pre_tokenizer: split("▁[^▁]*|[^▁]+") };
  const merges = trainMerges(500, trained, fewCharacters);
  const symbols = characters(merges);
  const tokens = ["<unk>", "<s>", "</s>", ...byteNames, ...joined(merges), ...symbols];
  const llama2 = bpe({ vocab: numbered(tokens), merges, unk_token: "<unk>", byte_fallback: true, fuse_unk: true });
  const controls = ["<unk>", "<s>", "</s>"].map((text, id) => added(id, text, { special: true }));
  addHuggingFace("llama2", { normalizer: trained.normalizer, model: llama2, added_tokens: controls });

  const manySpaces = ["▁▁", "▁▁▁▁", "▁the▁", "\n\n", "<b>"];
  const gemmaMerges = withOtherWays([...merges, ["▁", "▁"], ["▁▁", "▁▁"], ["▁the", "▁"]], symbols);
  addHuggingFace("gemma", {
    normalizer: escapeSpaces, pre_tokenizer: { type: "Split", pattern: { String: " " }, behavior: "MergedWithPrevious", invert: false },
    model: bpe({ vocab: numbered([...tokens, ...manySpaces]), merges: gemmaMerges, unk_token: "<unk>", byte_fallback: true, fuse_unk: true }),
    added_tokens: [...controls, ...["\n\n", "<b>"].map((text) => added(numbered([...tokens, ...manySpaces])[text], text))],
  });

  const splitWords = { type: "WhitespaceSplit" };
  addHuggingFace("whole_bytes", { pre_tokenizer: splitWords, model: { ...llama2, fuse_unk: false, ignore_merges: true } });

  for (const fuse_unk of [false, true]) {
    addHuggingFace(fuse_unk ? "unknown_fused" : "unknown", {
      pre_tokenizer: metaspace(fuse_unk ? "first" : "never"), model: bpe({ vocab: numbered(shuffled(["<unk>", ...joined(merges), ...symbols])), merges, unk_token: "<unk>", fuse_unk }),
    });
  }
  addHuggingFace("unknown_dropped", { pre_tokenizer: splitWords, model: bpe({ vocab: numbered([...symbols, ...joined(merges)]), merges }) });

  const words = { normalizer: { type: "NFKC" }, pre_tokenizer: sequence({ type: "Whitespace" }, { type: "Digits", individual_digits: false }) };
  const wordMerges = shuffled(withOtherWays(trainMerges(400, words, fewCharacters), []));
  addHuggingFace("whole_words", {
    ...words, model: bpe({ vocab: numbered(["[UNK]", ...characters(wordMerges), ...joined(wordMerges), "2024", "tokenizer"]), merges: wordMerges, unk_token: "[UNK]", ignore_merges: true }),
  });
}

function makeWordPieces() {
  const trainWords = (count, options, prefix) => {
    const model = train({ type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: prefix, max_input_chars_per_word: 100, vocab: {} }, options, sample);
    const tokens = inOrder(model.vocab);
    // The alphabet comes first; much of it is left out, to be unknown.
    const isLong = (token) => Array.from(token.replace(prefix, "")).length > 1;
    return ["[PAD]", "[UNK]", "[CLS]", ...tokens.filter((token) => !isLong(token)).filter((_, i) => i % 4 !== 1).slice(0, 500), ...tokens.filter(isLong).slice(0, count)];
  };
  const wordPiece = (tokens, options) => ({
    type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab: numbered(tokens), ...options,
  });
  const uncased = { normalizer: bert(), pre_tokenizer: { type: "BertPreTokenizer" } };
  const tokens = trainWords(800, uncased, "##");
  const specials = ["[PAD]", "[UNK]", "[CLS]"].map((text, id) => added(id, text, { special: true }));
  addHuggingFace("bert_uncased", { ...uncased, model: wordPiece(tokens), added_tokens: specials });
  const cased = { normalizer: bert({ clean_text: false, handle_chinese_chars: false, strip_accents: false, lowercase: false }), pre_tokenizer: { type: "BertPreTokenizer" } };
  addHuggingFace("bert_cased", { ...cased, model: wordPiece(trainWords(800, cased, "##"), { max_input_chars_per_word: 10 }), added_tokens: specials });
  const accents = { normalizer: bert({ strip_accents: true, lowercase: false }), pre_tokenizer: sequence({ type: "UnicodeScripts" }, { type: "WhitespaceSplit" }) };
  addHuggingFace("word_piece_scripts", { ...accents, model: wordPiece(trainWords(600, accents, "@"), { continuing_subword_prefix: "@", max_input_chars_per_word: 10 }) });

  const inGguf = (token) => (token.startsWith("[") && token.endsWith("]") && token.length > 2 ? token : token.startsWith("##") ? token.slice(2) : `▁${token}`);
  add("bert.gguf", "gguf", ggufFile("bert", {
    tokens: tokens.map(inGguf), token_type: tokens.map((_, id) => (id < specials.length ? 3 : 1)), unknown_token_id: 1,
  }), { oracle: { file: "bert_uncased.json" } });
}

// ---------------------------------------------------------------------- SentencePiece

function trainSentencePiece(name, options) {
  // The model tells these names.
  const settings = {
    input: "pieces.txt", model_prefix: name, num_threads: 1, minloglevel: 2, hard_vocab_limit: false, normalization_rule_name: "identity",
    character_coverage: 0.98, max_sentence_length: 100000, ...options,
  };
  execFileSync("spm_train", Object.entries(settings).map(([key, value]) => `--${key}=${value}`), { cwd: scratch, stdio: ["ignore", "ignore", "inherit"] });
  return readFileSync(join(scratch, `${name}.model`));
}

function makeSentencePieces() {
  const codes = (text) => Array.from(text, (c) => c.codePointAt(0).toString(16).toUpperCase()).join(" ");
  writeFileSync(join(scratch, "rules.tsv"), RULES.map((rule) => `${rule.map(codes).join("\t")}\n`).join(""));
  const withRules = { normalization_rule_tsv: "rules.tsv", normalization_rule_name: "" };
  const symbols = { user_defined_symbols: "the,<b>,ther,в,▁▁,的的" };
  const keepSpaces = { remove_extra_whitespaces: false, allow_whitespace_only_pieces: true };
  const models = {
    spm_bpe: { model_type: "bpe", vocab_size: 1200 },
    spm_bpe_bytes: { model_type: "bpe", vocab_size: 1200, byte_fallback: true, ...symbols },
    spm_bpe_spaces: { model_type: "bpe", vocab_size: 1200, byte_fallback: true, add_dummy_prefix: false, split_digits: true, ...keepSpaces },
    spm_bpe_rules: { model_type: "bpe", vocab_size: 1000, ...withRules, ...symbols },
    spm_bpe_phrases: { model_type: "bpe", vocab_size: 1200, split_by_whitespace: false, byte_fallback: true, ...keepSpaces },
    spm_unigram: { model_type: "unigram", vocab_size: 1200 },
    spm_unigram_bytes: { model_type: "unigram", vocab_size: 1200, byte_fallback: true, ...withRules, ...symbols },
    spm_unigram_spaces: { model_type: "unigram", vocab_size: 1200, add_dummy_prefix: false, ...keepSpaces, ...symbols },
    spm_unigram_rules: { model_type: "unigram", vocab_size: 1000, ...withRules },
  };
  const trained = {};
  for (const [name, options] of Object.entries(models)) {
    trained[name] = trainSentencePiece(name, options);
    add(`${name}.model`, "sentencepiece", trained[name]);
  }
  const ggufOf = (model, options) => {
    const { pieces } = readSentencePiece(model);
    return { tokens: pieces.map((piece) => piece.text), scores: new Float32Array(pieces.map((piece) => piece.score)), token_type: pieces.map((piece) => piece.type), unknown_token_id: 0, ...options };
  };
  add("llama.gguf", "gguf", ggufFile("llama", ggufOf(trained.spm_bpe_phrases, { add_space_prefix: true })), { oracle: { file: "spm_bpe_phrases.model" } });
  const { charsmap } = readSentencePiece(trained.spm_unigram_rules);
  add("t5.gguf", "gguf", ggufFile("t5", ggufOf(trained.spm_unigram_rules, { add_space_prefix: true, remove_extra_whitespaces: true, precompiled_charsmap: charsmap })), { oracle: { file: "spm_unigram_rules.model" } });
  makeUnigrams(readSentencePiece(trained.spm_unigram).pieces, readSentencePiece(trained.spm_unigram_bytes).pieces);
}

function makeUnigrams(pieces, piecesAndBytes) {
  const scores = (list, round = (score) => score) => list.map(({ text, score }) => [text, round(score)]);
  const unigram = (vocab, options) => ({ type: "Unigram", unk_id: 0, vocab, byte_fallback: false, ...options });
  const precompiled = { type: "Precompiled", precompiled_charsmap: buildCharsmap(RULES).toString("base64") };
  addHuggingFace("t5", {
    normalizer: precompiled, pre_tokenizer: sequence({ type: "WhitespaceSplit" }, metaspace("always")), model: unigram(scores(pieces)),
    added_tokens: [added(0, "<unk>", { special: true }), added(3000, "<extra_id_0>", { lstrip: true }), added(3001, "é", { normalized: true })],
  });
  addHuggingFace("unigram_first", { pre_tokenizer: metaspace("first"), model: unigram(scores(pieces)), added_tokens: [added(3000, "the")] });
  // What stands at the start of a text may go.
  const replace = (pattern, content) => ({ type: "Replace", pattern, content });
  const shortened = normalizers({ type: "Nmt" }, { type: "Strip", strip_left: true, strip_right: false }, { type: "NFD" }, { type: "StripAccents" },
    replace({ String: "--" }, "—"), replace({ String: "a" }, "an"), replace({ Regex: "[Tt]he|'+" }, ""));
  addHuggingFace("unigram_first_shortened", { normalizer: shortened, pre_tokenizer: metaspace("first"), model: unigram(scores(pieces)) });
  addHuggingFace("unigram_first_of_words", { normalizer: shortened, pre_tokenizer: sequence({ type: "Punctuation", behavior: "Isolated" }, metaspace("first")), model: unigram(scores(pieces)) });
  addHuggingFace("unigram_never", { normalizer: { type: "NFKC" }, pre_tokenizer: metaspace("never", false), model: unigram(scores(pieces)) });
  addHuggingFace("unigram_bytes", {
    normalizer: normalizers({ type: "Nmt" }, { type: "NFKC" }, { type: "Replace", pattern: { Regex: " {2,}" }, content: " " }), pre_tokenizer: metaspace("always"),
    model: unigram(scores(piecesAndBytes), { byte_fallback: true }),
  });
  // Few different scores: many ways to cut a text are equally good.
  addHuggingFace("unigram_ties", { pre_tokenizer: metaspace("always"), model: unigram(scores(pieces, (score) => -Math.ceil(-score / 3))) });
}

for (const make of [makeByteLevel, makeOfCharacters, makeWordPieces, makeSentencePieces]) make();
writeFileSync(here("tokenizers.json"), `[\n${list.map((entry) => JSON.stringify(entry)).join(",\n")}\n]\n`);
rmSync(scratch, { recursive: true });
