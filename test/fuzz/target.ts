import { asMusterError, MusterError } from '../../src/core/errors.ts';

/** One reader of hostile bytes. A file in targets/ has one as its default export, and nothing else is edited. */
export interface FuzzTarget {
  readonly name: string;
  /** Genuine inputs, from which the hostile ones are made. */
  readonly genuine: readonly Buffer[];
  /** Words of its language, to be put in among the changes. */
  readonly words?: readonly string[];
  /** Reads an input; throws a MusterError when it refuses it. */
  read(input: Buffer): unknown;
  /** May this changed input be taken? None, if it is not given. */
  harmless?(input: Buffer, result: unknown): boolean;
}

/** How one input ended. */
export type Verdict =
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'genuine' | 'harmless' }
  /** A fault: a changed message was taken, or something else than a refusal was thrown. */
  | { readonly kind: 'accepted' | 'crashed'; readonly detail: string };

/** Feeds one input to a target. */
export function feed(target: FuzzTarget, input: Buffer): Verdict {
  let result: unknown;
  try {
    result = target.read(input);
  } catch (thrown) {
    if (thrown instanceof MusterError)
      return { kind: 'refused', reason: /^[A-Z_]+(?=:)/.exec(thrown.message)?.[0] ?? thrown.code };
    return { kind: 'crashed', detail: asMusterError(thrown).stack ?? String(thrown) };
  }
  if (target.genuine.some((genuine) => genuine.equals(input))) return { kind: 'genuine' };
  if (target.harmless?.(input, result) === true) return { kind: 'harmless' };
  return { kind: 'accepted', detail: input.toString('base64') };
}
