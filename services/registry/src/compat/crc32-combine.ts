/** The polynomial of CRC-32 (IEEE 802.3), reflected. */
const polynomial = 0xedb8_8320;

/** x^(2^n) modulo the polynomial, for n from 0 to 31. */
const powers: readonly number[] = makePowers();

/**
 * What {@link combineCrc32} needs to know of the length of the second part: x^(8·bytes) modulo the polynomial. Keep it
 * beside the part's checksum.
 */
export function crc32Shift(bytes: number): number {
  let product = 0x8000_0000;
  let rest = bytes;
  // The length counts bytes, so bits start at 2^3.
  for (let power = 3; rest > 0; power++) {
    if (rest % 2 === 1) product = multiply(powers[power & 31] ?? 0, product);
    rest = Math.floor(rest / 2);
  }
  return product >>> 0;
}

/** The CRC-32 of two parts together, from theirs; `shift` is {@link crc32Shift} of the second (zlib's `crc32_combine`). */
export function combineCrc32(first: number, second: number, shift: number): number {
  return (multiply(shift, first) ^ second) >>> 0;
}

/** Product of two polynomials modulo the polynomial; the highest power is the lowest bit. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = 0x8000_0000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) {
      product ^= shifted;
      if ((a & (bit - 1)) === 0) break;
    }
    shifted = (shifted & 1) === 1 ? (shifted >>> 1) ^ polynomial : shifted >>> 1;
  }
  return product >>> 0;
}

function makePowers(): number[] {
  const table = [0x4000_0000];
  for (let n = 1; n < 32; n++) {
    const last = table[n - 1] ?? 0;
    table.push(multiply(last, last));
  }
  return table;
}
