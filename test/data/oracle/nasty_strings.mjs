// Strings made by hand to catch a tokenizer that differs from the reference.
//
// Nothing here asks the JavaScript engine about Unicode (no \p{...}, no case
// mapping of non-ASCII): the strings must not depend on the version of Node.
// Whatever is invisible, combining or easily mistaken is written as an escape.

/** Two or more characters of every general category, from old and new Unicode. */
const CATEGORIES = {
  Lu: ["A", "\u00c9", "\u03a3", "\u0416", "\u1e9e", "\u{10400}", "\ua7cb", "\u212a"],
  Ll: ["a", "\u00df", "\u017f", "\ufb00", "\u0436", "\u{10428}", "\ua7cd", "\u10d0"],
  Lt: ["\u01c5", "\u01c8", "\u01f2", "\u1f88", "\u1ffc"],
  Lm: ["\u02b0", "\u02e0", "\u30fc", "\u3005", "\u207f", "\u1d2c", "\ua7f2", "\u{1e137}"],
  Lo: ["\u00aa", "\u01bb", "\u05d0", "\u0639", "日", "あ", "한", "\u0e01", "\u{20000}", "\u{31350}"],
  Mn: ["\u0301", "\u0308", "\u064b", "\u0e31", "\ufe0f", "\u{e0100}", "\u{1e000}"],
  Mc: ["\u0903", "\u093e", "\u0bbe", "\u{1d165}", "\u302e"],
  Me: ["\u0488", "\u20dd", "\u20e3", "\ua670", "\u1abe"],
  Nd: ["1", "\u0661", "\u0967", "\uff11", "\u{1d7ce}", "\u0e51", "\u{11f51}", "\u{10d41}"],
  Nl: ["\u2167", "\u3007", "\u16ee", "\u{10141}", "\u{12401}"],
  No: ["\u00b2", "\u00bd", "\u2460", "\u3220", "\u09f4", "\u{1f100}", "\u{10107}"],
  Pc: ["_", "\u203f", "\uff3f", "\ufe33"],
  Pd: ["-", "\u2014", "\u2011", "\u301c", "\u{10ead}"],
  Ps: ["(", "[", "{", "\u201a", "\u300c", "\uff08"],
  Pe: [")", "]", "}", "\u300d", "\uff09"],
  Pi: ["\u00ab", "\u2018", "\u201c", "\u2e02"],
  Pf: ["\u00bb", "\u2019", "\u201d", "\u2e03"],
  Po: ["!", ".", "'", '"', "/", "\\", "\u3002", "\u061f", "\u037e", "\u{10a50}", "\uff07"],
  Sm: ["+", "<", "\u2211", "\u00d7", "\u2260", "\u2044", "\u{1d6c1}"],
  Sc: ["$", "\u20ac", "\u20bf", "\u20b9", "\u{1e2ff}", "\u20c0"],
  Sk: ["^", "`", "\u00a8", "\u02c2", "\ua700", "\u{1f3fb}", "\uff3e"],
  So: ["\u00a9", "\u00b0", "\u2603", "\u{1f600}", "\u{1f1e6}", "\u2800", "\ufffd"],
  Zs: [" ", "\u00a0", "\u1680", "\u2003", "\u3000", "\u202f", "\u205f"],
  Zl: ["\u2028", "\u2028\u2028"],
  Zp: ["\u2029", "\u2029\u2029"],
  Cc: ["\u0001", "\u001f", "\u007f", "\u0085", "\t", "\u001b", "\u000b", "\u000c"],
  Cf: ["\u00ad", "\u200b", "\u200d", "\u2060", "\ufeff", "\u0600", "\u06dd", "\u180e", "\u{e0001}", "\u{110bd}"],
  Co: ["\ue000", "\uf8ff", "\u{f0000}", "\u{100000}", "\u{10fffd}"],
  Cn: ["\u0378", "\u0530", "\ufffe", "\uffff", "\u{1fffe}", "\u{10ffff}", "\u{e0fff}"],
};

/** Every character of the property White_Space. */
const WHITE_SPACE = [
  "\t", "\n", "\u000b", "\u000c", "\r", " ", "\u0085", "\u00a0", "\u1680",
  "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
  "\u2028", "\u2029", "\u202f", "\u205f", "\u3000",
];

/** What other engines take for white space, or what looks like it, but is not. */
const NOT_WHITE_SPACE = [
  "\u001c", "\u001d", "\u001e", "\u001f", "\u180e", "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff",
  "\u2800", "\u3164", "\u115f", "\uffa0", "\u00ad", "\u034f", "\u0008", "\u007f", "\u2063",
];

/** The endings of the contractions, in every case, with the letters that fold to s and k. */
const CONTRACTIONS = [
  "'s", "'S", "'\u017f", "'t", "'T", "'re", "'RE", "'Re", "'rE", "'ve", "'VE", "'Ve", "'vE", "'m", "'M",
  "'ll", "'LL", "'Ll", "'lL", "'d", "'D",
];
const NOT_CONTRACTIONS = [
  "'", "''", "'k", "'\u212a", "'l", "'L", "'r", "'R", "'v", "'V", "'e", "'la", "'rx", "'vE\u0301", "'\u00df",
  "\u2019s", "\u2018s", "\uff07s", "`s", "\u02bcs", "\u00b4s", "'\u1e9e", "'\ufb06", "'\ufb05", "'\u0251",
];

/** One character (or few) of each class that the patterns tell apart, and near misses. */
const CLASSES = {
  "upper": "A", "lower": "a", "title": "\u01c5", "modifier": "\u02b0", "caseless": "日",
  "mark": "\u0301", "enclosing mark": "\u20e3", "digit": "1", "letter number": "\u2167", "other number": "\u00bd",
  "apostrophe": "'", "slash": "/", "punctuation": "!", "symbol": "\u20ac", "emoji": "\u{1f600}",
  "space": " ", "tab": "\t", "no-break space": "\u00a0", "ideographic space": "\u3000", "next line": "\u0085",
  "line separator": "\u2028", "newline": "\n", "return": "\r", "return newline": "\r\n",
  "format": "\u200b", "joiner": "\u200d", "byte order mark": "\ufeff", "control": "\u0001",
  "private use": "\ue000", "unassigned": "\u0378", "noncharacter": "\uffff", "last": "\u{10ffff}",
};

const SPECIAL_TOKENS = [
  "<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|endofprompt|>",
  "<|im_start|>", "<|im_end|>", "<|im_sep|>",
  "<|startoftext|>", "<|return|>", "<|constrain|>", "<|channel|>", "<|start|>", "<|end|>", "<|message|>", "<|call|>",
  "<|reserved_200000|>", "<|reserved_201087|>", "<|reserved_201088|>",
];

