import { z } from 'zod';

/** Name of a Puppet run, as a caller may choose it. */
export const puppetRunName = z
  .string()
  .max(120)
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]*$/)
  .describe(
    'Name of this Puppet run: asked again with the same name, the node tells how that run stands instead of starting another',
  );

/** How a Puppet run stands, in every agent that starts one. The verdict is from this run's exit code and report alone. */
export const puppetRun = z.strictObject({
  run: z.string().describe('Name of the run').meta({ display_as: 'Run' }),
  state: z.enum(['running', 'finished']).meta({ display_as: 'State' }),
  verdict: z
    .enum(['good', 'bad'])
    .nullable()
    .describe('Exit code 0 or 2 and the right environment: good; null while it runs')
    .meta({ display_as: 'Verdict' }),
  reason: z.string().nullable().describe('Why it is bad').meta({ display_as: 'Reason' }),
  exitcode: z.number().int().nullable().meta({ display_as: 'Exit Code' }),
  environment: z
    .string()
    .nullable()
    .describe('Environment that was applied, from the report')
    .meta({ display_as: 'Environment' }),
  resources: z
    .record(z.string(), z.number())
    .nullable()
    .default(null)
    .describe('How many resources there were in this run: total, changed, failed, skipped and so on')
    .meta({ display_as: 'Resources' }),
  failed_resources: z
    .array(z.strictObject({ resource: z.string(), message: z.string() }))
    .meta({ display_as: 'Failed Resources' }),
  output: z.string().describe('Last lines of output, at most 8 KB').meta({ display_as: 'Output' }),
  started_at_ms: z.number().int(),
  ended_at_ms: z.number().int().nullable(),
});

/** How a Puppet run stands, as the node tells it. */
export type PuppetRun = z.output<typeof puppetRun>;

/** Seconds that a Puppet run may take; add `.default()` and `.describe()`. */
export const puppetRunTimeoutS = z.number().int().min(10).max(86_400);
/** When Puppet last ran, wherever it is told. */
export const lastRun = z
  .number()
  .int()
  .describe('Seconds since the epoch; 0 for never')
  .meta({ display_as: 'Last Run' });
/** How long ago that was. */
export const sinceLastRun = z
  .number()
  .int()
  .describe('Seconds; since the epoch when Puppet never ran')
  .meta({ display_as: 'Since Last Run' });
