// Base64 and gzip → text. The browser inflates where it can; where it can't, this does (RFC 1951).

const LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
const DISTANCE_BASE = [1, 2];
for (let bits = 0; bits < 14; bits += 1) DISTANCE_BASE.push((2 << bits) + 1, (3 << bits) + 1);
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

function fromBase64(text) {
	const packed = atob(text);
	const bytes = new Uint8Array(packed.length);
	for (let at = 0; at < packed.length; at += 1) bytes[at] = packed.charCodeAt(at);
	return bytes;
}

async function unpack(id) {
	const packed = fromBase64($(id).textContent.trim());
	if (typeof DecompressionStream !== "function") return new TextDecoder().decode(gunzip(packed));
	return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
}

// What a gzip member with the shortest head holds.
function gunzip(packed) {
	const size = new DataView(packed.buffer).getUint32(packed.length - 4, true);
	return inflate(packed.subarray(10, -8), new Uint8Array(size));
}

function inflate(source, out) {
	let [at, hold, held, length, last] = [0, 0, 0, 0, 0];
	const bits = (count) => {
		for (; held < count; held += 8) hold |= source[at++] << held;
		const value = hold & ((1 << count) - 1);
		hold >>>= count;
		held -= count;
		return value;
	};
	const symbol = ({ counts, symbols }) => {
		let [code, first, index] = [0, 0, 0];
		for (const count of counts) {
			code |= bits(1);
			if (code - count < first) return symbols[index + code - first];
			index += count;
			first = (first + count) << 1;
			code <<= 1;
		}
		throw new Error("it is damaged");
	};
	while (!last) {
		last = bits(1);
		const kind = bits(2);
		if (kind === 0) {
			[hold, held] = [0, 0];
			const end = at + 4 + (source[at] | (source[at + 1] << 8));
			out.set(source.subarray(at + 4, end), length);
			length += end - at - 4;
			at = end;
			continue;
		}
		const [lengths, distances] = kind === 1 ? fixedCodes() : dynamicCodes(bits, symbol);
		for (let next; (next = symbol(lengths)) !== 256; ) {
			if (next < 256) {
				out[length++] = next;
				continue;
			}
			const extra = next < 265 || next === 285 ? 0 : (next - 261) >> 2;
			const end = length + LENGTH_BASE[next - 257] + bits(extra);
			const distance = symbol(distances);
			const back = DISTANCE_BASE[distance] + bits(distance < 4 ? 0 : (distance >> 1) - 1);
			for (; length < end; length += 1) out[length] = out[length - back];
		}
	}
	return out;
}

// Huffman codes of these widths, one for each symbol.
function codes(widths) {
	const counts = Array(15).fill(0);
	for (const width of widths) if (width) counts[width - 1] += 1;
	const symbols = [...widths.keys()].filter((symbol) => widths[symbol]);
	symbols.sort((a, b) => widths[a] - widths[b] || a - b);
	return { counts, symbols };
}

function fixedCodes() {
	const widths = [[8, 144], [9, 112], [7, 24], [8, 8]].flatMap(([width, times]) => Array(times).fill(width));
	return [codes(widths), codes(Array(30).fill(5))];
}

function dynamicCodes(bits, symbol) {
	const [lengths, distances, orders] = [bits(5) + 257, bits(5) + 1, bits(4) + 4];
	const order = Array(19).fill(0);
	for (const place of ORDER.slice(0, orders)) order[place] = bits(3);
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