/** Letters that a table of an older Unicode does not know, and how they are cased there. */
const NEW_LETTERS = {
  "15.0 Kawi": "\u{11f04}\u{11f05}\u{11f34}\u{11f35}\u{11f50}\u{11f51}",
  "15.0 Nag Mundari": "\u{1e4d0}\u{1e4d1}\u{1e4eb}\u{1e4ec}\u{1e4f0}\u{1e4f1}",
  "15.0 CJK extension H": "\u{31350}\u{31351}\u{323af}",
  "15.0 Cyrillic modifiers": "\u{1e030}\u{1e031}\u{1e06d}\u{1e08f}",
  "15.0 Kannada, Lao, Devanagari": "\u0cf3\u0ece\u{11b00}",
  "15.1 CJK extension I": "\u{2ebf0}\u{2ebf1}\u{2ee5d}",
  "15.1 ideographic description": "\u2ffc\u2fff\u31ef",
  "16.0 Garay upper": "\u{10d50}\u{10d51}\u{10d65}",
  "16.0 Garay lower": "\u{10d70}\u{10d71}\u{10d85}",
  "16.0 Garay others": "\u{10d40}\u{10d41}\u{10d4a}\u{10d4e}\u{10d6f}\u{10d69}",
  "16.0 Todhri": "\u{105c0}\u{105c1}\u{105d2}\u{105f3}",
  "16.0 Sunuwar": "\u{11bc0}\u{11bc1}\u{11be0}\u{11bf0}\u{11bf1}",
  "16.0 Tulu-Tigalari": "\u{11380}\u{11381}\u{113b8}\u{113d1}\u{113d3}",
  "16.0 Gurung Khema": "\u{16100}\u{16101}\u{1611e}\u{16130}\u{16131}",
  "16.0 Kirat Rai": "\u{16d40}\u{16d41}\u{16d43}\u{16d70}\u{16d71}",
  "16.0 Ol Onal": "\u{1e5d0}\u{1e5d1}\u{1e5ee}\u{1e5f1}\u{1e5f2}",
  "16.0 Latin": "\ua7cb\ua7cc\ua7cd\ua7da\ua7db\ua7dc",
  "16.0 Cyrillic": "\u1c89\u1c8a",
  "16.0 Egyptian": "\u{13460}\u{13461}\u{143fa}",
  "16.0 Arabic": "\u0897\u{10ec2}\u{10ec3}\u{10ec4}\u{10efc}",
  "16.0 Myanmar digits": "\u{116d0}\u{116d1}\u{116e3}",
  "16.0 outlined digits": "\u{1ccf0}\u{1ccf1}\u{1ccf9}\u{1ccd6}",
  "17.0 Latin": "\ua7ce\ua7cf\ua7d2\ua7d4\ua7f1",
  "17.0 Arabic, Telugu, Kannada": "\u088f\u0c5c\u0cdc",
  "17.0 CJK extension J": "\u{323b0}\u{323b1}\u{33479}",
  "17.0 Sidetic": "\u{10940}\u{10941}\u{10959}",
  "17.0 Tolong Siki": "\u{11db0}\u{11db1}\u{11dd9}\u{11de0}\u{11de1}",
  "17.0 Beria Erfe": "\u{16ea0}\u{16ea1}\u{16ebb}\u{16ebc}\u{16ed3}",
  "17.0 Tai Yo": "\u{1e6c0}\u{1e6c1}\u{1e6e0}\u{1e6e3}\u{1e6ff}",
  "17.0 Tangut components": "\u{18d09}\u{18d1e}\u{18d80}\u{18df2}",
};

/**
 * Contexts in which the class of X changes the tokens beside X, although those of X never merge with them:
 * X's by whether X is a letter, X1234 by whether it is a digit, X with LF by whether it is punctuation. In
 * o200k_base, few tokens have capitals after letters without case; one is U+4E9A U+6D32 A V. A capital after it
 * splits it, and so does a small letter before it if another follows.
 */
const telling = (x) => `${x}'self ${x}1234 ${x}\n \n  ${x} \u4e9a\u6d32AV${x} ${x}\u4e9a\u6d32AVb`;

/** All [name, text], in a fixed order; no two texts are equal. */
export function nastyStrings() {
  const cases = [];
  const texts = new Set();
  const names = new Set();
  const add = (name, text) => {
    if (text.includes("\0")) throw new Error(`${name}: PostgreSQL's text cannot hold U+0000`);
    if (!text.isWellFormed()) throw new Error(`${name}: a lone surrogate`);
    if (names.has(name)) throw new Error(`${name}: a name used twice`);
    if (texts.has(text)) return;
    names.add(name);
    texts.add(text);
    cases.push([name, text]);
  };
  const hex = (text) => [...text].map((c) => "U+" + c.codePointAt(0).toString(16).toUpperCase().padStart(4, "0")).join(" ");

  add("empty", "");

  singles(add, hex);
  contractions(add, hex);
  categories(add);
  classPairs(add);
  runs(add);
  whiteSpace(add, hex);
  lineEnds(add);
  slashTails(add);
  digits(add);
  letterCase(add);
  marks(add);
  emoji(add);
  specialTokens(add);
  scripts(add);
  oddCodePoints(add);
  newLetters(add);
  vocabularyEdges(add);
  realText(add);
  return cases;
}

function singles(add, hex) {
  for (let c = 1; c < 0x80; ++c) add(`ASCII ${hex(String.fromCharCode(c))}`, String.fromCharCode(c));
  const alone = ["\u00a0", "\u00e9", "\u0130", "\u0131", "\u017f", "\u212a", "\ufb00", "\u01c5", "\u02b0", "\u0301", "日",
    "\u{1f600}", "\u{10ffff}", "\uffff", "\u0085", "\u2028", "\u2029", "\u3000", "\ufeff", "\u00bd", "\u2167", "\u2019"];
  for (const c of alone) add(`alone ${hex(c)}`, c);
  // All of the two-byte and the beginning of the three-byte characters, in order, in one piece each.
  const range = (first, last) => {
    let text = "";
    for (let c = first; c <= last; ++c) text += String.fromCodePoint(c);
    return text;
  };
  for (let first = 0x80; first < 0x900; first += 0x80) add(`block ${hex(String.fromCodePoint(first))}`, range(first, first + 0x7f));
  add("printable ASCII in order", range(0x20, 0x7e));
  add("printable ASCII backwards", [...range(0x20, 0x7e)].reverse().join(""));
  add("controls in order", range(0x01, 0x1f) + "\u007f");
  add("controls between letters", [...range(0x01, 0x1f)].map((c) => "a" + c).join(""));
}

