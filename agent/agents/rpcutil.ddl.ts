import { z } from 'zod';
import { defineDdl, nothing } from '../../src/core/ddl.ts';

const factName = z.string().min(1).max(200).describe('Name of the fact').meta({ prompt: 'Fact' });

/** What every daemon can say of itself. *Source:* MCollective's rpcutil agent. */
export const rpcutil = defineDdl({
  name: 'rpcutil',
  description: 'General helpful actions that expose stats and internals to clients',
  version: '1.0.0',
  author: 'Muster',
  license: 'Apache-2.0',
  url: 'https://example.org/muster',
  timeoutS: 10,
  actions: {
    ping: {
      description: 'Responds to requests with the time of the node',
      display: 'always',
      input: nothing,
      output: z.strictObject({
        pong: z
          .number()
          .int()
          .describe('Seconds since the epoch, by the clock of the node')
          .meta({ display_as: 'Timestamp' }),
      }),
    },
    inventory: {
      description: 'System inventory',
      display: 'always',
      input: nothing,
      output: z.strictObject({
        agents: z.array(z.string()).meta({ display_as: 'Agents' }),
        facts: z.record(z.string(), z.string()).meta({ display_as: 'Facts' }),
        classes: z.array(z.string()).meta({ display_as: 'Classes' }),
        collectives: z.array(z.string()).meta({ display_as: 'All Collectives' }),
        main_collective: z.string().meta({ display_as: 'Main Collective' }),
        version: z.string().meta({ display_as: 'Version' }),
      }),
    },
    get_fact: {
      description: 'Retrieve a single fact from the fact store',
      display: 'always',
      input: z.strictObject({ fact: factName }),
      output: z.strictObject({
        fact: z.string().meta({ display_as: 'Fact' }),
        value: z
          .string()
          .nullable()
          .describe('null when the node has no such fact')
          .meta({ display_as: 'Value' }),
      }),
    },
    agent_inventory: {
      description: 'Inventory of all agents on the server including versions, licenses and more',
      display: 'always',
      input: nothing,
      output: z.strictObject({
        agents: z
          .array(
            z.strictObject({
              agent: z.string(),
              name: z.string(),
              version: z.string(),
              description: z.string(),
              license: z.string(),
              timeout: z.number(),
            }),
          )
          .meta({ display_as: 'Agents' }),
      }),
    },
  },
});
