import { z } from 'zod';
import { defineDdl, nothing } from '../../src/core/ddl.ts';
import { ROLES, word } from '../../src/core/names.ts';

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
    policy_explain: {
      description: 'Says whether a caller may call an action here, and which line of which policy decides',
      display: 'always',
      input: z.strictObject({
        caller: z
          .string()
          .max(300)
          .regex(/^cert=\S+$/)
          .describe('cert=NAME, as in the certificate of the caller')
          .meta({ prompt: 'Caller' }),
        role: z.enum(ROLES).default('operator').describe('Role in that certificate'),
        agent: word.describe('Agent').meta({ prompt: 'Agent' }),
        action: word.describe('Action').meta({ prompt: 'Action' }),
      }),
      output: z.strictObject({
        verdict: z.enum(['allow', 'deny']).meta({ display_as: 'Verdict' }),
        file: z
          .string()
          .describe('Policy file; built-in/… is one of Muster itself')
          .meta({ display_as: 'File' }),
        line: z
          .number()
          .int()
          .nullable()
          .describe('Line that decides; null when none does')
          .meta({ display_as: 'Line' }),
        text: z.string().nullable().describe('That line').meta({ display_as: 'Text' }),
        reason: z.string().meta({ display_as: 'Reason' }),
        known: z.boolean().describe('Does the node serve this action now?').meta({ display_as: 'Served' }),
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