function contractions(add, hex) {
  // (?i:'s) matches 's, 'S and 'ſ (which folds to s); nothing in the list folds to k.
  const known = [...CONTRACTIONS, ...NOT_CONTRACTIONS];
  for (const c of known) {
    const name = `contraction ${hex(c)}`;
    add(`${name} alone`, c);
    add(`${name} after words`, `it${c} IT${c} It${c} x${c}`);
    add(`${name} before words`, `${c}it ${c}IT ${c} it ${c}1`);
    add(`${name} twice`, `${c}${c} a${c}${c} A${c}${c}${c}`);
    add(`${name} after a space`, ` ${c}  ${c}\n${c}\t${c}`);
  }
  for (const [className, c] of Object.entries(CLASSES)) {
    add(`contractions after ${className}`, CONTRACTIONS.map((s) => c + s).join(""));
    add(`contractions before ${className}`, CONTRACTIONS.map((s) => s + c).join(" "));
    add(`contractions in ${className}`, CONTRACTIONS.map((s) => `${c}${c}${s}${c}`).join("\n"));
  }
  for (const first of CONTRACTIONS) add(`contraction pairs ${hex(first)}`, CONTRACTIONS.map((second) => `n${first}${second}`).join(" "));
  // Known to be told apart by case-insensitive matching only.
  add("long s between contractions", "\ufb00\u0130'\u017f'SK");
  add("long s after capitals", "ABC'\u017f DEF'\u017fX ghi'\u017fx 'ſ'ſ");
  add("Kelvin after an apostrophe", "I'\u212a I'\u212aelvin 5\u212a'\u017f");
  add("dotted and dotless i", "\u0130'\u0131 I'ı İ'LL İ'Ll ı'll");
  add("contraction letters as beginnings of words", "'self 'then 'men 'dog 'really 'very 'llama 'SELF 'THEN 'LLAMA 'Llama");
  add("contraction at a case change", "Don'T don'TX don'tX DON'tX DON'Tx I'LLx I'llX we'Re we'rEx");
  add("apostrophes in a row", "'''''s''''t'''re''ve'm");
  add("rock and roll", "rock 'n' roll 'twas 'tis o'clock O'Reilly l'été d'Artagnan D'ARTAGNAN jusqu'à qu'il");
  add("quoted", "'a' 'I' 's' 'S' 't' 'll' 'LL' 'd' 'D' 'm' 're' 've'");
  add("possessives", "James' James's JAMES'S JAMES's the 1990's 90'S 5'd 5'D");
  add("typographic apostrophe", "don\u2019t I\u2019ll WE\u2019VE it\u2019\u017f");
  add("contraction with a mark", "it's\u0301 it'\u0301s it\u0301's I'l\u0301l");
  add("contraction before caseless letters", "it's日 it'S日 日's日本 あ'll가");
  add("contraction at the end after newline", "\n's");
  add("contraction before newline", "'s\n'S\r\n'll\n\n'LL/");
}

function categories(add) {
  for (const [category, chars] of Object.entries(CATEGORIES)) {
    const every = (make, glue = "") => chars.map(make).join(glue);
    add(`${category} one after the other`, chars.join(""));
    add(`${category} between spaces`, " " + chars.join(" ") + "  " + chars.join("  ") + " ");
    add(`${category} twice`, every((c) => c + c, " "));
    add(`${category} thrice after newline`, every((c) => "\n" + c + c + c));
    add(`${category} in words`, every((c) => `ab${c}cd`, " "));
    add(`${category} in capitals`, every((c) => `AB${c}CD`, " "));
    add(`${category} at changes of case`, every((c) => `a${c}B A${c}b ${c}Ab ${c}aB aB${c} Ab${c}`, " "));
    add(`${category} around digits`, every((c) => `12${c}34 ${c}5 6${c}`, " "));
    add(`${category} with apostrophes`, every((c) => `'${c} ${c}' ${c}'s '${c}s 's${c} ${c}'LL`, " "));
    add(`${category} with marks`, every((c) => `${c}\u0301 \u0301${c} a\u0301${c}\u0308b`, " "));
    add(`${category} before line ends`, every((c) => `${c}\n${c}\r\n${c}/\n${c} \n${c}\t`));
    add(`${category} among punctuation`, every((c) => `.${c}. (${c}) -${c}- ${c}!!!`, " "));
    add(`${category} telling`, every(telling, "\n"));
    add(`${category} among CJK`, every((c) => `日${c}本 ${c}語 A語${c}a語${c}B`));
  }
}

function classPairs(add) {
  // Every class before every other: one string for each first class.
  const entries = Object.entries(CLASSES);
  for (const [name, first] of entries) {
    add(`${name} before each class`, entries.map(([, second]) => "x" + first + second + "y").join(""));
    add(`${name} doubled before each class`, entries.map(([, second]) => first + first + second).join("Z"));
    add(`${name} between each class`, entries.map(([, second]) => second + first + second).join(""));
  }
}

function runs(add) {
  const units = {
    "a": "a", "space": " ", "hyphen": "-", "caret": "^", "newline": "\n", "return": "\r", "return newline": "\r\n",
    "tab": "\t", "日": "日", "1": "1", "é": "\u00e9", "emoji": "\u{1f600}",
  };
  const lengths = [];
  for (let n = 1; n <= 20; ++n) lengths.push(n);
  // The edges of 64-byte batches, of small counters and of tables.
  lengths.push(63, 64, 65, 66, 127, 128, 129, 130, 255, 256, 257, 258);
  for (const [name, unit] of Object.entries(units)) {
    for (const n of lengths) add(`run of ${n} ${name}`, unit.repeat(n));
    for (const n of [2, 3, 4, 31, 32, 33, 64, 100]) {
      add(`run of ${n} ${name} before x`, unit.repeat(n) + "x");
      add(`run of ${n} ${name} after x before 7`, "x" + unit.repeat(n) + "7");
      add(`run of ${n} ${name} between !`, "!" + unit.repeat(n) + "!");
    }
    add(`run of 1000 ${name}`, unit.repeat(1000));
  }
  for (const name of ["a", "space", "hyphen", "newline", "1", "日", "emoji"]) add(`run of 5000 ${name}`, units[name].repeat(5000));
  const more = { "A": "A", "=": "=", "*": "*", "underscore": "_", "dot": ".", "slash": "/", "apostrophe": "'",
    "Aa": "Aa", "aA": "aA", "ab": "ab", "no-break space": "\u00a0", "ideographic space": "\u3000", "mark": "\u0301",
    "zero-width space": "\u200b", "'s": "'s", "'S": "'S", "space tab": " \t", "space newline": " \n", "newline space": "\n ",
    "half": "\u00bd", "Arabic digit": "\u0661", "noncharacter": "\u{10ffff}", "ha": "ha", "a space": "a ", "- ": "- " };
  for (const [name, unit] of Object.entries(more)) for (const n of [3, 17, 64, 300]) add(`run of ${n} ${name}`, unit.repeat(n));
}

