// SHA-256 (FIPS 180-4) of bytes that come in parts; the browser's own can only do a whole file in memory.

const K = new Uint32Array(64);
const START = new Uint32Array(8);

// The constants are the first 32 bits of the fractional parts of roots of the first primes.
{
  let count = 0;
  const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) | 0;
  for (let number = 2; count < 64; number += 1) {
    let prime = true;
    for (let factor = 2; factor * factor <= number; factor += 1) {
      if (number % factor === 0) prime = false;
    }
    if (!prime) continue;
    if (count < 8) START[count] = fraction(Math.sqrt(number));
    K[count] = fraction(Math.cbrt(number));
    count += 1;
  }
}

export class Sha256 {
  #state = START.slice();
  #rest = new Uint8Array(64);
  #filled = 0;
  #length = 0;
  #words = new Uint32Array(64);

  /** Add bytes (Uint8Array). Returns itself. */
  update(bytes) {
    this.#length += bytes.length;
    let position = 0;
    if (this.#filled) {
      const taken = Math.min(64 - this.#filled, bytes.length);
      this.#rest.set(bytes.subarray(0, taken), this.#filled);
      this.#filled += taken;
      position = taken;
      if (this.#filled < 64) return this;
      this.#mix(this.#rest, 0);
      this.#filled = 0;
    }
    for (; position + 64 <= bytes.length; position += 64) this.#mix(bytes, position);
    this.#rest.set(bytes.subarray(position));
    this.#filled = bytes.length - position;
    return this;
  }

  /** The 32 bytes; nothing can be added afterwards. */
  digest() {
    const bits = this.#length * 8;
    const padding = new Uint8Array((this.#filled < 56 ? 64 : 128) - this.#filled);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(padding.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(padding.length - 4, bits >>> 0);
    this.update(padding);
    const result = new DataView(new ArrayBuffer(32));
    this.#state.forEach((word, index) => result.setUint32(index * 4, word));
    return new Uint8Array(result.buffer);
  }

  #mix(bytes, offset) {
    const w = this.#words;
    for (let i = 0, at = offset; i < 16; i += 1, at += 4) {
      w[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    }
    for (let i = 16; i < 64; i += 1) {
      const x = w[i - 15];
      const y = w[i - 2];
      const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      w[i] = (w[i - 16] + s0 + w[i - 7] + s1) | 0;
    }
    let [a, b, c, d, e, f, g, h] = this.#state;
    for (let i = 0; i < 64; i += 1) {
      const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      const one = (h + s1 + ((e & f) ^ (~e & g)) + K[i] + w[i]) | 0;
      const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g;
      g = f;
      f = e;
      e = (d + one) | 0;
      d = c;
      c = b;
      b = a;
      a = (one + two) | 0;
    }
    const state = this.#state;
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
    state[5] += f;
    state[6] += g;
    state[7] += h;
  }
}

export const toHex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
export const toBase64 = (bytes) => btoa(String.fromCharCode(...bytes));
