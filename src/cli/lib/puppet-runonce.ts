import type { puppet } from '../../../agent/agents/puppet.ddl.ts';
import type { ActionOutput } from '../../core/ddl.ts';
import type { PuppetRun } from '../../core/puppet-run-schema.ts';
import { appJson, appSummary } from './app-output.ts';
import { endApp, nodeLine, nodeLines } from './apps.ts';
import { type Asked, askNodes, saySummary } from './ask.ts';
import { seconds } from './numbers.ts';
import { say, sayJson } from './output.ts';
import { plain, plainIn } from './plain.ts';
import { type RunOnceOptions, runLine, runOnceInput } from './puppet-app.ts';
import { newRunName, waitForRuns } from './puppet-wait.ts';

type Started = Asked<ActionOutput<typeof puppet, 'runonce'>>;

const DEFAULT_WAIT_S = 3600;

/**
 * Starts one run of Puppet on each node; with --wait, waits for the end of just these runs and tells which were bad. Sets the
 * exit code. Throws USAGE and what `askNodes` throws.
 */
export async function startRuns(ddl: typeof puppet, options: RunOnceOptions): Promise<void> {
  const run = newRunName();
  const input = runOnceInput(options, run);
  const { wait } = options;
  const waitS =
    wait === true || wait === undefined ? DEFAULT_WAIT_S : seconds('--wait', wait, { min: 1, whole: true });
  const started = await askNodes(options, ddl, 'runonce', input);
  if (options.json === undefined) for (const line of nodeLines(started.replies, null)) say(line);
  const nodes = started.replies.flatMap(({ identity, data }) => (data === null ? [] : [identity]));
  if (wait === undefined || nodes.length === 0 || started.interrupted !== null)
    sayStarted(options, ddl, run, started);
  else await waitAndSay(options, { ddl, run, nodes, waitS, started });
}

function sayStarted(options: RunOnceOptions, ddl: typeof puppet, run: string, started: Started): void {
  const nodes = started.replies.filter(({ data }) => data !== null).length;
  if (options.json) sayJson({ ...appJson(ddl, 'runonce', started), run });
  else {
    if (nodes > 0) say(`Started on ${nodes}; how they end: muster puppet run_status ${run}\n`);
    saySummary(started);
  }
  endApp(options, started);
}

async function waitAndSay(
  options: RunOnceOptions,
  own: {
    readonly ddl: typeof puppet;
    readonly run: string;
    readonly nodes: readonly string[];
    readonly waitS: number;
    readonly started: Started;
  },
): Promise<void> {
  const { ddl, run, nodes, started } = own;
  if (options.json === undefined) say(`Waiting for ${nodes.length} Puppet runs named ${run}`);
  const width = Math.max(...nodes.map(({ length }) => length)) + 3;
  const ended = await waitForRuns(options, own, ({ identity, data, message }) => {
    if (options.json || data?.verdict === 'good') return;
    say(nodeLine(identity, data === null ? plain(message) : runLine(plainIn(data)), width));
  });
  const all = withRefusals(started, ended);
  if (options.json) sayJson({ ...appJson(ddl, 'run_status', all), run });
  else {
    for (const line of ['', ...appSummary(ddl, 'run_status', all.replies)]) say(line);
    if (all.interrupted !== null) say(`The runs go on; how they end: muster puppet run_status ${run}\n`);
    saySummary(all);
  }
  endApp(
    options,
    all,
    all.replies.some(({ data }) => data?.verdict !== 'good'),
  );
}

/** The ends of all runs, and the nodes on which none was started. */
function withRefusals(started: Started, ended: Asked<PuppetRun>): Asked<PuppetRun> {
  const refused = started.replies.flatMap((reply) =>
    reply.data === null ? [{ ...reply, data: null, failedData: undefined }] : [],
  );
  return {
    ...ended,
    replies: [...refused, ...ended.replies],
    silent: [...started.silent, ...ended.silent],
  };
}
