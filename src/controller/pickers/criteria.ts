import { z } from 'zod';
import type { MasterInventory } from '../../core/inventory.ts';
import { definePicker, type NodeToServe } from '../../core/picker.ts';

const Options = z.strictObject({
  criteria: z
    .array(z.string().min(1))
    .default(['ec2_placement_region', 'country'])
    .describe(
      'Facts in order: masters that share the first one with the node come first, then the second, …',
    ),
});

/**
 * Criteria in order, the first that any healthy master shares with the node decides; then the least busy, then the name.
 * When none fits, any healthy master is taken, and the reason says so.
 * *Source:* mcollective-server-provisioner, master.criteria (which by mistake let the last match win).
 */
export default definePicker({
  name: 'criteria',
  summary: 'Shared facts in order, then health, then the least busy',
  options: Options,
  pick(node, masters, { criteria }) {
    const healthy = masters.filter((master) => master.healthy);
    for (const fact of criteria) {
      const value = node.facts[fact];
      if (value === undefined || value === '') continue;
      const matching = masters.filter((master) => master.facts[fact] === value);
      const fit = matching.filter((master) => master.healthy);
      const chosen = leastBusy(fit);
      if (chosen !== undefined)
        return { identity: chosen.identity, reason: reason(`same ${fact} ${value}`, fit, matching.length) };
    }
    const chosen = leastBusy(healthy);
    if (chosen === undefined) return undefined;
    return { identity: chosen.identity, reason: reason(fallback(node, criteria), healthy, masters.length) };
  },
});

function leastBusy(masters: readonly MasterInventory[]): MasterInventory | undefined {
  return [...masters].sort((a, b) => a.activeRuns - b.activeRuns || (a.identity < b.identity ? -1 : 1))[0];
}

function reason(match: string, fit: readonly MasterInventory[], outOf: number): string {
  const busy = fit.length > 1 ? ', least busy' : '';
  return `${match}, ${fit.length} of ${outOf} healthy${busy}`;
}

function fallback(node: NodeToServe, criteria: readonly string[]): string {
  if (criteria.length === 0) return 'no criteria';
  const wanted = criteria.map(
    (fact) => `${fact}${node.facts[fact] === undefined ? ' (unknown)' : ` ${node.facts[fact]}`}`,
  );
  return `no healthy master shares ${wanted.join(' or ')}`;
}
