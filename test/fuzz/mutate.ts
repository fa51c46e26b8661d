import type { FuzzTarget } from './target.ts';

/** Numbers from 0 to under 1 that depend on the seed alone. */
export type Random = () => number;

/** *Source:* mulberry32, a generator of 32 bits of state. */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

type Words = FuzzTarget['words'];

/** What readers of JSON, base64 and DER have tripped over. */
const TOKENS = [
  '{}',
  '[]',
  'null',
  '"',
  '\\u0000',
  '{"a":',
  '[[[[',
  '.',
  '..',
  '=',
  '-1',
  '1e999',
  '\0',
  '\xff',
];
const NAMES = [
  'alg',
  'none',
  'enc',
  'kid',
  'x5c',
  'jku',
  'crit',
  '__proto__',
  'constructor',
  'PS256',
  'HS256',
];
const MAX_RUN = 64;

/** A hostile input: one in twenty is random bytes, the others are genuine ones with one to four changes. */
export function mutate({ genuine, words }: Pick<FuzzTarget, 'genuine' | 'words'>, random: Random): Buffer {
  if (random() < 0.05) return bytes(random, Math.floor(random() * 4000));
  let message = pick(genuine, random) ?? Buffer.alloc(0);
  const changes = 1 + Math.floor(random() * 4);
  for (let i = 0; i < changes; i++)
    message = random() < 0.4 ? inPart(message, words, random) : change(message, words, random);
  return message;
}

/** Changes the bytes that one part of a dotted message stands for, so that the change is past the base64. */
function inPart(message: Buffer, words: Words, random: Random): Buffer {
  const parts = message.toString('latin1').split('.');
  const at = Math.floor(random() * parts.length);
  const changed = change(Buffer.from(parts[at] ?? '', 'base64url'), words, random);
  return Buffer.from(parts.with(at, changed.toString('base64url')).join('.'), 'latin1');
}

function change(message: Buffer, words: Words, random: Random): Buffer {
  const from = Math.floor(random() * (message.length + 1));
  const run = 1 + Math.floor(random() * MAX_RUN);
  const [head, tail] = [message.subarray(0, from), message.subarray(from)];
  const text = () => Buffer.from(pick(random() < 0.5 ? TOKENS : (words ?? NAMES), random) ?? '', 'latin1');
  const kinds: (() => Buffer)[] = [
    () => flip(message, from, random),
    () => Buffer.concat([head, bytes(random, run), tail.subarray(run)]),
    () => Buffer.concat([head, bytes(random, run), tail]),
    () => Buffer.concat([head, text(), tail]),
    () => Buffer.concat([head, text(), tail.subarray(run)]),
    () => Buffer.concat([head, tail.subarray(run)]),
    () => Buffer.concat([head, tail.subarray(0, run), tail]),
    () => Buffer.concat([tail, head]),
    () => Buffer.from(head),
  ];
  return pick(kinds, random)?.() ?? message;
}

function flip(message: Buffer, at: number, random: Random): Buffer {
  const changed = Buffer.from(message);
  if (at < changed.length) changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(random() * 8));
  return changed;
}

function bytes(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)));
}

function pick<T>(list: readonly T[], random: Random): T | undefined {
  return list[Math.floor(random() * list.length)];
}
