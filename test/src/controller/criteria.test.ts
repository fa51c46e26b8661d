import { expect, test } from 'vitest';
import criteria from '../../../src/controller/pickers/criteria.ts';
import type { MasterInventory } from '../../../src/core/inventory.ts';

const REGION = 'ec2_placement_region';

function master(
  identity: string,
  facts: Record<string, string>,
  more: Partial<MasterInventory> = {},
): MasterInventory {
  return {
    identity,
    facts,
    agents: [],
    collectives: [],
    classes: [],
    version: '1',
    healthy: true,
    activeRuns: 0,
    ...more,
  };
}

function pick(nodeFacts: Record<string, string>, masters: readonly MasterInventory[], options: unknown = {}) {
  const node = { identity: 'i-1', facts: nodeFacts, agents: [], collectives: [], classes: [] };
  return criteria.pick(node, masters, criteria.options.parse(options));
}

const ireland = { [REGION]: 'eu-west-1', country: 'ie' };
const virginia = { [REGION]: 'us-east-1', country: 'us' };
const oregon = { [REGION]: 'us-west-2', country: 'us' };

test.each([
  [
    'the first criterion decides, even when a later one fits a master too',
    oregon,
    [master('a', virginia), master('b', oregon)],
    'b',
    `same ${REGION} us-west-2, 1 of 1 healthy`,
  ],
  [
    'the second criterion decides when the first fits nobody',
    oregon,
    [master('a', ireland), master('b', virginia)],
    'b',
    'same country us, 1 of 1 healthy',
  ],
  [
    'a master that is not healthy is passed over for a healthy one of the same region',
    ireland,
    [master('a', ireland, { healthy: false }), master('b', ireland)],
    'b',
    `same ${REGION} eu-west-1, 1 of 2 healthy`,
  ],
  [
    'a region without a healthy master falls to the next criterion',
    oregon,
    [master('a', oregon, { healthy: false }), master('b', virginia)],
    'b',
    'same country us, 1 of 2 healthy',
  ],
  [
    'among equals the least busy',
    ireland,
    [master('a', ireland, { activeRuns: 3 }), master('b', ireland, { activeRuns: 1 })],
    'b',
    `same ${REGION} eu-west-1, 2 of 2 healthy, least busy`,
  ],
  [
    'among equally busy ones the first name',
    ireland,
    [master('a', ireland), master('b', ireland)],
    'a',
    `same ${REGION} eu-west-1, 2 of 2 healthy, least busy`,
  ],
  [
    'when nothing fits, any healthy one, and the reason says so',
    { [REGION]: 'ap-south-1' },
    [master('a', ireland)],
    'a',
    `no healthy master shares ${REGION} ap-south-1 or country (unknown), 1 of 1 healthy`,
  ],
])('%s', (_, facts, masters, identity, reason) => {
  expect(pick(facts, masters)).toEqual({ identity, reason });
});

test('nobody healthy, nobody picked', () => {
  expect(pick(ireland, [master('a', ireland, { healthy: false })])).toBeUndefined();
  expect(pick(ireland, [])).toBeUndefined();
});

test('criteria are taken in the order of the options', () => {
  const masters = [master('a', { rack: '1', row: '9' }), master('b', { rack: '2', row: '8' })];
  expect(pick({ rack: '2', row: '9' }, masters, { criteria: ['row', 'rack'] })?.identity).toBe('a');
  expect(pick({ rack: '2', row: '9' }, masters, { criteria: ['rack', 'row'] })?.identity).toBe('b');
});