function whiteSpace(add, hex) {
  const followers = { "letter": "a", "capital": "A", "digit": "1", "punctuation": "!", "apostrophe": "'s", "mark": "\u0301",
    "newline": "\n", "return": "\r", "caseless": "日", "slash": "/", "end": "" };
  const kinds = { "space": " ", "tab": "\t", "no-break space": "\u00a0", "ideographic space": "\u3000", "vertical tab": "\u000b",
    "newline": "\n" };
  for (const [kind, space] of Object.entries(kinds)) {
    for (const n of [1, 2, 3, 4]) {
      for (const [name, follower] of Object.entries(followers)) add(`${n} ${kind} before ${name}`, "x" + space.repeat(n) + follower);
    }
  }
  // Mixed runs: the last space goes to the next word, but only if it is a plain space (or, for a
  // word of the newer encodings, any character that is neither letter, digit, CR nor LF).
  for (const run of [" \t", "\t ", " \u00a0", "\u00a0 ", "  \t\t", "\t\t  ", " \n", "\n ", " \n ", "\n \n", " \r\n ", "\t\n\t", "  \n\n  ",
    "\u3000 ", " \u3000", "\u2028 ", " \u2028", "\u0085 ", " \u0085", "\n\u0085", "\u0085\n", "\n\u2028\n", "\r\u2029\n ", " \u000b\u000c "]) {
    add(`mixed ${hex(run)} before things`, Object.values(followers).map((f) => "x" + run + f).join(""));
    add(`mixed ${hex(run)} at the start`, run + "x");
    add(`mixed ${hex(run)} at the end`, "x" + run);
    add(`mixed ${hex(run)} alone`, run);
  }
  for (const c of WHITE_SPACE) {
    add(`white space ${hex(c)}`, `a${c}b ${c}c${c} d${c}${c}e ${c}1${c}${c}2 .${c}.${c}${c}.\n${c}\n${c}${c}x${c}`);
  }
  for (const c of NOT_WHITE_SPACE) {
    add(`no white space ${hex(c)}`, `a${c}b ${c}c${c} d${c}${c}e ${c}1${c}${c}2 .${c}.${c}${c}.\n${c}\n${c}${c}x${c}`);
  }
  add("every white space", WHITE_SPACE.join(""));
  add("every white space between letters", WHITE_SPACE.map((c) => "a" + c).join("") + "b");
  add("every white space after a space", WHITE_SPACE.map((c) => "a " + c).join("") + "b");
  add("every white space before a space", WHITE_SPACE.map((c) => "a" + c + " ").join("") + "b");
  add("every white space backwards", [...WHITE_SPACE].reverse().join("") + "x");
  add("every look-alike", NOT_WHITE_SPACE.join(""));
  add("look-alikes after spaces", NOT_WHITE_SPACE.map((c) => " " + c).join(""));
  add("white space and look-alikes in turn", WHITE_SPACE.map((c, i) => c + NOT_WHITE_SPACE[i % NOT_WHITE_SPACE.length]).join(""));
}

function lineEnds(add) {
  const ends = { CR: "\r", LF: "\n", CRLF: "\r\n", NEL: "\u0085", LS: "\u2028", PS: "\u2029" };
  const entries = Object.entries(ends);
  for (const [first, a] of entries) {
    for (const [second, b] of entries) {
      // The line end before a word, a digit, a dot, spaces and the end.
      add(`${first} ${second}`, `a${a}${b}b.${a}${b}.1${a}${b}2 ${a}${b} c${a} ${b}d${a}${b}`);
      add(`${first} ${second} first`, a + b + "x" + b + a);
      for (const [third, c] of entries) add(`${first} ${second} ${third}`, `w${a}${b}${c}w!${c}${a}${b} w`);
    }
  }
  add("line ends in text", "one\ntwo\r\nthree\rfour\u0085five\u2028six\u2029seven\n\r eight\n\n\nnine\r\n\r\nten");
  add("spaces before line ends", "one \ntwo  \n three\t\n\tfour \r\n five  \r\n\r\n  six \n \n \n");
  add("trailing blank lines", "end.\n\n\n");
  add("trailing blank lines with spaces", "end. \n \n  \n   ");
  add("newlines after punctuation", "a.\nb!\n\nc;\r\nd)\n e}\n\n\n f],\r\r g\"\n\t");
}

function slashTails(add) {
  // o200k_base lets punctuation end with any mix of CR, LF and slashes.
  const tails = ["/", "\n", "\r", "\n/", "/\n", "\r\n/", "//\n\n//", "/\r/\n/", "\n\n/ ", "/ /", "\n //", "/\t/"];
  for (const head of [".", " .", "a.", "a", "1", "1.", "'", "日。", "\u{1f600}", "\u20ac", "\u200b", "\n", " ", "/", "*"]) {
    add(`slash tails after ${JSON.stringify(head)}`, tails.map((t) => head + t).join("x"));
    add(`slash tails after ${JSON.stringify(head)} before digits`, tails.map((t) => head + t + "1").join(" "));
  }
  for (const t of tails) add(`slash tail ${JSON.stringify(t)} alone`, t);
  add("comments", "//\n// a\n/* b */\n/**\n * c\n */\n///\n#!/bin/sh\n</p>\n/>\n}//\n});//\n");
  add("slashes between words", "and/or a/b/c/ /d //e ///f 1/2 3//4 ./x ../y ~/z :// .//.");
}

function digits(add) {
  const families = {
    "ASCII": ["0", "1", "2", "7"], "Arabic-Indic": ["\u0660", "\u0661", "\u0662", "\u0667"],
    "Devanagari": ["\u0966", "\u0967", "\u0968", "\u096d"], "fullwidth": ["\uff10", "\uff11", "\uff12", "\uff17"],
    "mathematical": ["\u{1d7ce}", "\u{1d7cf}", "\u{1d7d0}", "\u{1d7d5}"], "Roman": ["\u2160", "\u2161", "\u2167", "\u216f"],
    "superscript": ["\u00b2", "\u00b3", "\u00b9", "\u2074"], "fraction": ["\u00bd", "\u00bc", "\u2153", "\u215b"],
    "circled": ["\u2460", "\u2461", "\u2468", "\u3251"], "ideographic zero": ["\u3007", "\u3007", "\u3007", "\u3007"],
  };
  for (const [name, chars] of Object.entries(families)) {
    for (let n = 1; n <= 10; ++n) {
      const run = Array.from({ length: n }, (_, i) => chars[i % chars.length]).join("");
      add(`${n} ${name} digits`, run);
      add(`${n} ${name} digits among things`, `a${run}b ${run} ${run}. -${run}'s ${run}\n${run}`);
    }
  }
  // Digits are grouped in threes by characters, of whatever script and length in bytes.
  add("mixed digits", "1\u06612\u09673\uff114\u{1d7cf}5\u21676\u00bd7\u00b28\u24609");
  add("mixed digits of one to four bytes", "1\u00b2\u0967\u{1d7cf}1\u00b2\u0967\u{1d7cf}1\u00b2\u0967\u{1d7cf}");
  add("CJK numerals are letters", "一二三四五六七八九十〇百千");
  add("digits and marks", "1\u03012\u20e33 1\ufe0f\u20e3 12\u0301 123\u0301456");
  add("digits before a group end", "12a123b1234c12345d 1a 12 123 1234 12345 123456 1234567");
  add("numbers with separators", "1,234,567.89 1.234.567,89 1 234 567,89 1\u00a0234\u202f567 1_000_000 1'000'000 0x1F 0b1010 1e-10 -1.5E+300");
  add("dates and times", "2025-06-10T00:00:00Z 10/06/2025 00:59:59.999999+02:00 12:30pm 1990s 21st");
  add("phone, card and version numbers", "+49 (0)30 1234567 4111-1111-1111-1111 v1.2.3-rc.10+build.456 10.0.0.1:8080 ::1 fe80::1%eth0");
  add("long number", "3.14159265358979323846264338327950288419716939937510582097494459230781640628620899862803482534211706798214808651");
  add("powers", "x\u00b2+y\u00b2=z\u00b2 m\u00b3 10\u207b\u2076 H\u2082O CO\u2082 5\u2032 30\u00b0C \u00bdcup 1\u00bd");
}

