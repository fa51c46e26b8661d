import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { type DdlAggregate, defineDdl, nothing } from '../../src/core/ddl.ts';
import {
  lastRun,
  puppetRun,
  puppetRunName,
  puppetRunTimeoutS,
  sinceLastRun,
} from '../../src/core/puppet-run-schema.ts';
import { PuppetSettings } from '../../src/core/puppet-settings.ts';
import { ralProperties, ralTitle, ralType } from '../../src/core/ral-schema.ts';

const tags = z
  .string()
  .max(400)
  .regex(/^\w+(::\w+)*(,\w+(::\w+)*)*$/, 'tags with commas, e.g. apache,ntp::server');
const enabled = z.boolean().describe('May Puppet run on this node?').meta({ display_as: 'Enabled' });
const count = (display_as: string) => z.number().int().meta({ display_as });
const seconds = (display_as: string) => z.number().describe('Seconds').meta({ display_as });
const summaries = (...outputs: string[]): DdlAggregate[] =>
  outputs.map((output) => ({ function: 'summary', output }));
const averages = (...outputs: string[]): DdlAggregate[] =>
  outputs.map((output) => ({ function: 'average', output }));

/** Life of the Puppet agent on a node. *Source:* mcollective-puppet-agent, agent/puppet.ddl. */
export const puppet = defineDdl({
  name: 'puppet',
  description: 'Runs the Puppet agent, enables and disables it, and tells how it stands',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 180,
  settings: PuppetSettings,
  actions: {
    runonce: {
      description: 'Start one run of Puppet; it goes on by itself, ask run_status how it ends',
      display: 'failed',
      input: z.strictObject({
        run: puppetRunName.optional(),
        force: z.boolean().optional().describe('Run at once, without splay').meta({ prompt: 'Force' }),
        server: z
          .string()
          .max(260)
          .regex(/^[a-zA-Z0-9]([a-zA-Z0-9.-]*[a-zA-Z0-9])?(:\d{1,5})?$/, 'host or host:port')
          .optional()
          .describe('Puppet Server to use, host or host:port; only where the node allows it')
          .meta({ prompt: 'Puppet Server' }),
        tags: tags.optional().describe('Only resources with one of these tags').meta({ prompt: 'Tags' }),
        skip_tags: tags
          .optional()
          .describe('No resources with one of these tags')
          .meta({ prompt: 'Skip tags' }),
        noop: z
          .boolean()
          .optional()
          .describe('true: only tell what would change; false: change it even where puppet.conf says noop')
          .meta({ prompt: 'No-op' }),
        splay: z.boolean().optional().describe('Sleep for a while first').meta({ prompt: 'Splay' }),
        splaylimit: z
          .number()
          .int()
          .min(0)
          .max(86_400)
          .optional()
          .describe('Longest sleep, in seconds')
          .meta({ prompt: 'Splay Limit' }),
        environment: z
          .string()
          .max(50)
          .regex(/^[a-z0-9_]+$/)
          .optional()
          .describe('Puppet environment; a run of another one is bad')
          .meta({ prompt: 'Environment' }),
        use_cached_catalog: z
          .boolean()
          .optional()
          .describe('Apply the catalog of the last run again')
          .meta({ prompt: 'Use Cached Catalog' }),
        ignoreschedules: z
          .boolean()
          .optional()
          .describe('Apply what a schedule would leave out, too')
          .meta({ prompt: 'Ignore Schedules' }),
        timeout_s: puppetRunTimeoutS.default(3600).describe('Seconds after which the run is ended'),
      }),
      output: z.strictObject({
        summary: z.string().meta({ display_as: 'Summary' }),
        run: z.string().describe('Name of this run, for run_status').meta({ display_as: 'Run' }),
        initiated_at: z
          .number()
          .int()
          .describe('Seconds since the epoch')
          .meta({ display_as: 'Initiated at' }),
      }),
    },
    run_status: {
      description:
        'Tell how one run stands that runonce started: running, or its verdict, exit code and resources',
      display: 'always',
      input: z.strictObject({ run: puppetRunName.meta({ prompt: 'Run' }) }),
      output: puppetRun,
      aggregate: summaries('state', 'verdict'),
    },
    status: {
      description: 'Get the current status of the Puppet agent',
      display: 'always',
      input: nothing,
      output: z.strictObject({
        applying: z.boolean().describe('Is a catalog being applied?').meta({ display_as: 'Applying' }),
        idling: z
          .boolean()
          .describe('Does the resident agent wait for its next run?')
          .meta({ display_as: 'Idling' }),
        enabled,
        daemon_present: z
          .boolean()
          .describe('Does the resident agent run?')
          .meta({ display_as: 'Daemon Running' }),
        lastrun: lastRun,
        since_lastrun: sinceLastRun,
        status: z
          .enum(['disabled', 'applying a catalog', 'idling', 'stopped'])
          .meta({ display_as: 'Status' }),
        disable_message: z.string().describe('Why it is disabled').meta({ display_as: 'Lock Message' }),
        message: z.string().describe('All of this in one sentence').meta({ display_as: 'Message' }),
      }),
      aggregate: summaries('enabled', 'daemon_present', 'applying', 'status', 'idling'),
    },
    last_run_summary: {
      description: 'Get the summary of the last Puppet run, whoever started it',
      display: 'always',
      input: z.strictObject({
        logs: z.boolean().default(false).describe('With what Puppet logged').meta({ prompt: 'Logs' }),
      }),
      output: z.strictObject({
        out_of_sync_resources: count('Out of Sync Resources'),
        failed_resources: count('Failed Resources'),
        corrected_resources: count('Corrected Resources'),
        changed_resources: count('Changed Resources'),
        total_resources: count('Total Resources'),
        config_retrieval_time: seconds('Config Retrieval Time'),
        total_time: seconds('Total Time'),
        logs: z
          .array(
            z.strictObject({ time: z.string(), level: z.string(), source: z.string(), message: z.string() }),
          )
          .describe('At most 500 lines')
          .meta({ display_as: 'Last Run Logs' }),
        lastrun: lastRun,
        since_lastrun: sinceLastRun,
        config_version: z.string().meta({ display_as: 'Config Version' }),
        type_distribution: z
          .record(z.string(), z.number())
          .describe('How many resources of each type Puppet manages here')
          .meta({ display_as: 'Type Distribution' }),
        summary: z
          .record(z.string(), z.record(z.string(), z.union([z.number(), z.string()])))
          .describe('As Puppet wrote it')
          .meta({ display_as: 'Summary' }),
      }),
      aggregate: averages('config_retrieval_time', 'total_time', 'total_resources'),
    },
    enable: {
      description: 'Enable the Puppet agent',
      display: 'failed',
      input: nothing,
      output: z.strictObject({ status: z.string().meta({ display_as: 'Status' }), enabled }),
      aggregate: summaries('enabled'),
    },
    disable: {
      description: 'Disable the Puppet agent',
      display: 'failed',
      input: z.strictObject({
        message: z
          .string()
          .min(1)
          .max(200)
          .regex(/^[^\p{C}]+$/u, 'one line of text')
          .optional()
          .describe('Why; without it, who did it and when')
          .meta({ prompt: 'Message' }),
      }),
      output: z.strictObject({ status: z.string().meta({ display_as: 'Status' }), enabled }),
      aggregate: summaries('enabled'),
    },
    resource: {
      description:
        'Let Puppet make one resource so. Denied unless the node allows its type: settings puppet.resource_type_whitelist or puppet.resource_type_blacklist, puppet.resource_name_whitelist.TYPE or puppet.resource_name_blacklist.TYPE (lists with commas), puppet.resource_allow_managed_resources (false). Types by which a caller becomes root, such as exec, cron and file, must be in the first of them',
      display: 'always',
      changes: true,
      input: z.strictObject({
        type: ralType,
        name: ralTitle,
        properties: ralProperties.default({}),
      }),
      output: z.strictObject({
        result: z.string().describe('What Puppet logged').meta({ display_as: 'Result' }),
        changed: z.boolean().describe('False when it was so already').meta({ display_as: 'Changed' }),
      }),
      aggregate: summaries('changed'),
    },
  },
});
