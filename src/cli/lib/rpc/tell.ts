import { createHash } from 'node:crypto';
import type { Ddl } from '../../../core/ddl.ts';
import { MusterError } from '../../../core/errors.ts';
import { withDiscovered } from '../ask-nodes.ts';
import { checkTyped, planAsk } from '../ask-plan.ts';
import { orStopped } from '../interruption.ts';
import { say, sayJson } from '../output.ts';
import { partsOf } from '../selection.ts';
import type { RpcOptions } from './options.ts';

const NAMES_IN_ONE = 2000;

/**
 * Sends a request and does not wait: nodes answer nobody, or another session of the same caller. Prints the id of the request.
 * Exit code 1 when nobody was found. Throws as `askNodes`. *Source:* `mco rpc --nr` and `--reply-to`.
 */
export async function tellNodes(
  options: RpcOptions,
  ddl: Ddl,
  action: string,
  input: Record<string, unknown>,
  replyTo: string | undefined,
): Promise<void> {
  if (options.batch !== undefined)
    throw new MusterError(
      'USAGE',
      '--batch waits for answers: it cannot be given with --no-response or --reply-to',
    );
  await checkTyped(ddl, action, input);
  const plan = planAsk(options, ddl, action);
  await withDiscovered(options, plan, { agent: ddl.name, what: `${ddl.name}#${action}` }, async (found) => {
    const { fleet, collective, names, discovered } = found;
    const session = replyTo === undefined ? {} : { replyTo: sessionOf(replyTo) };
    const ids: string[] = [];
    for (const identity of partsOf(names, NAMES_IN_ONE)) {
      const filter = { ...plan.filter.wire, identity };
      ids.push(
        ...(await orStopped(
          fleet.rpc.tell(collective, ddl, action, input, { filter, ttlS: plan.ttlS, ...session }),
          `nobody knows whether ${ddl.name}#${action} was sent`,
        )),
      );
    }
    if (options.json === true)
      sayJson({
        ...{ agent: ddl.name, action, requestids: ids },
        ...{ discovered: names.length, gone: discovered.gone },
      });
    else if (ids.length === 0) await found.sayNobody();
    else say(`Request sent with id: ${ids.join(', ')}`);
    process.exitCode = ids.length === 0 ? 1 : 0;
  });
}

/** A name of one's own as the session in a reply address; what is a session already stays. Pure. */
export function sessionOf(name: string): string {
  return /^[0-9a-f]{16}$/.test(name) ? name : createHash('sha256').update(name).digest('hex').slice(0, 16);
}