function letterCase(add) {
  // All words of four letters over upper, lower, caseless and mark: the two word alternatives of
  // o200k_base differ by where case changes, and caseless letters and marks belong to both.
  const alphabet = { U: "A", L: "b", O: "日", M: "\u0301" };
  const kinds = Object.keys(alphabet);
  for (const a of kinds) {
    for (const b of kinds) {
      const words = kinds.flatMap((c) => kinds.map((d) => [a, b, c, d].map((k) => alphabet[k]).join("")));
      add(`case ${a}${b}.. words`, words.join(" "));
      add(`case ${a}${b}.. words after digits`, words.map((w) => "1" + w).join(""));
      add(`case ${a}${b}.. words with contractions`, words.map((w) => w + "'S").join(""));
    }
  }
  // The same with titlecase, modifier letters and other caseless ones.
  const wide = { U: "\u0416", L: "\u00df", T: "\u01c5", H: "\u02b0", O: "\u00aa", M: "\u093e" };
  const wideKinds = Object.keys(wide);
  for (const a of wideKinds) {
    for (const b of wideKinds) add(`wide case ${a}${b}. words`, wideKinds.map((c) => [a, b, c].map((k) => wide[k]).join("")).join(" "));
  }
  const words = [
    "HTTPResponse", "XMLHttpRequest", "camelCase", "PascalCase", "snake_case", "SCREAMING_SNAKE_CASE", "kebab-case",
    "iPhone", "eBay", "McDonald", "MacBookPro", "pH", "mRNA", "LaTeX", "YouTube", "OpenAI", "PostgreSQL", "GPT4oMini", "aBcDeFgH",
    "AbCdEfGh", "ABCdef", "abcDEF", "ABC日def", "abc日DEF", "A日日B", "a日日b", "A日日b", "a日日B", "AxxB", "AxXB",
    "日本語Text", "Text日本語", "TEXT日本語text", "text日本語TEXT", "中文English中文", "中文ENGLISH中文english", "한국어Korean한국어",
    "\u02b0A", "A\u02b0", "a\u02b0B", "A\u02b0b", "A\u02b0B", "\u02b0\u02b0Aa", "AA\u02b0\u02b0aa", "AA\u02b0\u02b0BB",
    "\u01c5abc", "abc\u01c5", "\u01c5ABC", "ABC\u01c5", "\u01c5\u01c8\u01cb\u01f2", "a\u01c5B", "A\u01c5b", "\u01c4\u01c5\u01c6",
    "\u00aa\u00ba1\u00aa", "n\u00baA", "N\u00baa", "\u00c9t\u00e9\u00c9T\u00c9", "stra\u00dfeSTRA\u1e9eE", "\u0130stanbulI\u0131",
    "\u0416ж\u0416\u0416жж", "МоскваМОСКВАмосква", "ΑθήναΑΘΗΝΑαθήνα\u03c2\u03a3", "\ufb00\ufb01\ufb02A\ufb00", "\u2160\u2170A\u2160a",
    "\u24b6\u24d0", "\uff21\uff22\uff43\uff44", "\u{1d400}\u{1d41a}\u{1d400}", "\u{10400}\u{10428}\u{10400}", "\u10d0\u1c90\u10a0\u2d00",
    "\u13a0\uab70\u13a0", "\u0561\u0531\u0531\u0561", "\u212aelvin\u212a", "\u017ft\u017fT",
  ];
  for (const word of words) {
    add(`word ${word}`, word);
    add(`word ${word} in contexts`, ` ${word} ${word}${word} (${word}) 1${word}2 ${word}'s ${word}'LL\n${word}\t${word}`);
  }
}

function marks(add) {
  const mark = { "acute": "\u0301", "two": "\u0301\u0323", "devanagari vowel": "\u093e", "virama": "\u094d", "enclosing circle": "\u20dd",
    "variation selector": "\ufe0f", "supplementary selector": "\u{e0100}", "hebrew point": "\u05b0", "arabic fatha": "\u064e",
    "thai vowel": "\u0e31", "tone mark": "\u302a", "music stem": "\u{1d165}" };
  for (const [name, m] of Object.entries(mark)) {
    add(`mark ${name} first`, m + "a");
    add(`mark ${name} only`, m);
    add(`mark ${name} run`, m.repeat(7));
    add(`mark ${name} after a space`, ` ${m} ${m}a  ${m}b ${m}${m}A`);
    add(`mark ${name} after digits`, `1${m} 12${m}a 123${m}4 ${m}5`);
    add(`mark ${name} after punctuation`, `.${m} !${m}a --${m}B '${m} '${m}s (${m})${m}.`);
    add(`mark ${name} after letters`, `a${m} A${m} a${m}B A${m}b aa${m}bb AA${m}BB 日${m}本 a${m}'s A${m}'S`);
    add(`mark ${name} after line ends`, `\n${m}\r${m}\r\n${m}a\n\n${m}A\u2028${m}\t${m}`);
    add(`mark ${name} after symbols`, `\u20ac${m} \u{1f600}${m} +${m}a \u00a9${m}${m}`);
    add(`mark ${name} after special ones`, `\u200d${m} \ufeff${m} \ue000${m}x \u0378${m}x \u00a0${m}x \u3000${m}X`);
  }
  const above = ["\u030d", "\u030e", "\u0304", "\u0305", "\u033f", "\u0311", "\u0306", "\u0310", "\u0352", "\u0357"];
  const below = ["\u0316", "\u0317", "\u0318", "\u0319", "\u031c", "\u031d", "\u031e", "\u031f", "\u0320", "\u0324"];
  const zalgo = (text, depth) => [...text].map((c, i) => {
    let pile = c;
    for (let k = 0; k < depth; ++k) pile += above[(i * 3 + k) % 10] + below[(i * 7 + k * 3) % 10];
    return pile;
  }).join("");
  add("Zalgo light", zalgo("Hello, World! It's me", 1));
  add("Zalgo heavy", zalgo("Hello, World! It's me", 12));
  add("Zalgo digits and lines", zalgo("12 34\n'S/\n", 4));
  add("decomposed text", "e\u0301te\u0301 E\u0301TE\u0301 na\u0308i\u0308ve Zu\u0308rich A\u030angstro\u0308m n\u0303 c\u0327a");
  add("composed text", "\u00e9t\u00e9 \u00c9T\u00c9 n\u00e4\u00efve Z\u00fcrich \u00c5ngstr\u00f6m \u00f1 \u00e7a");
  add("decomposed Vietnamese", "Vie\u0323\u0302t Nam tie\u0302\u0301ng Vie\u0323\u0302t");
}

