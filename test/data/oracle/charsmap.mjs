// Builds a precompiled_charsmap of SentencePiece: how long the trie is, the trie as a double array, what the keys
// become, each ended by a zero byte.

const VALUE = 2 ** 31;
const HAS_VALUE = 1 << 8;

/** From [[key, value], ...], strings; values are put into the order of the rules. */
export function buildCharsmap(rules) {
  const root = { children: new Map(), value: null };
  const values = [];
  for (const [key, value] of rules) {
    let node = root;
    for (const byte of Buffer.from(key)) {
      if (!node.children.has(byte)) node.children.set(byte, { children: new Map(), value: null });
      node = node.children.get(byte);
    }
    node.value = values.length;
    values.push(...Buffer.from(value), 0);
  }

  const units = [0];
  const used = new Set([0]);
  const bases = new Set();  // no two nodes share one: a child knows its label, not its parent
  const place = (node, index, label) => {
    const labels = [...(node.value === null ? [] : [0]), ...node.children.keys()];
    let base = 1;
    while (bases.has(base) || labels.some((l) => used.has(base ^ l))) ++base;
    bases.add(base);
    for (const l of labels) used.add(base ^ l);
    units[index] = (label | (node.value === null ? 0 : HAS_VALUE) | ((index ^ base) << 10)) >>> 0;
    if (node.value !== null) units[base] = VALUE + node.value;
    for (const [l, child] of node.children) place(child, base ^ l, l);
  };
  place(root, 0, 0);

  // Whole blocks, so that every child of every base is in the array.
  const trie = Buffer.alloc(Math.ceil(units.length / 256) * 256 * 4);
  for (let i = 0; i < trie.length / 4; ++i) trie.writeUInt32LE(units[i] ?? 0, i * 4);
  const size = Buffer.alloc(4);
  size.writeUInt32LE(trie.length);
  return Buffer.concat([size, trie, Buffer.from(values)]);
}
