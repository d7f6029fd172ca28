// Random numbers that are the same on every machine, for the scripts that make test data.

/** Marsaglia's xorshift with 32 bits of state (Journal of Statistical Software 8/14, 2003); seed not 0. */
export function seededRandom(seed) {
  let state = seed | 0;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
