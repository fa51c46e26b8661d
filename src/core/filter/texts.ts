import type { z } from 'zod';
import { FACT_OPERATORS, type Filter } from '../messages.ts';
import type { Expression } from './ast.ts';
import { orCaret } from './compile.ts';
import { parseComparison } from './parse.ts';
import { PartError } from './problem.ts';

type WireFilter = z.input<typeof Filter>;
type WireFact = NonNullable<WireFilter['fact']>[number];

/** Filters as they are typed after `-I -A -C -F -W -S`. */
export interface FilterTexts {
  readonly identity?: readonly string[];
  readonly agent?: readonly string[];
  readonly class?: readonly string[];
  readonly fact?: readonly string[];
  /** Facts and classes mixed, separated by spaces. */
  readonly with?: readonly string[];
  readonly compound?: readonly string[];
}

/** Texts of the command line as the filter of a request. Throws USAGE that names the text. Pure. *Source:* MCollective's client. */
export function filterOfTexts(texts: FilterTexts): WireFilter {
  const mixed = (texts.with ?? []).flatMap((text) => text.split(/\s+/)).filter((text) => text !== '');
  const [facts, classes] = [
    mixed.filter((text) => /[=<>]|!~/.test(text)),
    mixed.filter((text) => !/[=<>]|!~/.test(text)),
  ];
  return {
    identity: [...(texts.identity ?? [])],
    agent: [...(texts.agent ?? [])],
    class: [...(texts.class ?? []), ...classes],
    fact: [...(texts.fact ?? []), ...facts].map(factOf),
    compound: [...(texts.compound ?? [])],
  };
}

function factOf(text: string): WireFact {
  const found = orCaret('fact filter', text, () => {
    const comparison = parseComparison(text);
    if (comparison === null)
      throw new PartError(
        `'${text}' compares no fact`,
        text.length,
        `write fact=value; operators are ${FACT_OPERATORS.join(' ')}`,
      );
    return comparison;
  });
  return wireOf(found);
}

function wireOf(found: Expression): WireFact {
  if (found.kind === 'match' && found.left.from === 'fact')
    return { fact: found.left.name, operator: found.negated ? '!~' : '=~', value: found.pattern.source };
  if (found.kind === 'compare' && found.left.from === 'fact') {
    const operator = FACT_OPERATORS.find((known) => known === found.operator) ?? '=';
    return { fact: found.left.name, operator, value: found.value };
  }
  throw new TypeError(`not a comparison of a fact: ${found.kind}`);
}
