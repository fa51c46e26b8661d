import { expect, test } from 'vitest';
import { appSummary } from '../../../../src/cli/lib/app-output.ts';
import { nodeLines } from '../../../../src/cli/lib/apps.ts';
import { inventoryLines } from '../../../../src/cli/lib/inventory-text.ts';
import { jsonText, plainIn } from '../../../../src/cli/lib/plain.ts';
import { runLine } from '../../../../src/cli/lib/puppet-app.ts';
import { replyLines } from '../../../../src/cli/lib/rpc/reply-text.ts';
import { nothing } from '../../../../src/core/ddl.ts';
import { reply } from './replies.ts';

/** A title for the window, a cleared screen by the two bytes of ESC and by the one of C1, and a line that hides the one before. */
const HOSTILE = '\x1b]0;mine\x07\x1b[2J\u009b2J\r!';
const DRIVES_A_TERMINAL = /[^\P{Cc}\n\t]/u;

const ddl = {
  ...{ name: 'probe', description: 'Tries', version: '1.0.0', author: 'a', license: 'b', url: 'c' },
  timeoutS: 5,
  actions: {
    try: {
      ...({ description: 'Tries', display: 'always', input: nothing, output: nothing } as const),
      aggregate: [{ function: 'summary', output: 'status' }] as const,
    },
  },
};
const node = {
  ...{
    version: HOSTILE,
    main_collective: 'm',
    collectives: ['m'],
    data_plugins: [HOSTILE],
    agents: [HOSTILE],
  },
  ...{ classes: [HOSTILE], facts: { [HOSTILE]: HOSTILE } },
};
const run = {
  ...({
    run: 'r',
    state: 'finished',
    verdict: 'bad',
    reason: HOSTILE,
    exitcode: 1,
    environment: null,
  } as const),
  ...{ resources: null, failed_resources: [], output: '', started_at_ms: 0, ended_at_ms: 1000 },
};
const good = reply('web1', { status: HOSTILE, [HOSTILE]: [HOSTILE] });
const failed = reply('web2', null, { status: 1, message: HOSTILE });

test.each([
  ['a line of an application', () => nodeLines([good], (data) => JSON.stringify(data))],
  ['a failure of an application', () => nodeLines([failed], null)],
  ['the end of a run', () => [runLine(plainIn(run))]],
  ['what is summed up', () => appSummary(ddl, 'try', [good])],
  ['an inventory', () => inventoryLines('web1', node, null)],
  ['names and values of a reply', () => replyLines(undefined, good)],
  ['a reply as it came', () => replyLines(undefined, good, { verbose: true })],
  ['JSON', () => jsonText({ [HOSTILE]: HOSTILE }).split('\n')],
])('no node drives the terminal of who asks it: %s', (_, lines) => {
  const text = lines().join('\n');
  expect(text).toContain('!');
  expect(text).not.toMatch(DRIVES_A_TERMINAL);
});

test('JSON says what came all the same', () => {
  expect(JSON.parse(jsonText({ [HOSTILE]: HOSTILE }, 2))).toEqual({ [HOSTILE]: HOSTILE });
});

test('what is not hostile stays as it is', () => {
  const data = { text: 'zwölf\n\tWörter', list: [1, null, true, 'a'], map: { b: { c: 'd' } } };
  expect(plainIn(data)).toEqual(data);
  expect(plainIn(null)).toBeNull();
});
