import { join } from 'node:path';
import type { Agent } from '../../src/core/agent.ts';
import { MusterError } from '../../src/core/errors.ts';
import type { AgentHost } from '../host.ts';
import { disablePuppet, enablePuppet } from '../puppet/disable.ts';
import { managedResources, readSummary, totalsOf, typeDistribution } from '../puppet/last-run.ts';
import { makeResource } from '../puppet/make-resource.ts';
import { hasPuppet, puppetOf } from '../puppet/of-host.ts';
import { checkResource } from '../puppet/ral-rules.ts';
import { type ReportLog, readReport } from '../puppet/report.ts';
import { runOnce } from '../puppet/run-once.ts';
import { puppetStatus } from '../puppet/status.ts';
import { puppet } from './puppet.ddl.ts';

const MAX_LOGS = 500;

/** Puppet on nodes and masters, where it is installed. *Source:* mcollective-puppet-agent, agent/puppet.rb. */
const agent: Agent<typeof puppet, AgentHost> = {
  ddl: puppet,
  activate: hasPuppet,
  actions: {
    async runonce(input, _request, host) {
      const { run, started } = await runOnce(host, input);
      return {
        summary: started ? `Started the Puppet run ${run.run}` : `The Puppet run ${run.run} is ${run.state}`,
        run: run.run,
        initiated_at: Math.floor(run.started_at_ms / 1000),
      };
    },

    async run_status({ run: name }, _request, host) {
      const run = await host.runs.look(name);
      if (run !== null) return run;
      throw new MusterError('NOT_FOUND', `this node knows no Puppet run ${name}: it keeps the newest only`);
    },

    status: async (_input, _request, host) => puppetStatus(await puppetOf(host), host.clock.nowMs()),

    async last_run_summary({ logs }, _request, host) {
      const paths = await puppetOf(host);
      const [summary, managed] = await Promise.all([readSummary(paths), managedResources(paths)]);
      return {
        ...totalsOf(summary, host.clock.nowMs()),
        type_distribution: typeDistribution(managed),
        logs: logs ? await lastLogs(paths.stateDir) : [],
        summary,
      };
    },

    async enable(_input, _request, host) {
      const changed = await enablePuppet(await puppetOf(host));
      return {
        status: changed ? 'Successfully enabled the Puppet agent' : 'Puppet was enabled already',
        enabled: true,
      };
    },

    async disable({ message }, request, host) {
      const at = new Date(host.clock.nowMs()).toISOString().slice(0, 16).replace('T', ' ');
      const reason = message ?? `Disabled via Muster by ${request.caller} at ${at} UTC`;
      await disablePuppet(await puppetOf(host), reason);
      return { status: `Successfully locked the Puppet agent: ${reason}`, enabled: false };
    },

    async resource({ type, name, properties }, _request, host) {
      const paths = await puppetOf(host);
      const wanted = { type, title: name, properties };
      await checkResource(host, paths, wanted);
      return makeResource(paths, wanted);
    },
  },
};

/** The `puppet` agent. */
export default agent;

/** Puppet writes no report before its first run. */
async function lastLogs(stateDir: string): Promise<ReportLog[]> {
  const path = join(stateDir, 'last_run_report.yaml');
  const report = await readReport(path, { maxLogs: MAX_LOGS }).catch(() => null);
  return [...(report?.logs ?? [])];
}
