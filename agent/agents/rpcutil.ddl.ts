import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl, nothing } from '../../src/core/ddl.ts';
import { ROLES, word } from '../../src/core/names.ts';

const factName = z
  .string()
  .max(200)
  .regex(/^[^\p{Cc}]+$/u, 'one line of text')
  .describe('Name or path of the fact, such as os.family')
  .meta({ prompt: 'Fact' });

/** What every daemon can say of itself. *Source:* MCollective's rpcutil agent. */
export const rpcutil = defineDdl({
  name: 'rpcutil',
  description: 'General helpful actions that expose stats and internals to clients',
  version: '1.0.0',
  ...OF_MUSTER,
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
        // Daemons of earlier versions do not say.
        data_plugins: z.array(z.string()).default([]).meta({ display_as: 'Data Plugins' }),
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
          .describe('null when the node has no such fact; a list, and a path with others below it, is JSON')
          .meta({ display_as: 'Value' }),
      }),
    },
    get_facts: {
      description: 'Retrieve multiple facts from the fact store',
      display: 'always',
      input: z.strictObject({
        facts: z
          .string()
          .min(1)
          .max(2000)
          .regex(/^[^\s,]+(\s*,\s*[^\s,]+)*$/, 'names separated by commas')
          .describe('Names of the facts, separated by commas')
          .meta({ prompt: 'Facts' }),
      }),
      output: z.strictObject({
        values: z
          .record(z.string(), z.string().nullable())
          .describe('null where the node has no such fact; a list, and a path with others below it, is JSON')
          .meta({ display_as: 'Values' }),
      }),
    },
    get_config_item: {
      description: "Get the active value of a setting of the node's daemon",
      display: 'always',
      input: z.strictObject({
        item: z
          .string()
          .max(200)
          .regex(/^[\w-]+(\.[\w-]+)*$/, 'dotted, such as broker.port')
          .describe('Dotted name of the setting')
          .meta({ prompt: 'Configuration item' }),
      }),
      output: z.strictObject({
        item: z.string().meta({ display_as: 'Property' }),
        value: z.string().nullable().describe('null when it is not set').meta({ display_as: 'Value' }),
      }),
    },
    get_data: {
      description: 'Get data from a data plug-in',
      display: 'always',
      input: z.strictObject({
        source: z
          .string()
          .max(60)
          .regex(/^[a-z][a-z0-9_]*$/)
          .describe('Data plug-in')
          .meta({ prompt: 'Data Source' }),
        query: z
          .string()
          .max(1000)
          .regex(/^[^\p{Cc}]*$/u, 'one line of text')
          .optional()
          .describe('Its argument, if it takes one')
          .meta({ prompt: 'Query' }),
      }),
      output: z.strictObject({
        values: z
          .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
          .describe('What the plug-in says, by name')
          .meta({ display_as: 'Values' }),
      }),
    },
    collective_info: {
      description: 'Info about the main and sub collectives',
      display: 'always',
      input: nothing,
      output: z.strictObject({
        main_collective: z.string().meta({ display_as: 'Main Collective' }),
        collectives: z.array(z.string()).meta({ display_as: 'All Collectives' }),
      }),
      aggregate: [{ function: 'summary', output: 'collectives' }],
    },
    daemon_stats: {
      description: 'Get statistics from the running daemon',
      display: 'always',
      input: nothing,
      output: z.strictObject({
        agents: z.array(z.string()).meta({ display_as: 'Agents' }),
        pid: z.number().int().meta({ display_as: 'Process ID' }),
        starttime: z.number().describe('Seconds since the epoch').meta({ display_as: 'Start Time' }),
        version: z.string().meta({ display_as: 'Version' }),
        node_version: z.string().describe('Version of Node.js').meta({ display_as: 'Node.js' }),
        rss: z.number().int().describe('Resident memory in bytes').meta({ display_as: 'Memory' }),
        cpu_s: z.number().describe('Seconds of CPU used').meta({ display_as: 'CPU Time' }),
        total: z.number().int().describe('Messages that arrived').meta({ display_as: 'Total Messages' }),
        validated: z.number().int().describe('Genuine ones').meta({ display_as: 'Validated Messages' }),
        unvalidated: z
          .number()
          .int()
          .describe('Forged, unreadable or meant for others')
          .meta({ display_as: 'Failed Validation' }),
        ttlexpired: z.number().int().describe('Came too late').meta({ display_as: 'TTL Expired' }),
        replayed: z.number().int().describe('Had been heard before').meta({ display_as: 'Replayed' }),
        filtered: z.number().int().describe('Not meant for this node').meta({ display_as: 'Failed Filter' }),
        passed: z.number().int().describe('Meant for this node').meta({ display_as: 'Passed Filter' }),
        replies: z.number().int().meta({ display_as: 'Replies Sent' }),
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
