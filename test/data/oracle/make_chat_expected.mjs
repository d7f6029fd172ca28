#!/usr/bin/env node
// Make the expected prompts of chats.json, by rendering the models' own chat templates with the npm package
// `@huggingface/jinja`, and count the tokens of some with `tiktoken`.
//
//   npm install && node make_chat_expected.mjs <folder with the templates>
//
// The folder holds <name of our template>.jinja, as README.md lists them. Not in this repository: they are
// published with the models. A chat that its template refuses is an error.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Template } from "@huggingface/jinja";
import { Tiktoken } from "tiktoken";

const require = createRequire(import.meta.url);
const here = (name) => new URL(name, import.meta.url);
const folder = process.argv[2];
if (!folder) throw new Error("which folder holds the templates?");

/** What each template calls the start and end of a text. */
const TOKENS = {
  llama3: ["<|begin_of_text|>"],
  "llama3.1": ["<|begin_of_text|>"],
  "mistral-v1": ["<s>", "</s>"],
  "mistral-v3": ["<s>", "</s>"],
  gemma: ["<bos>"],
  "deepseek-v3": ["<｜begin▁of▁sentence｜>"],
};

/** Encodings that are built in, with the special tokens that the template uses; all others are ordinary text. */
const COUNTED = {
  harmony: ["o200k_base", { "<|channel|>": 200005, "<|start|>": 200006, "<|end|>": 200007, "<|message|>": 200008, "<|call|>": 200012 }],
  chatml: ["cl100k_base", { "<|im_start|>": 100264, "<|im_end|>": 100265 }],
};

/** Servers give templates the arguments of calls as objects; DeepSeek's takes the text. */
function withArguments(messages, template) {
  if (template === "deepseek-v3") return messages;
  return messages.map((message) => {
    if (!message.tool_calls) return message;
    const tool_calls = message.tool_calls.map((call) => ({
      ...call, function: { ...call.function, arguments: JSON.parse(call.function.arguments) } }));
    // Qwen 3's and Harmony's look into the content, which some servers make an empty text.
    const content = ["qwen3", "harmony"].includes(template) ? message.content ?? "" : message.content;
    return { ...message, content, tool_calls };
  });
}

function render(template, chat) {
  const [bos_token, eos_token] = TOKENS[template] ?? [];
  const prompt = new Template(readFileSync(`${folder}/${template}.jinja`, "utf8")).render({
    messages: withArguments(chat.messages, template),
    ...(chat.tools && { tools: chat.tools }),
    bos_token, eos_token,
    add_generation_prompt: true,
  });
  return prompt.replace(/Current date: \d{4}-\d\d-\d\d/, "Current date: 2025-06-28");
}

function count(template, prompt) {
  if (!COUNTED[template]) return undefined;
  const [base, special] = COUNTED[template];
  const { bpe_ranks, pat_str } = require(`tiktoken/encoders/${base}.json`);
  const encoding = new Tiktoken(bpe_ranks, special, pat_str);
  const tokens = encoding.encode(prompt, "all").length;
  encoding.free();
  return tokens;
}

/** JSON in ASCII, so that invisible characters show. */
const ascii = (value) =>
  JSON.stringify(value).replace(/[^\x20-\x7e]/g, (unit) => "\\u" + unit.charCodeAt(0).toString(16).padStart(4, "0"));

const lines = JSON.parse(readFileSync(here("chats.json"), "utf8")).flatMap((chat) =>
  chat.templates.map((template) => {
    const prompt = render(template, chat);
    return ascii({ name: chat.name, template, prompt, tokens: count(template, prompt) });
  }));
writeFileSync(here("chat_prompts.jsonl"), lines.join("\n") + "\n");
console.log(`chat_prompts.jsonl: ${lines.length} prompts`);
