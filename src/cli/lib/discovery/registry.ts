import type { Finder, Wanted } from './finder.ts';

/**
 * All nodes of the collective that the registry knows, and those that were named. Nobody is waited for: who should answer is known.
 */
export function registryFinder({ collective, filter }: Wanted): Finder {
  return {
    method: 'registry',
    fixedS: null,
    async find(place) {
      const known = await place.known();
      const there = [...known.values()].filter((node) => node.collectives.includes(collective));
      const names = [...new Set([...there.map((node) => node.identity), ...filter.names])];
      return { names, filtered: 'none', given: false };
    },
  };
}
