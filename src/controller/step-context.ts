import { asMusterError, MusterError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { RpcNode, StepContext } from '../core/step.ts';
import type { Rpc } from './deps.ts';
import type { Masters } from './masters.ts';
import type { WalkingRun } from './walking.ts';

/** What the context of a step is made of. */
export interface StepContextDeps {
  readonly rpc: Rpc;
  readonly masters: Pick<Masters, 'found'>;
  readonly collectives: { readonly provisioning: string; readonly production: string };
  /** Sets and notes the collectives of the run's node. */
  grant(run: WalkingRun, collectives: readonly string[]): Promise<void>;
  readonly log: Log;
}

/** What a step gets to see and use of its run. Throws BROKER_UNREACHABLE, NO_MASTER. */
export async function stepContext(
  deps: StepContextDeps,
  run: WalkingRun,
  signal: AbortSignal,
): Promise<StepContext> {
  const { data } = run;
  if (data.master === null) throw new MusterError('NO_MASTER', 'no master is chosen');
  const found = await deps.masters.found(run.id);
  const { production } = deps.collectives;
  const masters = found.map((master) => deps.rpc.node(production, master.identity, master.facts));
  const facts = found.find((master) => master.identity === data.master)?.facts ?? {};
  return {
    run: {
      id: run.id,
      instanceId: data.instanceId,
      certname: data.identity,
      group: data.group,
      puppetSpkiSha256: data.puppetSpkiSha256,
      retries: data.retries,
    },
    node: nodeWherever(deps.rpc, run, signal),
    master: asMaster(within(deps.rpc.node(production, data.master, facts), signal)),
    masters: masters.map((master) => within(master, signal)),
    collectives: deps.collectives,
    moveToCollective: (collective) =>
      deps.grant(run, [...run.data.collectives.filter((one) => one !== collective), collective]),
    signal,
    log: deps.log.child({ run: run.id }),
  };
}

/** The node in the collectives that it may be in: while it moves it is looked for in the old one first, then in the new one. */
function nodeWherever(rpc: Rpc, run: WalkingRun, signal: AbortSignal): RpcNode {
  const { identity, facts } = run.data;
  return {
    identity,
    facts,
    async call(ddl, action, input, options) {
      const [last = '', ...others] = run.data.collectives.toReversed();
      for (const collective of others.toReversed()) {
        try {
          return await within(rpc.node(collective, identity, facts), signal).call(
            ddl,
            action,
            input,
            options,
          );
        } catch (thrown) {
          if (asMusterError(thrown).code !== 'NODE_UNREACHABLE') throw thrown;
        }
      }
      return within(rpc.node(last, identity, facts), signal).call(ddl, action, input, options);
    },
  };
}

/** Calls end with the step, whether or not the step passes its signal on. */
function within(node: RpcNode, signal: AbortSignal): RpcNode {
  return {
    identity: node.identity,
    facts: node.facts,
    call: (ddl, action, input, options = {}) => {
      const both = options.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
      return node.call(ddl, action, input, { ...options, signal: both });
    },
  };
}

/** The chosen master's silence is the master's failure, not the node's. */
function asMaster(node: RpcNode): RpcNode {
  return {
    identity: node.identity,
    facts: node.facts,
    async call(ddl, action, input, options) {
      try {
        return await node.call(ddl, action, input, options);
      } catch (thrown) {
        const error = asMusterError(thrown);
        if (error.code !== 'NODE_UNREACHABLE') throw error;
        throw new MusterError('MASTER_UNREACHABLE', error.message, { cause: error });
      }
    },
  };
}
