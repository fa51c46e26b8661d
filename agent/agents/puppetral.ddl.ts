import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl } from '../../src/core/ddl.ts';
import { ralProperties, ralTitle, ralType } from '../../src/core/ral-schema.ts';

const properties = z
  .record(z.string(), z.unknown())
  .describe('Properties as Puppet finds them; secrets are masked')
  .meta({ display_as: 'Properties' });
const managed = z.boolean().describe('Did the last run of Puppet manage it?').meta({ display_as: 'Managed' });

/** Resources of any type that Puppet knows. *Source:* the puppetral agent of MCollective's plug-ins. */
export const puppetral = defineDdl({
  name: 'puppetral',
  description: "Looks at resources and makes them, through Puppet's resource abstraction layer",
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 180,
  actions: {
    find: {
      description: 'Get the properties of one resource; one that is not there has ensure absent',
      display: 'always',
      input: z.strictObject({ type: ralType, title: ralTitle }),
      output: z.strictObject({
        type: z.string().meta({ display_as: 'Type' }),
        title: z.string().meta({ display_as: 'Title' }),
        properties,
        managed,
      }),
      aggregate: [{ function: 'summary', output: 'managed' }],
    },
    search: {
      description:
        'Get all resources of a type; more than 8 MiB of them are an error, never a part of the list',
      display: 'always',
      input: z.strictObject({ type: ralType }),
      output: z.strictObject({
        resources: z
          .array(z.strictObject({ title: z.string(), properties, managed }))
          .describe('At most 1000; count says how many there are')
          .meta({ display_as: 'Resources' }),
        count: z.number().int().describe('How many there are').meta({ display_as: 'Count' }),
      }),
      aggregate: [{ function: 'summary', output: 'count' }],
    },
    create: {
      description:
        'Make a resource so. Denied unless the node allows its type: the settings puppet.resource_… of the agent puppet hold here, too. Types by which a caller becomes root, such as exec, cron and file, must be named there',
      display: 'always',
      changes: true,
      input: z.strictObject({
        type: ralType,
        title: ralTitle,
        properties: ralProperties.default({}),
        avoid_conflict: z
          .string()
          .max(60)
          .regex(/^[a-z][a-z0-9_]*$/)
          .optional()
          .describe(
            'Leave this property out when another resource of the type has its value already, e.g. uid',
          )
          .meta({ prompt: 'Avoid Conflict' }),
      }),
      output: z.strictObject({
        result: z.string().describe('What Puppet logged').meta({ display_as: 'Result' }),
        changed: z.boolean().describe('False when it was so already').meta({ display_as: 'Changed' }),
        avoided: z
          .boolean()
          .describe('The property of avoid_conflict was left out')
          .meta({ display_as: 'Conflict Avoided' }),
      }),
      aggregate: [{ function: 'summary', output: 'changed' }],
    },
  },
});
