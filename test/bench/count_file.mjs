// Times a peer's counting for test/bench/compare, as count_file.cpp times ours: same arguments behind the
// peer's name, same file, same line of JSON.
//
//   node count_file.mjs PEER ENCODING FILE LATER_PASSES SECONDS
//
// A peer is a function that gives a function from a text to its count: the fastest that its package has
// and that takes special tokens as ordinary text. Texts are decoded to strings before the clock runs,
// which favours the peers: a server has bytes.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";

const [peer, encoding, file, laterPasses, limit] = process.argv.slice(2);

function readTexts() {
  const bytes = readFileSync(file);
  const read = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 + bytes.readUInt32LE(at);
    read.push(bytes.toString("utf8", at + 4, end));
    at = end;
  }
  return read;
}

const texts = readTexts();

// The packages are in the working directory's node_modules, not beside this file.
const require = createRequire(process.cwd() + "/");
const load = (name) => import(pathToFileURL(require.resolve(name)));

const peers = {
  async tiktoken() {
    const { get_encoding } = require("tiktoken");
    const encoder = get_encoding(encoding);
    return (text) => encoder.encode_ordinary(text).length;
  },

  async hypertok() {
    const { fromBytes } = await load("hypertok");
    const { loadVocab } = await load("hypertok/vocab-resolve");
    const name = { o200k_base: "o200k", cl100k_base: "cl100k" }[encoding];
    const tokenizer = await fromBytes(await loadVocab(name), { tier: "single" });
    // Only its plain call is fast, and that looks for special tokens: the slower one where there are some.
    const special = /<\|(endoftext|endofprompt|fim_prefix|fim_middle|fim_suffix)\|>/;
    if (!texts.some((text) => special.test(text))) return (text) => tokenizer.encodeSync(text).length;
    const ordinary = { reserved: { match: [] } };
    return (text) => tokenizer.encodeSync(text, ordinary).length;
  },

  async "gpt-tokenizer"() {
    const { countTokens } = require(`gpt-tokenizer/encoding/${encoding}`);
    const ordinary = { disallowedSpecial: new Set() };
    return (text) => countTokens(text, ordinary);
  },
};

function countAll(count) {
  let tokens = 0;
  for (const text of texts) tokens += count(text);
  return tokens;
}

const seconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

const start = seconds();
const count = await peers[peer]();
count("Hi");
const startup = seconds() - start;

const first = seconds();
const tokens = countAll(count);
const cold = seconds() - first;

let warm = Infinity;
for (let pass = 0; pass < laterPasses && seconds() - first + cold < limit; ++pass) {
  const begin = seconds();
  countAll(count);
  warm = Math.min(warm, seconds() - begin);
}
if (warm === Infinity) warm = cold;
console.log(
  JSON.stringify({
    tokens,
    startup_ms: startup * 1000,
    cold_s: cold,
    warm_s: warm,
    spent_s: seconds(),
  }),
);
