import { rejected } from '../reject.ts';

/** One element of a BER message. `raw` is all of it, `body` what is between its head and its end. */
export interface Ber {
  /** Identifier octet: class, constructed bit and number (up to 30) together, e.g. 0x30 for a SEQUENCE. */
  readonly tag: number;
  readonly raw: Buffer;
  readonly body: Buffer;
  /** Empty for a primitive element. */
  readonly children: readonly Ber[];
  /** False when the sender did not say the length beforehand. */
  readonly definite: boolean;
}

const MAX_BYTES = 8192;
const MAX_DEPTH = 24;
const MAX_ELEMENTS = 1000;
const MAX_LENGTH_BYTES = 3;
const CONSTRUCTED = 0x20;
const INDEFINITE = 0x80;

interface Reading {
  readonly bytes: Buffer;
  elements: number;
}

/**
 * Reads one element with all that is in it, definite or indefinite lengths, and nothing after it. Time and memory are
 * bounded by the size. Throws SECURITY_REJECTED (SIZE, FORMAT).
 * *Source:* X.690 section 8; EC2 sends its CMS with indefinite lengths, which a reader of DER refuses.
 */
export function readBer(bytes: Buffer): Ber {
  if (bytes.length > MAX_BYTES) throw rejected('SIZE', `over ${MAX_BYTES} bytes`);
  const { element, end } = readElement({ bytes, elements: 0 }, 0, bytes.length, 0);
  if (end !== bytes.length) throw rejected('FORMAT', 'bytes after the end');
  return element;
}

function readElement(
  reading: Reading,
  start: number,
  limit: number,
  depth: number,
): { element: Ber; end: number } {
  reading.elements += 1;
  if (reading.elements > MAX_ELEMENTS || depth > MAX_DEPTH) throw rejected('SIZE', 'too many elements');
  const { bytes } = reading;
  const tag = byteAt(bytes, start, limit);
  if ((tag & 0x1f) === 0x1f || tag === 0) throw rejected('FORMAT', 'a tag that CMS does not use');
  const { length, at } = readLength(bytes, start + 1, limit);
  const constructed = (tag & CONSTRUCTED) !== 0;
  if (length === null) {
    if (!constructed) throw rejected('FORMAT', 'a primitive element without a length');
    const { children, end } = readUntilMark(reading, at, limit, depth);
    const raw = bytes.subarray(start, end + 2);
    return { element: { tag, raw, body: bytes.subarray(at, end), children, definite: false }, end: end + 2 };
  }
  const end = at + length;
  if (end > limit) throw rejected('FORMAT', 'longer than what holds it');
  const children = constructed ? readAll(reading, at, end, depth) : [];
  const raw = bytes.subarray(start, end);
  return { element: { tag, raw, body: bytes.subarray(at, end), children, definite: true }, end };
}

function readAll(reading: Reading, start: number, end: number, depth: number): Ber[] {
  const children: Ber[] = [];
  for (let at = start; at < end; ) {
    const child = readElement(reading, at, end, depth + 1);
    children.push(child.element);
    at = child.end;
  }
  return children;
}

/** Children up to the two zero bytes that end an element of indefinite length; `end` is where those begin. */
function readUntilMark(
  reading: Reading,
  start: number,
  limit: number,
  depth: number,
): { children: Ber[]; end: number } {
  const children: Ber[] = [];
  let at = start;
  while (byteAt(reading.bytes, at, limit) !== 0) {
    const child = readElement(reading, at, limit, depth + 1);
    children.push(child.element);
    at = child.end;
  }
  if (byteAt(reading.bytes, at + 1, limit) !== 0) throw rejected('FORMAT', 'a wrong end mark');
  return { children, end: at };
}

function readLength(bytes: Buffer, start: number, limit: number): { length: number | null; at: number } {
  const first = byteAt(bytes, start, limit);
  if (first < INDEFINITE) return { length: first, at: start + 1 };
  if (first === INDEFINITE) return { length: null, at: start + 1 };
  const count = first & 0x7f;
  if (count > MAX_LENGTH_BYTES) throw rejected('FORMAT', 'a length that cannot be');
  let length = 0;
  for (let index = 1; index <= count; index += 1) length = length * 256 + byteAt(bytes, start + index, limit);
  return { length, at: start + 1 + count };
}

function byteAt(bytes: Buffer, at: number, limit: number): number {
  const byte = at < limit ? bytes[at] : undefined;
  if (byte === undefined) throw rejected('FORMAT', 'ends too early');
  return byte;
}
