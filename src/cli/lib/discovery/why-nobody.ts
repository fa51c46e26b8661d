import type { KnownNode } from '../../../controller/registry.ts';
import { dataCalls } from '../../../core/filter/evaluate.ts';
import { amongKnown, didYouMean } from '../../../core/nearest.ts';
import type { Wanted } from './finder.ts';

/**
 * What may be the reason that no node fits, besides that none does: an empty registry, a collective in which nobody is, an agent
 * that nobody there serves, a fact or class that nobody there has, a data plug-in that Muster does not have. Empty when there is nothing to say. Pure.
 */
export function whyNobody(
  { collective, filter, agent }: Pick<Wanted, 'collective' | 'filter' | 'agent'>,
  known: Iterable<KnownNode>,
  dataPlugins: readonly string[],
): string[] {
  const nodes = [...known];
  if (nodes.length === 0)
    return [
      'the registry knows no node at all: nodes register with a running controller (muster controller)',
    ];
  const lines: string[] = [];
  const here = nodes.filter((node) => node.collectives.includes(collective));
  if (here.length === 0) {
    const there = [...new Set(nodes.flatMap((node) => node.collectives))].sort();
    lines.push(
      `nobody is in the collective '${collective}'${amongKnown(collective, there, 'there are nodes in')}`,
    );
  } else {
    const wanted = [...new Set([...filter.wire.agent.filter(isName), agent])];
    for (const name of wanted.filter((one) => !here.some((node) => node.agents.includes(one))))
      lines.push(`no node in the collective '${collective}' serves the agent '${name}'`);
    lines.push(...unknownWords(filter.wire, here));
  }
  const strange = dataCalls(filter.expression).map(({ name }) => name);
  for (const name of new Set(strange.filter((one) => !dataPlugins.includes(one))))
    lines.push(
      `'${name}' is no data plug-in of Muster's${didYouMean(name, dataPlugins)}; only nodes that have their own one can fit`,
    );
  return lines;
}

/** Facts and classes that no node has: those of `-F`, `-C` and `-W`. */
function unknownWords(wire: Wanted['filter']['wire'], nodes: readonly KnownNode[]): string[] {
  const line = (kind: string, wanted: readonly string[], there: ReadonlySet<string>) =>
    [...new Set(wanted)]
      .filter((name) => !there.has(name))
      .map((name) => `no node there has the ${kind} '${name}'${didYouMean(name, there)}`);
  return [
    ...line(
      'fact',
      wire.fact.map(({ fact }) => fact),
      new Set(nodes.flatMap(({ facts }) => Object.keys(facts))),
    ),
    ...line('class', wire.class.filter(isName), new Set(nodes.flatMap(({ classes }) => classes))),
  ];
}

function isName(text: string): boolean {
  return !text.startsWith('/');
}
