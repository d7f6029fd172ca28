#!/usr/bin/env node
// Make chat_log.csv, a log of model calls, and chat_log.counts.csv, the token
// counts of the texts in it, from the texts in corpus/.
//
//   npm install && node make_log.mjs
//
// Both files are a function of this script and the corpus alone: every choice is
// drawn from one seeded generator, and nothing reads the clock.

import { readFileSync, writeFileSync } from "node:fs";
import { get_encoding } from "tiktoken";
import { seededRandom } from "./random.mjs";

const ROWS = 2400;
const FIRST_DAY = Date.UTC(2025, 4, 20);
const DAYS = 60;
const O3_PRICE_CHANGE = Date.UTC(2025, 5, 10);
const SECOND = 1000;
const HOUR = 3600 * SECOND;
const DAY = 24 * HOUR;

// ------------------------------------------------------------- randomness

const random = seededRandom(20250520);
const chance = (p) => random() < p;
const integer = (low, high) => low + Math.floor(random() * (high - low + 1));
const pick = (list) => list[integer(0, list.length - 1)];

/** A key of { key: weight }. */
function weighted(weights) {
  const entries = Object.entries(weights);
  let at = random() * entries.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [key, weight] of entries) {
    at -= weight;
    if (at < 0) return key;
  }
  return entries.at(-1)[0];
}

/** Log-uniform, bent towards `low`: short texts are common and long ones rare. */
function logLength(low, high) {
  return Math.round(low * (high / low) ** (random() ** 1.5));
}

const BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const id = (length) => Array.from({ length }, () => pick(BASE62)).join("");

// ------------------------------------------------------------- texts

const KINDS = ["english", "chinese", "japanese", "arabic", "russian", "code", "emoji"];

const corpus = Object.fromEntries(KINDS.map((kind) => {
  const text = readFileSync(new URL(`corpus/${kind}.txt`, import.meta.url), "utf8");
  // The emoji file is lists: any line of one is a good place to begin.
  return [kind, text.trimEnd().split(kind === "emoji" ? "\n" : /\n{2,}/)];
}));