function emoji(add) {
  const list = {
    "family": "\u{1f468}\u200d\u{1f469}\u200d\u{1f467}\u200d\u{1f466}", "couple": "\u{1f469}\u200d\u2764\ufe0f\u200d\u{1f48b}\u200d\u{1f468}",
    "profession with skin": "\u{1f469}\u{1f3fd}\u200d\u{1f680}", "rainbow flag": "\u{1f3f3}\ufe0f\u200d\u{1f308}",
    "flag": "\u{1f1e9}\u{1f1ea}", "flags": "\u{1f1e9}\u{1f1ea}\u{1f1ef}\u{1f1f5}\u{1f1fa}\u{1f1f8}", "half a flag": "\u{1f1e9}",
    "flag of tags": "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}", "skin": "\u{1f44d}\u{1f3fb}\u{1f44d}\u{1f3ff}",
    "keycaps": "1\ufe0f\u20e32\ufe0f\u20e3#\ufe0f\u20e3*\ufe0f\u20e3", "keycap without selector": "1\u20e312\u20e3",
    "text heart": "\u2764\ufe0e", "emoji heart": "\u2764\ufe0f", "bare heart": "\u2764", "watch": "\u231a\ufe0f\u231a\ufe0e",
    "joiner first": "\u200d\u{1f469}", "joiner last": "\u{1f469}\u200d", "joiners": "\u200d\u200d\u200d", "selector first": "\ufe0f\u{1f469}",
    "skin first": "\u{1f3fd}", "new": "\u{1fae8}\u{1fae9}\u{1fac6}\u{1fabe}\u{1fadc}\u{1fadf}", "copyright": "\u00a9\ufe0f\u2122\ufe0f\u2139\ufe0f",
  };
  for (const [name, e] of Object.entries(list)) {
    add(`emoji ${name}`, e);
    add(`emoji ${name} in contexts`, `a${e}b ${e} A${e}${e}B 1${e}2 ${e}'s .${e}!\n${e}\n日${e}`);
  }
  add("emoji in a message", "Great job!!! \u{1f389}\u{1f389}\u{1f64f}\u{1f3fc} see you @ 5\ufe0f\u20e3pm \u{1f602}\u{1f602}\u{1f602} <3 :-) \u00af\\_(\u30c4)_/\u00af");
}

function specialTokens(add) {
  // Ordinary encoding takes them as text.
  for (const token of SPECIAL_TOKENS) {
    add(`special ${token}`, token);
    add(`special ${token} in text`, `a${token}b ${token} ${token}${token}\n${token}'s 1${token}2`);
    add(`special ${token} cut`, token.slice(0, -1) + " " + token.slice(1) + " " + token.slice(0, -2) + " " + token.slice(2));
    add(`special ${token} changed`, token.toUpperCase() + token.replaceAll("|", "||") + token.replaceAll("_", " ") + token.replace("<|", "< |"));
  }
  add("special tokens one after the other", SPECIAL_TOKENS.join(""));
  add("parts of special tokens", "<| |> <|| ||> <|x|> <||> <|endof <|end oftext|> endoftext <endoftext> </s> <s> [INST] [/INST] <<SYS>>");
}

function scripts(add) {
  const samples = {
    "Arabic": "السلام عليكم ورحمة الله، ١٢٣٤ كتابٌ جديدٌ؟", "Hebrew": "שלום עולם, מה שלומך? שָׁלוֹם",
    "bidi controls": "\u202aabc\u202b\u05d0\u05d1\u202c\u202d1\u202e2\u202c \u2066x\u2067\u05d2\u2068y\u2069 \u200e\u200f\u061c",
    "mixed direction": "abc \u05d0\u05d1\u05d2 123 \u0627\u0644 (def) \u05d3's",
    "Hindi": "नमस्ते दुनिया। यह १२३ है, क्षत्रिय", "Bengali": "আমার সোনার বাংলা ১২৩", "Tamil": "வணக்கம் உலகம் ௧௨௩", "Thai": "สวัสดีชาวโลก ๑๒๓ ที่นี่",
    "Lao": "ສະບາຍດີ ໑໒໓", "Khmer": "សួស្តីពិភពលោក ១២៣", "Burmese": "မင်္ဂလာပါ ၁၂၃", "Tibetan": "བཀྲ་ཤིས་བདེ་ལེགས། ༡༢༣", "Georgian": "გამარჯობა ᲒᲐᲛᲐᲠᲯᲝᲑᲐ",
    "Armenian": "Բարեւ աշխարհ ԲԱՐԵՒ", "Greek": "Γειά σου Κόσμε ΟΔΥΣΣΕΥΣ Ὀδυσσεύς ᾼ ᾳ", "Amharic": "ሰላም ልዑል ፩፪፫", "Cherokee": "ᏣᎳᎩ ꮳꮃꭹ Ꮳꮃꭹ",
    "Russian": "Съешь ещё этих мягких французских булок, да выпей чаю. ЁЛКА ёлка", "Ukrainian": "п'ять м'яч об'єкт П'ЯТЬ",
    "Chinese": "我能吞下玻璃而不伤身体。「你好」，世界！２０２５年", "Japanese": "私はガラスを食べられます。それは私を傷つけません。ｶﾞﾗｽ　ー々〆ヶ",
    "Korean": "나는 유리를 먹을 수 있어요. 그래도 아프지 않아요", "Mongolian": "\u182e\u1823\u1829\u182d\u1823\u182f \u180a\u180b\u180c\u180d\u180e\u180f",
    "Yi": "\ua000\ua001\ua015\ua490", "Cuneiform": "\u{12000}\u{12001}\u{12400}\u{12470}", "Egyptian": "\u{13000}\u{13001}\u{13430}\u{1343f}",
    "Deseret": "\u{10414}\u{1042f}\u{10445}\u{1042d}\u{1043b}", "Adlam": "\u{1e900}\u{1e922}\u{1e944}\u{1e950}\u{1e95e}", "Vithkuqi": "\u{10570}\u{10597}\u{10571}\u{10598}",
    "Warang Citi": "\u{118a0}\u{118c0}\u{118e0}\u{118f0}", "Medefaidrin": "\u{16e40}\u{16e60}\u{16e80}", "mathematical": "\u{1d400}\u{1d41a}\u{1d6c0}\u{1d6c1}\u{1d6c2}\u{1d7ce} \u2102\u210d\u2115\u{1d53b}",
    "SignWriting": "\u{1d800}\u{1da00}\u{1da8b}\u{1da9b}", "Ethiopic extended": "\u{1e7e0}\u{1e7e1}\u2d80\uab01", "N'Ko": "\u07d2\u07de\u07cf\u07eb\u07c1\u07c2\u07f5",
    "Hangul jamo": "\u1112\u1161\u11ab\u1100\u1173\u11af \u1112\u1161 \u11ab a\u1112B", "Hangul compatibility jamo": "\u314e\u314f\u3134 \u3164\u3165", "halfwidth Hangul": "\uffa1\uffc2\uffa4\uffa0",
    "Hangul decomposed beside composed": "\ud55c\u1112\u1161\u11ab\ud55c\ua960\ud7b0\ud7cb",
    "Kaktovik": "\u{1d2c0}\u{1d2c1}\u{1d2d3}", "Braille": "\u2801\u2803\u2809 \u2800", "box drawing": "\u250c\u2500\u2500\u2510\n\u2502  \u2502\n\u2514\u2500\u2500\u2518\n",
    "Coptic": "\u2c80\u2c81\u03e2\u03e3\u2cef", "IPA": "\u02c8h\u0259\u02c8l\u0259\u028a w\u025c\u02d0ld t\u02b0 k\u02b7 \u02cc", "Latin extended": "\ua722\ua723\ua78b\ua78c\u0294\u0241\u0242\ua7f7\ua7f8\uab30",
    "Turkish": "İstanbul'da IŞIK ışık İ'S i\u0307", "Polish": "Zażółć gęślą jaźń ŁÓDŹ", "Vietnamese": "Tôi có thể ăn thủy tinh mà không hại gì",
    "Yoruba": "Mo lè je̩ dígí, kò ní pa mí lára", "Hawaiian": "Hawai\u02bbi \u02bb\u014dlelo O\u02bbAHU", "Catalan": "col\u00b7lega COL\u00b7LEGA L\u2019H", "Irish": "t-uisce tUISCE nGaeilge hÉireann bPoblacht",
  };
  for (const [name, text] of Object.entries(samples)) {
    add(`script ${name}`, text);
    add(`script ${name} among Latin`, [...text].map((c, i) => (i % 3 === 0 ? "Ab" : i % 3 === 1 ? " " : "'s") + c).join(""));
  }
}

