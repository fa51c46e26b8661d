import { expect, test } from 'vitest';
import { z } from 'zod';
import { dispatch } from '../../../src/bus/dispatch.ts';
import { withStatus } from '../../../src/core/agent.ts';
import { defineDdl, nothing, REPLY_STATUS, type ReplyStatus } from '../../../src/core/ddl.ts';
import { silentLog } from '../../../src/core/log.ts';

const about = { description: 'd', version: '1', author: 'a', license: 'l', url: 'u', timeoutS: 5 };
const output = z.strictObject({ done: z.number(), of: z.number().default(9) });
const colour = z.strictObject({ colour: z.enum(['red', 'blue']) });
const counter = defineDdl({
  ...{ name: 'counter', ...about },
  actions: {
    count: { description: 'd', display: 'always', input: nothing, output },
    paint: { description: 'd', display: 'always', input: colour, output },
  },
});

/** What goes back when the action gives this. */
function outcomeOf(
  given: () => Promise<unknown>,
  more: { graceS?: number; timeoutS?: number; stopped?: AbortSignal; action?: string; data?: object } = {},
) {
  const stamp = { v: 1, typ: 'request', iat_ms: 0, ttl_s: 60, aud: 'all', collective: 'c' } as const;
  const filter = { identity: [], agent: [], class: [], fact: [], compound: [] };
  const what = {
    id: '',
    agent: 'counter',
    action: more.action ?? 'count',
    data: { ...more.data },
    filter,
    session: '',
  };
  const ddl = { ...counter, timeoutS: more.timeoutS ?? 5 };
  const served = {
    ddl,
    actions: { count: given, paint: given },
    ...(more.graceS === undefined ? {} : { graceS: more.graceS }),
  };
  return dispatch(
    {
      ...{ request: { ...stamp, ...what }, sender: { name: 'alice', role: 'operator' }, encrypted: false },
      ...{ sha256: '', expiresAtMs: 0, encrypt: () => Buffer.alloc(0) },
    },
    {
      ...{ agents: () => new Map([['counter', served]]), host: null, facts: () => ({}), classes: () => [] },
      ...{ authorize: () => undefined, log: silentLog, signal: more.stopped ?? new AbortController().signal },
    },
  );
}

const failing: [Exclude<ReplyStatus, 0>, string][] = [
  [REPLY_STATUS.aborted, 'RPC_ABORTED'],
  [REPLY_STATUS.unknownAction, 'RPC_UNKNOWN_ACTION'],
  [REPLY_STATUS.missingData, 'RPC_INVALID_DATA'],
  [REPLY_STATUS.invalidData, 'RPC_INVALID_DATA'],
  [REPLY_STATUS.unknownError, 'RPC_FAILED'],
];

test.each(failing)(
  'An action may fail with status %i in its own words and still have something to show',
  async (status, code) => {
    const message = 'three of nine';
    const given = async () => withStatus({ done: 3 }, { status, message });
    expect(await outcomeOf(given)).toEqual({ status, code, message, data: { done: 3, of: 9 } });
  },
);

test('What a failing action has to show is left out where it does not fit the contract', async () => {
  const given = async () => withStatus({ done: 'x', other: 1 }, { status: 1, message: 'no' });
  expect(await outcomeOf(given)).toMatchObject({ status: 1, message: 'no', data: {} });
});

test('An action may say more than OK, but not get an output past its contract', async () => {
  const good = async () => withStatus({ done: 9 }, { status: 0, message: 'all of them' });
  expect(await outcomeOf(good)).toEqual({ status: 0, message: 'all of them', data: { done: 9, of: 9 } });
  const bad = async () => withStatus({ done: 'x' }, { status: 0, message: 'all of them' });
  expect(await outcomeOf(bad)).toMatchObject({ status: 5, code: 'INTERNAL', data: {} });
});

test('An agent may have a moment beyond the time limit of its contract to say how it ended', async () => {
  const late = async () => {
    await new Promise((resolve) => setTimeout(resolve, 300));
    return { done: 1 };
  };
  expect(await outcomeOf(late, { timeoutS: 0.1 })).toMatchObject({ status: 5, code: 'RPC_FAILED' });
  expect(await outcomeOf(late, { timeoutS: 0.1, graceS: 20 })).toMatchObject({ status: 0 });
});

test.each([
  [{}, REPLY_STATUS.missingData],
  [{ colour: 'green' }, REPLY_STATUS.invalidData],
  [{ colour: 'red', other: 1 }, REPLY_STATUS.invalidData],
])('The input %j is told from one that is %i by its status, and the field is named', async (data, status) => {
  const outcome = await outcomeOf(async () => ({ done: 1 }), { action: 'paint', data });
  expect(outcome).toMatchObject({ status, code: 'RPC_INVALID_DATA' });
  expect(outcome.message).toMatch(/colour|other/);
});

test('An action is not begun any more when the daemon has stopped', async () => {
  let begun = false;
  const given = async () => {
    begun = true;
    return { done: 1 };
  };
  const outcome = await outcomeOf(given, { stopped: AbortSignal.abort() });
  expect(outcome).toMatchObject({ status: 5, code: 'RPC_FAILED', message: 'the daemon stops' });
  expect(begun).toBe(false);
});
