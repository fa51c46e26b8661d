import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { AskOptions } from '../../../../src/bus/ask.ts';
import type { FilterOptions } from '../../../../src/cli/lib/ask-options.ts';
import { planAsk } from '../../../../src/cli/lib/ask-plan.ts';
import { type Errand, send } from '../../../../src/cli/lib/send.ts';
import { defineDdl, nothing } from '../../../../src/core/ddl.ts';
import { MusterError } from '../../../../src/core/errors.ts';
import { placeWith } from './discovery-place.ts';

const ddl = defineDdl({
  ...{ name: 'probe', description: 'x', version: '1', author: 'x', license: 'x', url: 'x', timeoutS: 7 },
  actions: { go: { description: 'x', display: 'always', input: nothing, output: nothing } },
});

/** The letters that go out for so many nodes. */
async function lettersFor(
  count: number,
  options: FilterOptions,
  bound: boolean,
): Promise<AskOptions<unknown>[]> {
  const at = placeWith();
  const names = Array.from({ length: count }, (_, index) => `n${index}`);
  const registry = { get: async () => null };
  const errand = {
    rpc: at.place.rpc,
    registry,
    collective: 'mcollective',
    ddl,
    action: 'go',
    input: {},
    names,
    bound,
    signal: new AbortController().signal,
  } as const;
  await send({ ...errand, plan: planAsk(options, ddl, 'go'), onReply: () => undefined });
  return at.asked;
}

it('few nodes get a message each; many hear one, which names them when somebody chose them', async () => {
  const [few] = await lettersFor(10, { withFact: ['role=web'] }, false);
  expect(few).toMatchObject({ to: { length: 10 }, filter: { identity: [], fact: [{ fact: 'role' }] } });
  const [many] = await lettersFor(11, {}, false);
  expect(many).toMatchObject({ expected: { length: 11 }, filter: { identity: [], agent: ['probe'] } });
  expect(many?.to).toBeUndefined();
  const bound = await lettersFor(4500, {}, true);
  expect(bound.map(({ filter }) => filter?.identity?.length)).toEqual([2000, 2000, 500]);
});

it('batches are messages to each node, one batch after the other', async () => {
  const batches = await lettersFor(25, { batch: '40%', batchSleep: '0' }, false);
  expect(batches.map(({ to }) => to?.length)).toEqual([10, 10, 5]);
});

it('a secret goes to each node by itself, encrypted, and never to all; who fails and who is silent is told', async () => {
  const secret = z.strictObject({ pin: z.string().meta({ secret: true }) });
  const safe = defineDdl({ ...ddl, actions: { set: { ...ddl.actions.go, input: secret } } });
  const called: string[] = [];
  const rpc = {
    ask: () => Promise.reject(new Error('asked all')),
    call: async (_collective: string, identity: string) => {
      called.push(identity);
      if (identity === 'n1') throw new MusterError('NODE_UNREACHABLE', 'n1: no answer');
      if (identity === 'n2') throw new MusterError('CA_REFUSED', 'no');
      return {} as never;
    },
  };
  const input = { pin: '1234' };
  const errand = {
    rpc,
    registry: { get: async () => null },
    collective: 'mcollective',
    ddl: safe,
    action: 'set',
    input,
    signal: new AbortController().signal,
  } as const;
  const plan = planAsk({}, safe, 'set');
  const came = await send({
    ...errand,
    plan,
    names: ['n0', 'n1', 'n2'],
    bound: true,
    onReply: () => undefined,
  });
  expect(called).toEqual(['n0', 'n1', 'n2']);
  expect(came).toMatchObject({
    silent: ['n1'],
    replies: [
      { identity: 'n0', status: 0 },
      { identity: 'n2', code: 'CA_REFUSED' },
    ],
  });
});

describe('when somebody says stop', () => {
  const stopped = (
    names: readonly string[],
    options: FilterOptions,
    rpc: Errand<typeof ddl, 'go'>['rpc'],
    signal: AbortSignal,
  ) =>
    send({
      ...{
        rpc,
        registry: { get: async () => null },
        collective: 'mcollective',
        ddl,
        action: 'go',
        input: {},
      },
      ...{ names, bound: true, plan: planAsk(options, ddl, 'go'), signal, onReply: () => undefined },
    });

  it('later batches are not sent, nobody waits for their time, and their nodes are told', async () => {
    const stop = new AbortController();
    const at = placeWith({ n0: 'match' });
    const rpc = {
      ...at.place.rpc,
      ask: (async (...all: Parameters<typeof at.place.rpc.ask>) => {
        setTimeout(() => stop.abort(), 1);
        return at.place.rpc.ask(...all);
      }) as typeof at.place.rpc.ask,
    };
    const came = await stopped(['n0', 'n1', 'n2', 'n3'], { batch: '2', batchSleep: '999' }, rpc, stop.signal);
    expect(came).toMatchObject({ replies: [{ identity: 'n0' }], silent: ['n1'], notAsked: ['n2', 'n3'] });
    expect(at.asked).toMatchObject([{ to: ['n0', 'n1'], signal: stop.signal }]);
  });

  it('nothing is sent at all when it was said before', async () => {
    const at = placeWith();
    const came = await stopped(['n0', 'n1'], {}, at.place.rpc, AbortSignal.abort());
    expect(came).toMatchObject({ silent: [], notAsked: ['n0', 'n1'] });
    expect(at.asked).toEqual([]);
  });
});
