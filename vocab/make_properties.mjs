// Writes properties.tsv: what regular expressions and pre-tokenizers of published tokenizers may ask of a code
// point. Source: npm packages that repackage the Unicode Character Database. Regular expressions use Unicode
// 16.0, as Oniguruma 6.9.10 in Hugging Face's library 0.23.2; what that library asks of tables of its own is of
// other versions: numbers of 17.0 (Rust's), punctuation of 8.0, scripts of 9.0. All of it was compared with the
// library over all code points.
//
//   npm install --no-save @unicode/unicode-{8,9,16,17}.0.0 && node make_properties.mjs > properties.tsv

import { readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname } from "node:path";

const require = createRequire(import.meta.url);
const hex = (codePoint) => codePoint.toString(16).toUpperCase();
const span = (first, last) => (first === last ? hex(first) : `${hex(first)}-${hex(last)}`);

const path = (version, property, file) => require.resolve(`@unicode/unicode-${version}/${property}/${file}.mjs`);

async function ranges(property, version = "16.0.0") {
  const { default: found } = await import(path(version, property, "ranges"));
  return found.map(({ begin, end }) => [begin, end - 1]);
}

async function line(names, property, version) {
  const spans = (await ranges(property, version)).map(([first, last]) => span(first, last));
  console.log(`${names}\t${spans.join(" ")}`);
}

// Names as they are looked up: lower case, without spaces, underscores and hyphens.
const plain = (name) => name.toLowerCase().replace(/[ _-]/g, "");

const categories = {
  Lu: "Uppercase_Letter", Ll: "Lowercase_Letter", Lt: "Titlecase_Letter", Lm: "Modifier_Letter", Lo: "Other_Letter",
  Mn: "Nonspacing_Mark", Mc: "Spacing_Mark", Me: "Enclosing_Mark",
  Nd: "Decimal_Number", Nl: "Letter_Number", No: "Other_Number",
  Pc: "Connector_Punctuation", Pd: "Dash_Punctuation", Ps: "Open_Punctuation", Pe: "Close_Punctuation",
  Pi: "Initial_Punctuation", Pf: "Final_Punctuation", Po: "Other_Punctuation",
  Sm: "Math_Symbol", Sc: "Currency_Symbol", Sk: "Modifier_Symbol", So: "Other_Symbol",
  Zs: "Space_Separator", Zl: "Line_Separator", Zp: "Paragraph_Separator",
  Cc: "Control", Cf: "Format", Co: "Private_Use", Cs: "Surrogate", Cn: "Unassigned",
};
const groups = {
  L: "Letter", M: "Mark", N: "Number", P: "Punctuation", S: "Symbol", Z: "Separator", C: "Other",
};

console.log("# Unicode properties: names, ranges of code points or, behind =, names of others. Made by make_properties.mjs.");
for (const [short, long] of Object.entries(categories)) {
  await line(`${plain(short)}|${plain(long)}`, `General_Category/${long}`);
}
for (const [short, long] of Object.entries(groups)) {
  const members = Object.keys(categories).filter((category) => category[0] === short).map(plain);
  console.log(`${plain(short)}|${plain(long)}\t= ${members.join(" ")}`);
}
console.log("lc|casedletter\t= lu ll lt");
for (const name of ["White_Space", "Other_Alphabetic", "Other_Uppercase", "Other_Lowercase", "Join_Control", "Emoji",
                    "Extended_Pictographic", "Ideographic"]) {
  await line(plain(name), `Binary_Property/${name}`);
}
console.log("alphabetic|alpha\t= lu ll lt lm lo nl otheralphabetic");
console.log("uppercase|upper\t= lu otheruppercase");
console.log("lowercase|lower\t= ll otherlowercase");
console.log("space\t= whitespace");
console.log("digit\t= nd");
console.log("alnum\t= alphabetic nd");
console.log("word\t= alphabetic m nd pc");

const scriptsOf = (version) =>
  readdirSync(dirname(dirname(path(version, "Script/Han", "ranges"))))
    .filter((name) => !name.includes(".") && name !== "Unknown");
for (const script of scriptsOf("16.0.0")) await line(plain(script), `Script/${script}`);

// Simple case folding: ranges, and how far what they fold to is.
const folds = [];
for (const status of ["C", "S"]) {
  const { default: map } = await import(path("16.0.0", `Case_Folding/${status}`, "code-points"));
  for (const [from, to] of map) folds.push([from, to]);
}
folds.sort(([a], [b]) => a - b);
const runs = [];
for (const [from, to] of folds) {
  const run = runs.at(-1);
  if (run && run.last + 1 === from && run.delta === to - from) run.last = from;
  else runs.push({ first: from, last: from, delta: to - from });
}
console.log(`(folding)\t${runs.map(({ first, last, delta }) => `${span(first, last)}:${delta}`).join(" ")}`);
const { default: full } = await import(path("16.0.0", "Case_Folding/F", "code-points"));
console.log(`(full folding)\t${[...full.keys()].sort((a, b) => a - b).map(hex).join(" ")}`);

// What Hugging Face's library asks of tables of its own.
await line("(number 17.0)", "General_Category/Number", "17.0.0");
await line("(punctuation 8.0)", "General_Category/Punctuation", "8.0.0");
const byScript = [];
for (const [index, script] of scriptsOf("9.0.0").entries()) {
  for (const [first, last] of await ranges(`Script/${script}`, "9.0.0")) byScript.push([first, last, index + 1, script]);
}
byScript.sort(([a], [b]) => a - b);
// As that pre-tokenizer sees them: Japanese is one script, the space none.
const han = byScript.find(([, , , script]) => script === "Han")[2];
const one = ([first, last, index, script]) =>
  `${span(first, last)}:${script === "Hiragana" || script === "Katakana" || first === 0x30fc ? han : index}`;
const split = ([first, last, index, script]) =>
  [0x20, 0x30fc].reduce((parts, c) => parts.flatMap(([a, b, ...rest]) =>
    a <= c && c <= b ? [[a, c - 1, ...rest], [c, c, ...rest], [c + 1, b, ...rest]].filter(([x, y]) => x <= y) : [[a, b, ...rest]]),
    [[first, last, index, script]]).filter(([a]) => a !== 0x20);
console.log(`(scripts 9.0)\t${byScript.flatMap(split).map(one).join(" ")}`);
