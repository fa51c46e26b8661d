import type { AskReply } from '../../../bus/ask.ts';
import type { OverheardReply } from '../../../bus/overhear.ts';
import { asMusterError } from '../../../core/errors.ts';
import { collectiveOf, inCollective } from '../collective.ts';
import { loadDdl } from '../ddls.ts';
import { openFleet } from '../fleet.ts';
import { seconds } from '../numbers.ts';
import { say } from '../output.ts';
import { jsonText } from '../plain.ts';
import { hideSecrets } from '../secret-input.ts';
import { readSettings, siteAgentsDir } from '../settings.ts';
import { stopSignal } from '../stop.ts';
import type { RpcOptions } from './options.ts';
import { rawReply, replyLines } from './reply-text.ts';
import { sessionOf } from './tell.ts';

/**
 * Prints answers to requests that were sent with `--reply-to` the same name by the same caller, until its time is over or a signal
 * comes. Exit code 1 when none came. The broker gives a caller the answers to itself alone, so that nobody else's can be heard.
 */
export async function listenFor(name: string, options: RpcOptions): Promise<void> {
  const limitS = options.timeout === undefined ? null : seconds('--timeout', options.timeout, { min: 0.1 });
  const config = await readSettings(options);
  const fleet = await openFleet(config);
  const stop = stopSignal();
  let heard = 0;
  try {
    const collective = collectiveOf(options, config.collectives.production);
    let printed: Promise<void> = Promise.resolve();
    const hear = (one: OverheardReply) => {
      heard += 1;
      printed = printed.then(() => print(one, options));
    };
    await inCollective(options, () => fleet.rpc.overhear(collective, sessionOf(name), hear));
    if (options.json !== true && options.quiet !== true)
      process.stderr.write(`Listening for answers to ${name} in ${collective} ....\n\n`);
    await until(stop, limitS);
    await printed;
  } finally {
    await fleet.close();
  }
  process.exitCode = heard === 0 ? 1 : 0;
}

async function print({ identity, reply }: OverheardReply, options: RpcOptions): Promise<void> {
  const { agent, action, re, status, message, data } = reply;
  const ddl = await loadDdl(agent, () => siteAgentsDir(options)).catch((thrown: unknown) => {
    if (asMusterError(thrown).code === 'NOT_FOUND') return null;
    throw thrown;
  });
  const spec = ddl !== null && Object.hasOwn(ddl.actions, action) ? ddl.actions[action] : undefined;
  const shown = spec === undefined ? data : hideSecrets(spec.output, data);
  const code = reply.code ?? null;
  const asReply: AskReply<unknown> = { identity, role: 'node', status, code, message, data: shown };
  if (options.json === true || options.jsonl === true) {
    say(jsonText({ kind: 'reply', agent, action, requestid: re, ...rawReply(asReply) }));
    return;
  }
  say(`${agent}#${action} ${re}`);
  for (const line of replyLines(spec, asReply, { display: 'all', verbose: options.verbose === true }))
    say(line);
}

function until(stop: AbortSignal, limitS: number | null): Promise<void> {
  return new Promise((resolve) => {
    stop.addEventListener('abort', () => resolve(), { once: true });
    if (limitS !== null) setTimeout(resolve, limitS * 1000);
  });
}
