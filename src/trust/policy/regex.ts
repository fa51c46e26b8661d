import { MusterError } from '../../core/errors.ts';
import { type CharTest, parseRegex, type RegexNode } from './regex-parse.ts';

/** One instruction of the little machine that runs all possibilities side by side. */
type Step =
  | { readonly kind: 'char'; readonly test: CharTest }
  | { readonly kind: 'fork'; a: number; b: number }
  | { readonly kind: 'start' | 'end' | 'found' };

const MAX_STEPS = 5000;

/**
 * Compiles a regular expression into a search whose time is bounded by length of expression times length of text,
 * whatever both are: texts come from nodes, expressions from people. Throws USAGE that says what is not understood.
 * *Source:* Thompson's construction, as in RE2.
 */
export function compileRegex(text: string): (subject: string) => boolean {
  const steps: Step[] = [];
  emit(parseRegex(text), steps);
  steps.push({ kind: 'found' });
  return (subject) => search(steps, subject);
}

function emit(node: RegexNode, into: Step[]): void {
  if (into.length > MAX_STEPS)
    throw new MusterError('USAGE', 'regular expression: too large when its repetitions are written out');
  if (node.kind === 'all') for (const part of node.parts) emit(part, into);
  else if (node.kind === 'any') emitAny(node.parts, into);
  else if (node.kind === 'repeat') emitRepeat(node, into);
  else into.push(node.kind === 'char' ? node : { kind: node.kind });
}

function emitAny(parts: readonly RegexNode[], into: Step[]): void {
  const ends: { kind: 'fork'; a: number; b: number }[] = [];
  for (const [index, part] of parts.entries()) {
    const fork = { kind: 'fork' as const, a: into.length + 1, b: into.length + 1 };
    if (index < parts.length - 1) into.push(fork);
    emit(part, into);
    if (index === parts.length - 1) continue;
    const end = { kind: 'fork' as const, a: 0, b: 0 };
    into.push(end);
    ends.push(end);
    fork.b = into.length;
  }
  for (const end of ends) end.a = end.b = into.length;
}

function emitRepeat({ node, min, max }: Extract<RegexNode, { kind: 'repeat' }>, into: Step[]): void {
  for (let count = 0; count < min; count++) emit(node, into);
  if (max === null) {
    const fork = { kind: 'fork' as const, a: into.length + 1, b: 0 };
    const back = into.length;
    into.push(fork);
    emit(node, into);
    into.push({ kind: 'fork', a: back, b: back });
    fork.b = into.length;
    return;
  }
  const forks: { kind: 'fork'; a: number; b: number }[] = [];
  for (let count = min; count < max; count++) {
    const fork = { kind: 'fork' as const, a: into.length + 1, b: 0 };
    into.push(fork);
    forks.push(fork);
    emit(node, into);
  }
  for (const fork of forks) fork.b = into.length;
}

function search(steps: readonly Step[], subject: string): boolean {
  let current: number[] = [];
  for (let at = 0; at <= subject.length; at++) {
    const live = reach(steps, [...current, 0], { first: at === 0, last: at === subject.length });
    if (live === null) return true;
    const code = subject.charCodeAt(at);
    current = [];
    for (const index of live) {
      const step = steps[index];
      if (step?.kind === 'char' && at < subject.length && step.test(code)) current.push(index + 1);
    }
  }
  return false;
}

/** The instructions that wait for a character, or null when the expression has matched. */
function reach(
  steps: readonly Step[],
  from: readonly number[],
  here: { first: boolean; last: boolean },
): number[] | null {
  const seen = new Set<number>();
  const waiting: number[] = [];
  const stack = [...from];
  for (let index = stack.pop(); index !== undefined; index = stack.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const step = steps[index];
    if (step === undefined || step.kind === 'found') return null;
    if (step.kind === 'char') waiting.push(index);
    else if (step.kind === 'fork') stack.push(step.a, step.b);
    else if (step.kind === 'start' ? here.first : here.last) stack.push(index + 1);
  }
  return waiting;
}
