import { setTimeout as sleep } from 'node:timers/promises';
import type { AskReply } from '../../bus/ask.ts';
import type { RpcClient } from '../../bus/client.ts';
import type { ActionInput, ActionName, ActionOutput, Ddl } from '../../core/ddl.ts';
import type { Filter } from '../../core/messages.ts';
import { askEach, holdsSecret, withRole } from './ask-each.ts';
import type { AskPlan } from './ask-plan.ts';
import { partsOf } from './selection.ts';

/** Up to so many nodes get a message each; more hear one that names them. *Source:* MCollective's direct_addressing_threshold. */
const DIRECT_NODES = 10;
/** Names in one broadcast message. */
const NAMES_IN_ONE = 2000;

/** One action for nodes that were found. */
export interface Errand<D extends Ddl, N extends ActionName<D>> {
  readonly rpc: Pick<RpcClient, 'ask' | 'call'>;
  readonly registry: Parameters<typeof withRole>[0];
  readonly collective: string;
  readonly ddl: D;
  readonly action: N;
  readonly input: ActionInput<D, N>;
  readonly plan: AskPlan;
  /** Sorted by name. */
  readonly names: readonly string[];
  /** Whom the request names by itself: somebody chose these nodes, so nobody else may take it. */
  readonly bound: boolean;
  readonly enough?: number;
  /** Ends it with what has come by then; later batches are not sent. */
  readonly signal: AbortSignal;
  readonly onReply: (reply: AskReply<ActionOutput<D, N>>) => void;
}

/** What came of all parts of an errand. */
export interface Returned<O> {
  readonly replies: AskReply<O>[];
  readonly silent: string[];
  readonly unmatched: string[];
  readonly notAsked: string[];
  readonly requests: string[];
}

interface Letter {
  readonly expected: readonly string[];
  readonly to?: readonly string[];
  readonly filter: Filter;
}

/**
 * Sends the request and gathers the answers: each node of a batch, and few nodes, get a message of their own; many hear one. The
 * filter goes with it, so that a node that has changed meanwhile decides for itself. Throws what {@link RpcClient.ask} throws.
 */
export async function send<D extends Ddl, N extends ActionName<D>>(
  errand: Errand<D, N>,
): Promise<Returned<ActionOutput<D, N>>> {
  const { plan, names, signal } = errand;
  const all: Returned<ActionOutput<D, N>> = {
    ...{ replies: [], silent: [], unmatched: [], notAsked: [], requests: [] },
  };
  const batches = partsOf(names, plan.batch === null ? Math.max(1, names.length) : plan.batch(names.length));
  for (const [index, batch] of batches.entries()) {
    if (index > 0) await sleep(plan.batchSleepS * 1000, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      all.notAsked.push(...batch);
      continue;
    }
    for (const came of await askBatch(errand, batch)) {
      all.replies.push(...came.replies);
      all.silent.push(...came.silent);
      all.unmatched.push(...came.unmatched);
      all.notAsked.push(...came.notAsked);
      all.requests.push(...came.requests);
    }
  }
  return all;
}

function askBatch<D extends Ddl, N extends ActionName<D>>(
  errand: Errand<D, N>,
  batch: readonly string[],
): Promise<Returned<ActionOutput<D, N>>[]> {
  if (holdsSecret(errand.ddl, errand.action, errand.input)) return askInSecret(errand, batch);
  const letters = errand.plan.batch === null ? lettersTo(errand) : [directed(errand, batch)];
  return Promise.all(
    letters.map(async (letter) => {
      const came = await ask(errand, letter);
      return { ...came, notAsked: [], requests: [...came.requests] };
    }),
  );
}

/** What is secret is encrypted to each node by itself. */
async function askInSecret<D extends Ddl, N extends ActionName<D>>(
  errand: Errand<D, N>,
  batch: readonly string[],
): Promise<Returned<ActionOutput<D, N>>[]> {
  const { rpc, registry, collective, ddl, action, input, plan, signal, onReply } = errand;
  const nodes = await Promise.all(batch.map((identity) => withRole(registry, identity)));
  const limits = { timeoutS: plan.timeoutS, signal, onReply };
  const came = await askEach(rpc, collective, ddl, action, input, { nodes, ...limits });
  return [{ ...came, unmatched: [], requests: [] }];
}

function lettersTo({
  names,
  bound,
  plan,
  ddl,
}: Pick<Errand<Ddl, string>, 'names' | 'bound' | 'plan' | 'ddl'>): Letter[] {
  const filter = plan.filter.wire;
  if (names.length <= DIRECT_NODES) return [directed({ plan }, names)];
  if (bound)
    return partsOf(names, NAMES_IN_ONE).map((expected) => ({
      expected,
      filter: { ...filter, identity: [...expected] },
    }));
  return [{ expected: names, filter: { ...filter, agent: [...new Set([...filter.agent, ddl.name])] } }];
}

function directed({ plan }: { plan: AskPlan }, names: readonly string[]): Letter {
  return { expected: names, to: names, filter: { ...plan.filter.wire, identity: [] } };
}

function ask<D extends Ddl, N extends ActionName<D>>(errand: Errand<D, N>, letter: Letter) {
  const { rpc, collective, ddl, action, input, plan, enough, signal, onReply } = errand;
  const { timeoutS, ttlS } = plan;
  const limits = { timeoutS, ttlS, signal, ...(enough === undefined ? {} : { enough }) };
  return rpc.ask(collective, ddl, action, input, { ...letter, ...limits, onReply });
}