function oddCodePoints(add) {
  const odd = {
    "private use": "\ue000\ue001\uf8ff", "supplementary private use": "\u{f0000}\u{ffffd}\u{100000}\u{10fffd}",
    "noncharacters of the first plane": "\ufdd0\ufdef\ufffe\uffff", "noncharacters": "\u{1fffe}\u{1ffff}\u{2fffe}\u{fffff}\u{10fffe}\u{10ffff}",
    "edges of UTF-8 lengths": "\u0001\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}", "around the surrogates": "\ud7ff\ue000\ud7fb\ud7a3",
    "replacement": "\ufffd\ufffd\ufffd\ufffc", "tags": "\u{e0001}\u{e0020}\u{e0041}\u{e007f}", "unassigned": "\u0378\u0379\u0380\u05ff\u{1ffff}\u{2fa20}\u{50000}",
    "interlinear": "\ufff9\ufffa\ufffb", "soft hyphens": "in\u00adter\u00adna\u00adtion\u00adal", "grapheme joiner": "a\u034fb", "invisible operators": "f\u2061(x) a\u2062b a\u2063b a\u2064b",
    "arabic letter mark": "\u061c1\u061ca", "deprecated format": "\u206a\u206b\u206c\u206d\u206e\u206f", "kana extension": "\u{1b000}\u{1b001}\u{1b11f}\u{1aff0}",
    "hearts of planes": "\u{20000}\u{2a6df}\u{2f800}\u{2fa1d}\u{30000}\u{3134a}", "byte order mark first": "\ufeffHello", "byte order marks": "\ufeff\ufeff a\ufeff b\ufeff\n\ufeff",
    "word joiner": "a\u2060b \u2060c", "zero-width joiners in Persian": "می\u200cخواهم", "mojibake": "\u00c3\u00a9t\u00c3\u00a9 \u00e2\u20ac\u2122s \u00ef\u00bb\u00bfHi",
    "bytes as Latin-1": "\u0080\u0081\u008d\u008f\u0090\u009d\u00a0\u00ad\u00ff",
  };
  for (const [name, text] of Object.entries(odd)) {
    add(`odd ${name}`, text);
    add(`odd ${name} among things`, [...text].map((c) => `a${c}B ${c}1${c} '${c}'s${c}\n`).join(""));
  }
}

function newLetters(add) {
  for (const [name, text] of Object.entries(NEW_LETTERS)) {
    add(`Unicode ${name}`, text);
    // Where a class shows: joined to letters or not, to digits or not, and at which changes of case.
    add(`Unicode ${name} in contexts`, [...text].map((c) => `a${c}b A ${c}b 1${c}2 '${c}s .${c}\n A${c}A a${c}A ${c}a ${c}${c}`).join(" "));
    add(`Unicode ${name} telling`, [...text].map(telling).join("\n"));
  }
}

function vocabularyEdges(add) {
  // Long words in the vocabularies, and words that are nearly one.
  const words = [
    " SolidGoldMagikarp", "SolidGoldMagikarp", " RandomRedditorWithNo", "RandomRedditor", "rawdownloadcloneembedreportprint", "ÃÂÃÂÃÂÃÂÃÂÃÂÃÂÃÂ", "ÃÂÃÂÃÂÃÂ", " externalToEVA", "StreamerBot", "guiIcon", " attRot", "BuyableInstoreAndOnline",
    " --------------------------------------------------------------------------------\n", "________________________________________________________________",
    "=================================================================", "################################################################################",
    "////////////////////////////////////////////////////////////////////////////////", "****************************************************************",
    ".................................................................", " \n\n\n\n\n\n\n\n", "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n", "                                                                                 x",
    "\t\t\t\t\t\t\t\t\t\t\t\t\t\t\t\tx", "internationalization", "Internationalization", " INTERNATIONALIZATION", "antidisestablishmentarianism",
    "pneumonoultramicroscopicsilicovolcanoconiosis", "Donaudampfschifffahrtsgesellschaftskapitän", "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    "supercalifragilisticexpialidocious", "aaaaaaaaaaaaaaab", "abababababababab", "abcabcabcabcabc", "theThetheThe", "thethethethe", " thethe", "  the",
    "給主人留下些什麼吧", "中华人民共和国中央人民政府", "ありがとうございます", "안녕하세요", "\ufffd", "\ufffd\ufffd", "qwertyuiopasdfghjklzxcvbnm", "zxqjkvbpwmfgcyu",
    "xyxyxyxyxy", "WWWWWWWWWWWWWW", "lllllllllllllllll", "mississippimississippi", "bananabananabanana", "e\u0301e\u0301e\u0301", "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9",
  ];
  words.forEach((word, i) => {
    add(`vocabulary word ${i}`, word);
    add(`vocabulary word ${i} with a tail`, word + "x");
    add(`vocabulary word ${i} twice`, word + word);
    add(`vocabulary word ${i} without its last`, [...word].slice(0, -1).join(""));
  });
}

