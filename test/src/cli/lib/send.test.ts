import { expect, it } from 'vitest';
import type { AskOptions } from '../../../../src/bus/ask.ts';
import type { FilterOptions } from '../../../../src/cli/lib/ask-options.ts';
import { planAsk } from '../../../../src/cli/lib/ask-plan.ts';
import { send } from '../../../../src/cli/lib/send.ts';
import { defineDdl, nothing } from '../../../../src/core/ddl.ts';
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
  const errand = {
    rpc: at.place.rpc,
    collective: 'mcollective',
    ddl,
    action: 'go',
    input: {},
    names,
    bound,
  } as const;
  await send({ ...errand, plan: planAsk(options, ddl, 'go', {}), onReply: () => undefined });
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