const SENTENCE_END = /[.!?؟](?=\s)["”’)]*|[。！？][」』”]*|\n/g;

/** The longest prefix of at most `most` characters that ends with a sentence or
 *  line; failing that with a word; failing that with a character. */
function cutAtBoundary(text, most) {
  if (text.length <= most) return text;
  const head = text.slice(0, most);
  const ends = [...head.matchAll(SENTENCE_END)].map((m) => m.index + m[0].length);
  if (ends.length > 0 && ends.at(-1) > most / 3) return head.slice(0, ends.at(-1)).trimEnd();
  const space = head.lastIndexOf(" ");
  if (space > most / 3) return head.slice(0, space);
  return head.replace(/[\ud800-\udbff]$/, "");       // not half a surrogate pair
}

/** Consecutive blocks from a random place, `least` to `most` characters long. */
function excerpt(kind, least, most) {
  const blocks = corpus[kind];
  const glue = kind === "emoji" ? "\n" : "\n\n";
  const wanted = logLength(least, most);
  let at = integer(0, blocks.length - 1);
  let text = "";
  while (text.length < wanted) {
    text += (text && glue) + blocks[at];
    at = (at + 1) % blocks.length;
  }
  const cut = cutAtBoundary(text, wanted).replace(/^\n+|\s+$/g, "");
  // A sentence end far before `wanted` can leave too little.
  return cut.length >= least ? cut : excerpt(kind, least, most);
}

const INSTRUCTIONS = {
  english: ["Summarise the passage below.", "What is the tone of this text?", "Rewrite in plain English:"],
  chinese: ["请把下面的内容翻译成英文：", "请用三句话总结：", "解释一下这段话。"],
  japanese: ["次の文章を要約してください。", "英語に翻訳してください：", "この説明は正しいですか？"],
  arabic: ["لخص النص التالي:", "ترجم إلى الإنجليزية:", "اشرح هذه الفقرة."],
  russian: ["Кратко перескажи текст:", "Переведи на английский:", "Найди ошибки в тексте."],
  code: ["Review this code:", "Why does this fail under load?", "Add tests for:", "Explain what this does."],
  emoji: ["Which of these fits a birthday card? 🎂", "Sort by mood 🙂🙃", "Translate the names:"],
};

// Ideographs carry more per character: a Chinese prompt is shorter than an
// English one that says the same.
const DENSITY = { chinese: 0.45, japanese: 0.55, arabic: 0.8, russian: 0.8 };
const longest = (kind, characters) => Math.round(characters * (DENSITY[kind] ?? 1));

const prompt = (kind) => excerpt(kind, 40, longest(kind, 2900));
const answer = (kind) => excerpt(kind, 50, longest(kind, 4000));

// ------------------------------------------------------------- people

const PROJECTS = {
  helpdesk: {
    tenant: "acme", team: "support", kinds: { emoji: 1, english: 2 },
    system: "You are the help desk of Acme. Answer briefly and kindly. If you are not sure, say so and offer to pass the question to a person.",
  },
  "docs-bot": {
    tenant: "acme", team: "support", kinds: { english: 3, code: 1 }, embeds: true,
    system: "Answer from the documentation only and name the section that you used.",
  },
  "code-review": {
    tenant: "acme", team: "platform", kinds: { code: 8 },
    system: "You are a senior engineer who reviews pull requests. Point out bugs first, then style. Quote the lines that you mean.",
  },
  "paper-search": {
    tenant: "globex", team: "research", kinds: { english: 2 }, embeds: true,
    system: "You help researchers to find and compare texts. Give references.",
  },
  translate: {
    tenant: "globex", team: "research", kinds: { chinese: 1, japanese: 1, arabic: 1, russian: 1 },
    system: "Translate faithfully. Keep the paragraphs, the lists and the code as they are.",
  },
  campaigns: {
    tenant: "globex", team: "growth", kinds: { emoji: 3, english: 1 },
    system: "You write short, friendly texts for social media. Emoji are welcome. 🎉",
  },
};

// In falling order of use (Zipf); `hours` is the distance to UTC.
const USERS = [
  ["chen.wei", "translate", "chinese", 8], ["ada.brook", "code-review", "english", 1],
  ["sato.yuki", "docs-bot", "japanese", 9], ["amira.haddad", "helpdesk", "arabic", 3],
  ["ivan.petrov", "code-review", "russian", 3], ["grace.miller", "paper-search", "english", -4],
  ["li.na", "helpdesk", "chinese", 8], ["tom.okafor", "docs-bot", "english", 1],
  ["omar.saleh", "translate", "arabic", 3], ["mei.tanaka", "campaigns", "japanese", 9],
  ["olga.smirnova", "translate", "russian", 3], ["ben.carter", "campaigns", "english", -4],
  ["wang.fang", "paper-search", "chinese", 8], ["kenji.ito", "code-review", "japanese", 9],
  ["layla.nasser", "campaigns", "arabic", 3], ["eva.novak", "helpdesk", "english", 2],
  ["dmitri.volkov", "paper-search", "russian", 3], ["ruth.adler", "docs-bot", "english", 2],
  ["zhang.min", "code-review", "chinese", 8], ["sam.reyes", "helpdesk", "english", -7],
].map(([name, project, language, hours], rank) => (
  { name, project, language, hours, weight: 1 / (rank + 1) ** 0.8 }));

const USER_WEIGHTS = Object.fromEntries(USERS.map((user, rank) => [rank, user.weight]));

/** Mostly the user's own project; now and then another of the same tenant. */
function projectOf(user, needsEmbeddings) {
  const tenant = PROJECTS[user.project].tenant;
  const others = Object.keys(PROJECTS).filter((name) => PROJECTS[name].tenant === tenant
    && (!needsEmbeddings || PROJECTS[name].embeds));
  return others.includes(user.project) && chance(0.85) ? user.project : pick(others);
}

// ------------------------------------------------------------- models

const CHAT_MODELS = {
  "gpt-4o": 14, "gpt-4o-2024-08-06": 8, "gpt-4o-mini": 14, "openai/gpt-4.1-mini": 8,
  "azure/gpt-4o": 6, "gpt-4.1": 9, "gpt-4.1-nano-2025-04-14": 6, o3: 7, "o4-mini": 6,
  "o3-mini": 4, o1: 2, "gpt-4-turbo": 4, "gpt-3.5-turbo": 6, "GPT-4o-Mini": 2,
};
const FINE_TUNED = "ft:gpt-4o-mini-2024-07-18:acme::9aBcDeF1";
const EMBEDDING_MODELS = { "text-embedding-3-small": 2, "text-embedding-3-large": 1 };

function modelFor(shape, tenant) {
  if (shape === "embedding") return weighted(EMBEDDING_MODELS);
  if (tenant === "acme" && chance(0.06)) return FINE_TUNED;
  return weighted(CHAT_MODELS);
}

const reasons = (model) => /^o\d/.test(model);

function providerOf(model) {
  if (model.startsWith("azure/")) return "azure";
  return /^gpt-4o/.test(model) && chance(0.2) ? "azure" : "openai";
}

// ------------------------------------------------------------- counting

const ENCODINGS = { o200k: get_encoding("o200k_base"), cl100k: get_encoding("cl100k_base") };

const encodingOf = (model) => (
  /^(gpt-4-turbo|gpt-3\.5-turbo|text-embedding-3-)/.test(model)
    ? ENCODINGS.cl100k : ENCODINGS.o200k);

const tokens = (encoding, text) => encoding.encode_ordinary(text).length;

function contentTokens(encoding, content) {
  if (typeof content === "string") return tokens(encoding, content);
  return content.reduce((sum, part) => sum + tokens(encoding, part.text), 0);
}

/** Each message costs 3 and its role and content, a name one more than itself;
 *  the reply is primed with 3. */
function messagesTokens(encoding, messages) {
  return messages.reduce((sum, { role, content, name }) => (
    sum + 3 + tokens(encoding, role) + contentTokens(encoding, content)
      + (name === undefined ? 0 : tokens(encoding, name) + 1)), 3);
}

function counted(row) {
  const encoding = encodingOf(row.model);
  return {
    input: row.messages ? messagesTokens(encoding, row.messages)
      : row.input_text ? tokens(encoding, row.input_text) : null,
    output: row.output_text ? tokens(encoding, row.output_text) : null,
  };
}

// ------------------------------------------------------------- time

const HOUR_WEIGHTS = {
  7: 1, 8: 4, 9: 9, 10: 11, 11: 10, 12: 5, 13: 7, 14: 10, 15: 10, 16: 9, 17: 7, 18: 3,
  19: 2, 20: 4, 21: 5, 22: 3, 23: 1,
};

function sessionStart(user) {
  for (;;) {
    const day = FIRST_DAY + integer(0, DAYS - 1) * DAY;
    const weekend = [0, 6].includes(new Date(day).getUTCDay());
    if (weekend && !chance(0.22)) continue;
    const local = day + Number(weighted(HOUR_WEIGHTS)) * HOUR + integer(0, 3599) * SECOND;
    const utc = local - user.hours * HOUR;
    // Leave an hour for the later turns of the session.
    if (utc >= FIRST_DAY && utc < FIRST_DAY + DAYS * DAY - HOUR) return utc;
  }
}

const isoTime = (time) => new Date(time).toISOString().replace(/\.\d+Z$/, "+00");

// ------------------------------------------------------------- sessions

// Shares of rows by what the log keeps of a call.
const SHAPES = { messages: 0.55, text: 0.25, numbers: 0.12, embedding: 0.08 };
const TURNS = { 1: 34, 2: 28, 3: 19, 4: 12, 5: 7 };

/** The shape that is furthest behind its share. */
function nextShape(rows) {
  const done = (shape) => rows.filter((row) => row.shape === shape).length / (rows.length + 1);
  const lag = (shape) => SHAPES[shape] - done(shape);
  return Object.keys(SHAPES).sort((a, b) => lag(b) - lag(a))[0];
}

function newSession(shape, fixed = {}) {
  const user = USERS[Number(weighted(USER_WEIGHTS))];
  const projectName = projectOf(user, shape === "embedding");
  const project = PROJECTS[projectName];
  return {
    shape, user, projectName, project,
    kind: weighted({ [user.language]: 5, ...project.kinds }),
    id: `s-${id(10)}`,
    source: (project.tenant === "acme") === chance(0.9) ? "proxy-a" : "proxy-b",
    model: modelFor(shape, project.tenant),
    named: chance(0.12),
    time: sessionStart(user),
    turns: Number(weighted(TURNS)),
    history: [{ role: "system", content: project.system }],
    ...fixed,
  };
}

function userMessage(session) {
  const text = prompt(session.kind);
  const name = session.named ? { name: session.user.name.replace(".", "_") } : {};
  if (!chance(0.4)) return { role: "user", ...name, content: text };
  const instruction = pick(INSTRUCTIONS[session.kind]);
  const content = chance(0.35)
    ? [{ type: "text", text: instruction }, { type: "text", text }]
    : `${instruction}\n\n${text}`;
  return { role: "user", ...name, content };
}

/** The text columns of one call; a chat's history grows with every answer. */
function fillTexts(row, session) {
  if (session.shape === "numbers") return;
  const failed = row.status === "error";
  if (session.shape !== "embedding" && !failed) row.output_text = answer(session.kind);
  if (session.shape !== "messages") {
    row.input_text = prompt(session.kind);
    return;
  }
  row.messages = [...session.history, userMessage(session)];
  if (failed) return;
  session.history = [...row.messages, { role: "assistant", content: row.output_text }];
}

function tagsOf(session) {
  if (!chance(0.35)) return null;
  return { app: session.projectName, ...(chance(0.3) && { env: pick(["prod", "staging"]) }),
    ...(chance(0.15) && { experiment: pick(["a", "b"]) }) };
}

function newRow(session) {
  return {
    shape: session.shape,
    request_id: `chatcmpl-${id(24)}`,
    source: session.source,
    time: session.time,
    tenant_id: session.project.tenant,
    team_id: session.project.team,
    project_id: session.projectName,
    user_id: session.user.name,
    session_id: session.id,
    provider: providerOf(session.model),
    model: session.model,
    service_tier: "standard",
    status: chance(0.01) ? "error" : "ok",
    tags: tagsOf(session),
  };
}

// ------------------------------------------------------------- reported numbers

/** The provider counts more than the text: the tool definitions that it puts
 *  before the prompt, or the few tokens that end an answer. */
function disturbed({ input, output }) {
  return chance(0.8) || !output
    ? { input: input + integer(40, 400), output }
    : { input, output: output + integer(1, 12) };
}

/** A provider caches prefixes of at least 1024 tokens in steps of 128; the prefix
 *  of a chat's next call is the whole prompt of the one before.  Calls with bare
 *  texts have no common prefix. */
function cachedPart(session, input) {
  const previous = ["messages", "numbers"].includes(session.shape) ? session.previousInput ?? 0 : 0;
  const cached = Math.floor(Math.min(previous, input - 1) / 128) * 128;
  return cached >= 1024 && chance(0.8) ? cached : 0;
}

const madeUpNumbers = () => ({ input: logLength(60, 9000), output: logLength(20, 2500) });

/** The four meters are disjoint: cached tokens are not in input_tokens, and
 *  reasoning tokens are not in output_tokens. */
function fillReported(row, session) {
  const exact = row.shape === "numbers" ? madeUpNumbers() : row.counted;
  const cached = cachedPart(session, exact.input);
  session.previousInput = exact.input;
  if (row.shape !== "numbers" && !chance(0.6)) return;
  const seen = row.shape !== "numbers" && chance(0.05) ? disturbed(exact) : exact;
  row.input_tokens = seen.input - cached;
  row.cache_read_tokens = cached;
  if (row.shape === "embedding") return;
  row.output_tokens = row.status === "error" ? pick([0, null]) : seen.output;
  row.reasoning_tokens = reasons(row.model) && row.status === "ok" ? 64 * integer(1, 40) : 0;
}

function fillLatency(row) {
  const written = (row.output_tokens ?? row.counted.output ?? 0) + (row.reasoning_tokens ?? 0);
  row.latency_ms = Math.round(180 + 400 * random() + written * (8 + 10 * random()));
}

/** One call; then time passes until the user's next turn. */
function call(session) {
  const row = newRow(session);
  fillTexts(row, session);
  row.counted = counted(row);
  fillReported(row, session);
  fillLatency(row);
  session.time += Math.ceil(row.latency_ms / SECOND) * SECOND + integer(15, 400) * SECOND;
  return row;
}

/** o3 became cheaper at one instant: calls in the seconds on both sides of it. */
function callsAroundPriceChange() {
  return [-SECOND, 0].flatMap((offset) => ["messages", "text"].map((shape) => (
    call(newSession(shape, { model: "o3", time: O3_PRICE_CHANGE + offset })))));
}

function allCalls() {
  const rows = callsAroundPriceChange();
  while (rows.length < ROWS) {
    const session = newSession(nextShape(rows));
    const turns = Math.min(session.turns, ROWS - rows.length);
    for (let turn = 0; turn < turns; turn++) rows.push(call(session));
  }
  return rows.sort((a, b) => a.time - b.time || (a.request_id < b.request_id ? -1 : 1));
}

// ------------------------------------------------------------- output

const COLUMNS = ("request_id source occurred_at tenant_id team_id project_id user_id"
  + " session_id provider model service_tier input_text messages output_text"
  + " input_tokens cache_read_tokens output_tokens reasoning_tokens status latency_ms"
  + " tags").split(" ");

/** RFC 4180; NULL is an unquoted empty field. */
function csvField(value) {
  if (value === null || value === undefined) return "";
  const text = typeof value === "object" ? JSON.stringify(value) : String(value);
  return /[",\r\n]/.test(text) || text === "" ? `"${text.replaceAll('"', '""')}"` : text;
}

function writeCsv(name, header, records) {
  const lines = [header, ...records].map((record) => record.map(csvField).join(","));
  writeFileSync(new URL(name, import.meta.url), lines.join("\n") + "\n");
}

const rows = allCalls();
writeCsv("chat_log.csv", COLUMNS, rows.map((row) => {
  const record = { ...row, occurred_at: isoTime(row.time) };
  return COLUMNS.map((column) => record[column]);
}));
writeCsv("chat_log.counts.csv", ["request_id", "counted_input_tokens", "counted_output_tokens"],
  rows.map((row) => [row.request_id, row.counted.input, row.counted.output]));
