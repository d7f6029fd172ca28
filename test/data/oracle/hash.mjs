// The hash that the files of expected values sum up long lists by.

/**
 * FNV-1a of 64 bits over numbers of 32 bits, each as four bytes, little-endian.
 * In two halves of 32 bits, because BigInt would take hours over all code points: the
 * prime is 2^40 + 435, so a product is the hash * 435 plus the low half shifted by 40.
 */
export class Hash {
  high = 0xcbf29ce4;
  low = 0x84222325;

  byte(value) {
    const low = (this.low ^ value) >>> 0;
    const product = low * 435;  // < 2^41: exact in a double
    this.high = (this.high * 435 + Math.floor(product / 2 ** 32) + low * 256) % 2 ** 32;
    this.low = product % 2 ** 32;
  }

  add(number) {
    this.byte(number & 0xff);
    this.byte((number >>> 8) & 0xff);
    this.byte((number >>> 16) & 0xff);
    this.byte(number >>> 24);
  }

  addAll(numbers) {
    for (const number of numbers) this.add(number);
    return this;
  }

  toString() {
    return [this.high, this.low].map((half) => half.toString(16).padStart(8, "0")).join("");
  }
}
