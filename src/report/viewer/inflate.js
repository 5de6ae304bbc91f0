// Base64 and gzip → text. The browser inflates where it can; where it can't, this does
// (RFC 1951 and 1952, without checks that a browser would make of a foreign file).

/** Extra bits and bases of lengths and distances. */
const LENGTH_BITS = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const DISTANCE_BASE = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** The text of a block of the page. */
async function unpack(id) {
  const packed = fromBase64(byId(id).textContent.trim());
  let inflated;
  if (typeof DecompressionStream === "function") {
    const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
    inflated = await new Response(stream).arrayBuffer();
  } else {
    inflated = gunzip(packed);
  }
  return new TextDecoder().decode(inflated);
}

/** What a gzip member without extra fields holds. */
function gunzip(packed) {
  const size = new DataView(packed.buffer).getUint32(packed.length - 4, true);
  return inflate(packed.subarray(10, packed.length - 8), new Uint8Array(size));
}

function inflate(source, out) {
  let [at, hold, held, length] = [0, 0, 0, 0];
  const bits = (count) => {
    while (held < count) {
      hold |= source[at++] << held;
      held += 8;
    }
    const value = hold & ((1 << count) - 1);
    hold >>>= count;
    held -= count;
    return value;
  };
  const symbol = ({ counts, symbols }) => {
    let [code, first, index] = [0, 0, 0];
    for (let width = 1; width <= 15; width += 1) {
      code |= bits(1);
      if (code - counts[width] < first) return symbols[index + code - first];
      index += counts[width];
      first = (first + counts[width]) << 1;
      code <<= 1;
    }
    throw new Error("the report is damaged");
  };
  const stored = () => {
    [hold, held] = [0, 0];
    const count = source[at] | (source[at + 1] << 8);
    out.set(source.subarray(at + 4, at + 4 + count), length);
    at += 4 + count;
    length += count;
  };
  const compressed = (lengths, distances) => {
    for (;;) {
      const next = symbol(lengths);
      if (next === 256) return;
      if (next < 256) {
        out[length++] = next;
        continue;
      }
      const copied = LENGTH_BASE[next - 257] + bits(LENGTH_BITS[next - 257]);
      const distance = symbol(distances);
      const back = DISTANCE_BASE[distance] + bits(distance < 4 ? 0 : (distance >> 1) - 1);
      for (const end = length + copied; length < end; length += 1) out[length] = out[length - back];
    }
  };
  for (let last = 0; !last; ) {
    last = bits(1);
    const kind = bits(2);
    if (kind === 0) stored();
    else if (kind === 1) compressed(...fixedCodes());
    else compressed(...dynamicCodes(bits, symbol));
  }
  return out;
}

/** Huffman codes of these widths, one for each symbol. */
function codes(widths) {
  const counts = new Uint16Array(16);
  for (const width of widths) counts[width] += 1;
  counts[0] = 0;
  const starts = new Uint16Array(16);
  for (let width = 1; width < 15; width += 1) starts[width + 1] = starts[width] + counts[width];
  const symbols = new Uint16Array(widths.length);
  widths.forEach((width, symbol) => {
    if (width) symbols[starts[width]++] = symbol;
  });
  return { counts, symbols };
}

function fixedCodes() {
  const width = (symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
  return [codes(Array.from({ length: 288 }, (_, symbol) => width(symbol))), codes(Array(30).fill(5))];
}

function dynamicCodes(bits, symbol) {
  const [lengths, distances, orders] = [bits(5) + 257, bits(5) + 1, bits(4) + 4];
  const order = Array(19).fill(0);
  for (let at = 0; at < orders; at += 1) order[ORDER[at]] = bits(3);
  const widthCodes = codes(order);
  const widths = [];
  while (widths.length < lengths + distances) {
    const next = symbol(widthCodes);
    if (next < 16) widths.push(next);
    else if (next === 16) widths.push(...Array(3 + bits(2)).fill(widths.at(-1)));
    else widths.push(...Array(next === 17 ? 3 + bits(3) : 11 + bits(7)).fill(0));
  }
  return [codes(widths.slice(0, lengths)), codes(widths.slice(lengths))];
}
