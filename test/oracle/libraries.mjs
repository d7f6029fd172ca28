// What the libraries that tokenizer files are made for make of texts: the ids of each.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import tokenizers from 'tokenizers';
import { Tiktoken } from 'tiktoken';

// Special tokens count as ordinary text, which the library's binding cannot be told: those that the vocabulary has
// anyway are forgotten, the others called what no text contains.
function withoutSpecialTokens(file) {
  const definition = JSON.parse(readFileSync(file, 'utf8'));
  const vocabulary = definition.model.vocab;
  const inVocabulary = new Set(Array.isArray(vocabulary) ? vocabulary.map(([text]) => text) : Object.keys(vocabulary));
  const kept = [];
  for (const token of definition.added_tokens ?? []) {
    if (!token.special) kept.push(token);
    else if (!inVocabulary.has(token.content)) kept.push({ ...token, content: `\u{10FFFE}special ${token.id}\u{10FFFE}`, normalized: false });
  }
  definition.added_tokens = kept;
  definition.post_processor = null;
  definition.truncation = null;
  definition.padding = null;
  return tokenizers.Tokenizer.fromString(JSON.stringify(definition));
}

export async function encodeByHuggingFace(file, texts) {
  const tokenizer = withoutSpecialTokens(file);
  const all = [];
  for (let at = 0; at < texts.length; at += 256) {
    const batch = await tokenizer.encodeBatch(texts.slice(at, at + 256), { addSpecialTokens: false });
    for (const encoding of batch) all.push(encoding.getIds());
  }
  return all;
}

export function encodeByTiktoken(file, pattern, texts) {
  // The reference fails on the empty token that Whisper's file has.
  const encoding = new Tiktoken(readFileSync(file, 'utf8').replace(/^= .*\n/gm, ''), {}, pattern);
  const all = texts.map((text) => Array.from(encoding.encode_ordinary(text)));
  encoding.free();
  return all;
}

/** SentencePiece's program takes texts of one line. */
export function encodeBySentencePiece(file, texts) {
  const output = execFileSync('spm_encode', [`--model=${file}`, '--output_format=id'],
    { input: texts.join('\n') + '\n', maxBuffer: 2 ** 30 });
  return output.toString().split('\n').slice(0, texts.length).map((line) => line.split(' ').filter(Boolean).map(Number));
}