function realText(add) {
  const texts = {
    "URL": "https://user:pa%20ss@www.example.com:8443/a/b/../c.html?q=1&r=%E6%97%A5#frag-ment",
    "URLs": "http://example.com/ ftp://example.org/~x/ mailto:someone@example.net file:///etc/passwd www.example.com/a_b-c.d",
    "e-mail": "From: \"O'Neil, Sean\" <sean.o'neil+tag@example.co.uk>\r\nSubject: =?utf-8?B?w6l0w6k=?=\r\n\r\n> quoted\r\n>> twice\r\n-- \r\nSean",
    "base64": "TG9yZW0gaXBzdW0gZG9sb3Igc2l0IGFtZXQsIGNvbnNlY3RldHVyIGFkaXBpc2NpbmcgZWxpdA==\niVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
    "hexadecimal": "d41d8cd98f00b204e9800998ecf8427e 0xDEADBEEF DEADBEEFCAFEBABE 550e8400-e29b-41d4-a716-446655440000",
    "JSON": "{\"id\":1,\"name\":\"A\\u00e9\\n\",\"list\":[1,2.5,-3e10,null,true,false],\"o\":{\"k'k\":\"v/v\"}}",
    "JSON indented": "{\n  \"a\": [\n    1,\n    2\n  ],\n\t\"b\": {\n\t\t\"c\": \"d\"\n\t}\n}\n",
    "C with tabs": "int main(int argc, char **argv)\n{\n\tfor (size_t i = 0; i < n; ++i) {\n\t\tif (a[i] != '\\0' && !x->y)\n\t\t\tprintf(\"%d\\n\", a[i]);\n\t}\n\treturn 0;\n}\n",
    "C++ with spaces": "template <typename T>\nauto f(T&& x) -> decltype(x) {\n    return std::forward<T>(x);  // it's fine\n}\n\n\n#include <vector>\n",
    "Python": "def f(self, *args, **kwargs):\n    \"\"\"Doc's string.\"\"\"\n    if not args:\n        return [x**2 for x in range(10) if x % 2 == 0]\n\n    raise ValueError(f\"{args!r:>{10}}\")\n",
    "Windows line ends": "Sub Main()\r\n    Dim x As Integer\r\n\r\n    x = 1 ' it's a comment\r\nEnd Sub\r\n",
    "SQL": "SELECT t.id, count(*) AS n, 'it''s' || E'\\n' FROM \"T\" AS t WHERE t.x >= 1.5 AND name ILIKE '%o''r%' GROUP BY 1 ORDER BY n DESC NULLS LAST;--end\n",
    "LaTeX": "\\begin{equation}\\label{eq:1}\n  \\int_{-\\infty}^{\\infty} e^{-x^2}\\,dx = \\sqrt{\\pi}\n\\end{equation} $\\alpha_{i,j}'s$ \\'{e} ``quoted''",
    "markdown": "# Title\n\n* item **bold** _it's_\n  1. sub `code`\n\n```js\nconst a = `x${1}`;\n```\n\n> quote\n\n---\n[link](http://example.com/a_(b)) ![img](x.png \"t\")\n",
    "markdown table": "| a | b |\n|:---|---:|\n| 1 | it's |\n|   | \u00e9 |\n\n| --- | --- |\n",
    "HTML": "<!DOCTYPE html>\n<p class=\"x\" data-y='z'>A&nbsp;b&amp;c<br/>d</p>\n<!-- it's -->\n<script>if(a<b&&c>d){}</script>\n</html>",
    "XML": "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<a:b xmlns:a=\"urn:x\"><![CDATA[ ]]></a:b>\n",
    "YAML": "a:\n  - b: 1\n    c: \"d's\"\n  - &e {f: g, h: *e}\n---\n...\n", "TOML": "[a.b]\nc = 1_000\nd = '''it's'''\n", "CSV": "a,\"b, \"\"c\"\"\",1.5,,\r\n,,'x',\r\n",
    "diff": "--- a/x.c\n+++ b/x.c\n@@ -1,3 +1,4 @@\n-\told\n+\tnew\n \tsame\n\\ No newline at end of file\n",
    "shell": "#!/bin/bash\nset -euo pipefail\nfor f in *.txt; do echo \"${f%.txt}'s\" | sed -e 's/[^a-z]//g' >>/tmp/out 2>&1; done && exit $?\n",
    "regular expression": "^(?:[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|'(?i:[sdmt]|ll|ve|re))*$", "Windows path": "C:\\Users\\O'Neil\\AppData\\Local\\Temp\\~$x.docx \\\\server\\share$\\a b\\",
    "stack trace": "Exception in thread \"main\" java.lang.NullPointerException\n\tat com.example.MyClass$Inner.doIt(MyClass.java:123)\n\t... 12 more\n",
    "log line": "2025-06-10 00:00:00,123 [main-1] WARN  c.e.App - it's 99% full (used=123456789/200000000) id=0xAbC'd'\n",
    "ChatML": "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nWhat's up?<|im_end|>\n<|im_start|>assistant\n",
    "harmony": "<|start|>system<|message|>You're ChatGPT.\nReasoning: high<|end|><|start|>assistant<|channel|>analysis<|message|>It's 2+2=4.<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>",
    "fill in the middle": "<|fim_prefix|>def f():\n    <|fim_suffix|>\n    return x<|fim_middle|>x = 1<|endoftext|>",
    "Llama chat": "<s>[INST] <<SYS>>\nBe brief.\n<</SYS>>\n\nHi! [/INST] Hello </s>", "tool call": "{\"name\":\"get_weather\",\"arguments\":\"{\\\"city\\\":\\\"Z\\u00fcrich\\\"}\"}",
    "ASCII art": "  /\\_/\\  \n ( o.o ) \n  > ^ <  \n", "rule of hyphens": "Title\n-----\n\n=====\n~~~~~\n* * *\n- - -\n_ _ _\n",
    "prices": "$1,999.99 \u20ac5,\u2014 \u00a310/\u00a520 100% 5\u2030 #1 @2 No. 3 \u21164", "dialogue": "\u201cIt\u2019s \u2018fine\u2019,\u201d she said\u2014\u2018I\u2019d\u2026\u2019 \u00abOui\u00bb \u201eJa\u201c",
    "spaced letters": "H e l l o   W o r l d  !  1  2  3", "shouting": "I'M SURE THEY'LL SAY IT'S WHAT WE'D'VE DONE, DON'T YOU? Y'ALL'D'VE",
    "Lisp": "(defun f (x) (if (null x) '() (cons (car x) (f (cdr x)))))", "APL": "\u2395\u2190+/\u23731000 \u22c4 {\u237a+\u2375}/\u2373 9", "Haskell": "f' :: Num a => a -> a\nf' x = x' where x' = x + 1 -- prime's\n",
    "Rust": "fn f<'s, 't: 's>(x: &'s str, y: &'t mut Vec<u8>) -> Option<&'s str> { 'll: loop { break 'll } }", "Perl": "my %h = map { $_ => 1 } @{$r->{'s'}}; s/\\s+$//g; $#a;\n",
    "minified": "!function(t,e){\"object\"==typeof exports?module.exports=e():t.x=e()}(this,(function(){\"use strict\";return 1}));", "CSS": ".a>b:hover::after{content:\"\\201C\";margin:-1px 0 .5em!important}\n",
    "DNA": "ACGTACGTTAGCTAGCTAGCATCGATCGATCAGCTACGACTAGCATCAGCATCGACTAGC", "chess": "1. e4 e5 2. Nf3 Nc6 3. Bb5 a6 4. Ba4 Nf6 5. O-O Be7 1/2-1/2", "IPv6": "2001:0db8:85a3::8a2e:0370:7334/64",
    "poem": "    Two roads\n        diverged\n\n            in a\n  yellow   wood,\n\n\n", "trailing space": "The end. ", "leading spaces": "   The start", "only punctuation": "?!...;:,--()[]{}<>''\"\"``~~@@##$$%%^^&&**",
  };
  for (const [name, text] of Object.entries(texts)) {
    add(`text ${name}`, text);
    // The same text with other line ends, and cut at odd places.
    if (text.includes("\n")) add(`text ${name} with CR LF`, text.replace(/\r?\n/g, "\r\n"));
    add(`text ${name} from the middle`, [...text].slice([...text].length >> 1).join(""));
    add(`text ${name} in capitals`, text.replace(/[a-z]/g, (c) => String.fromCharCode(c.charCodeAt(0) - 32)));
  }
}
