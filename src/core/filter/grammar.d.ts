/** A value of the left side of a comparison, as it is written. */
export type RawOperand =
  | { readonly from: 'fact'; readonly name: string }
  | {
      readonly from: 'data';
      readonly name: string;
      readonly query: string | null;
      readonly field: string | null;
      /** Characters before it. */
      readonly at: number;
    };

/** A list in which something may be. */
export type RawList = { readonly from: 'agents' | 'classes' } | Extract<RawOperand, { from: 'fact' }>;

/** What the grammar gives, before parse.ts checks it. */
export type RawFilter =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly RawFilter[] }
  | { readonly kind: 'not'; readonly part: RawFilter }
  | { readonly kind: 'class'; readonly name: string; readonly at: number }
  | { readonly kind: 'classRegex'; readonly source: string; readonly at: number }
  | { readonly kind: 'with'; readonly text: string; readonly at: number }
  | { readonly kind: 'include'; readonly list: RawList; readonly value: string; readonly at: number }
  | { readonly kind: 'truthy'; readonly left: RawOperand; readonly at: number }
  | {
      readonly kind: 'compare';
      readonly left: RawOperand;
      readonly operator: string;
      readonly value: string;
      /** Characters before the value. */
      readonly valueAt: number;
      readonly regex: boolean;
      readonly at: number;
    };

/** Reads a filter. Throws a SyntaxError with `location.start.offset`, `expected` and `found`. */
export function parse(text: string): RawFilter;
