import { expect, it } from 'vitest';
import { z } from 'zod';
import { collectiveLines, countCollectives, inventoryLines } from '../../../../src/cli/lib/inventory-text.ts';

const node = {
  ...{
    version: '1.0',
    main_collective: 'mcollective',
    collectives: ['mcollective', 'eu'],
    data_plugins: ['fact', 'fstat'],
  },
  ...{ agents: ['rpcutil', 'puppet', 'nrpe', 'a'], classes: [], facts: { role: 'web', country: 'de' } },
};

it('a node is shown as mco shows it, with the counters of its daemon under their names', () => {
  const output = z.strictObject({
    total: z.number().meta({ display_as: 'Total Messages' }),
    starttime: z.number(),
  });
  const data = { version: '1.0', total: 3, starttime: 0, agents: ['x'] };
  expect(inventoryLines('web1', node, { data, output })).toEqual([
    'Inventory for web1:',
    '',
    '   Server Statistics:',
    '                         Version: 1.0',
    '                 Main Collective: mcollective',
    '                     Collectives: mcollective, eu',
    '                  Total Messages: 3',
    '                       starttime: 1970-01-01T00:00:00.000Z',
    '',
    '   Agents:',
    '      a        nrpe     puppet',
    '      rpcutil',
    '',
    '   Data Plugins:',
    '      fact   fstat',
    '',
    '   Configuration Management Classes:',
    '      none',
    '',
    '   Facts:',
    '      country => de',
    '      role => web',
  ]);
});

it('collectives are counted, and who of all has stopped registering', () => {
  const counts = countCollectives([node, { collectives: ['mcollective'] }]);
  expect(collectiveLines(counts, 2, 0)).toEqual([
    `   ${'Collective'.padEnd(30)} Nodes`,
    `   ${'=========='.padEnd(30)} =====`,
    `   ${'eu'.padEnd(30)} 1`,
    `   ${'mcollective'.padEnd(30)} 2`,
    '',
    '                     Total nodes: 2',
  ]);
  expect(collectiveLines(counts, 2, 1).at(-1)).toBe('        that stopped registering: 1');
});
