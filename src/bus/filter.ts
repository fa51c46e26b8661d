import type { Facts } from '../core/inventory.ts';
import type { Filter } from '../core/messages.ts';

/** What a filter is compared with. */
export interface FilterSubject {
  readonly identity: string;
  readonly agents: { has(name: string): boolean };
  readonly facts: Facts;
}

/**
 * Is this node meant? All kinds must match; of several identities one, of agents and facts every one. An empty filter
 * means everybody. Pure. *Source:* MCollective's filters.
 */
export function matchesFilter(filter: Filter, node: FilterSubject): boolean {
  if (filter.identity.length > 0 && !filter.identity.includes(node.identity)) return false;
  if (!filter.agent.every((agent) => node.agents.has(agent))) return false;
  return filter.fact.every(
    ({ fact, value }) => Object.hasOwn(node.facts, fact) && node.facts[fact] === value,
  );
}
