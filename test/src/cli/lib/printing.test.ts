import { expect, it } from 'vitest';
import { z } from 'zod';
import { formatted, sparkline, summarize, summaryLines } from '../../../../src/cli/lib/aggregates.ts';
import { askExitCode } from '../../../../src/cli/lib/ask.ts';
import { absentLines, finishedLine, interruptedError, missingFields } from '../../../../src/cli/lib/asked.ts';
import { inColumns } from '../../../../src/cli/lib/columns.ts';
import { progressBar } from '../../../../src/cli/lib/progress.ts';
import type { RpcOptions } from '../../../../src/cli/lib/rpc/options.ts';
import { jsonlPrinter, jsonPrinter, sendersPrinter } from '../../../../src/cli/lib/rpc/print-json.ts';
import { tablePrinter } from '../../../../src/cli/lib/rpc/print-table.ts';
import { textPrinter } from '../../../../src/cli/lib/rpc/print-text.ts';
import type { Printed, Printer } from '../../../../src/cli/lib/rpc/printer.ts';
import { replyLines } from '../../../../src/cli/lib/rpc/reply-text.ts';
import { type DdlAction, nothing } from '../../../../src/core/ddl.ts';
import { MusterError } from '../../../../src/core/errors.ts';
import { asked, reply } from './replies.ts';

const spec: DdlAction = {
  description: 'Says something',
  display: 'always',
  input: nothing,
  output: z.strictObject({
    msg: z.string().meta({ display_as: 'Message' }),
    count: z.number().meta({ display_as: 'Count' }),
    tags: z.array(z.string()).optional(),
  }),
  aggregate: [
    { function: 'summary', output: 'msg' },
    { function: 'average', output: 'count' },
    { function: 'sum', output: 'count', format: '%d in all' },
    { function: 'chart', output: 'count' },
  ],
};
const good = [reply('web1', { msg: 'hello', count: 1 }), reply('web2', { msg: 'hi', count: 3 })];
const bad = reply('web3', null, { status: 1, message: 'no\nway' });

it('a block has the name of the node, then values under their display names, right-justified', () => {
  expect(replyLines(spec, reply('web1', { msg: 'hi', count: 1, tags: ['a'] }))).toEqual([
    'web1',
    '   Message: hi',
    '     Count: 1',
    '      tags: ["a"]',
    '',
  ]);
});

it('texts of several lines stay under their name, and control characters of nodes do not reach the terminal', () => {
  expect(replyLines(spec, reply('web1', { msg: 'one\ntwo \x1b[31mred\x07', count: 1 }))).toEqual([
    'web1',
    '   Message: one',
    '            two red?',
    '     Count: 1',
    '',
  ]);
});

it.each([
  [1, 'Request Aborted'],
  [2, 'Unknown Action'],
  [3, 'Missing Request Data'],
  [4, 'Invalid Request Data'],
  [5, 'Unknown Request Status'],
])('status %i is called %s', (status, word) => {
  expect(replyLines(spec, { ...bad, status })).toEqual([
    `${'web3'.padEnd(40)} ${word}`,
    '   no',
    '   way',
    '',
  ]);
});

it.each([
  ['always', 'ddl', [true, true]],
  ['ok', 'ddl', [true, true]],
  ['failed', 'ddl', [false, true]],
  ['failed', 'ok', [true, false]],
  ['always', 'failed', [false, true]],
  ['failed', 'all', [true, true]],
  ['always', 'none', [false, false]],
] as const)(
  'an action that displays %s shows with --display %s good and failed: %j',
  (display, wanted, seen) => {
    const shown = [reply('web1', {}), bad].map(
      (one) => replyLines({ ...spec, display }, one, { display: wanted }).length > 0,
    );
    expect(shown).toEqual(seen);
  },
);

it('aggregates are of good replies: counts, most frequent first, average, sum, and a chart', () => {
  const many = [
    ...good,
    reply('web4', { msg: 'hello', count: 8 }),
    { ...bad, data: { msg: 'no', count: 99 } },
  ];
  expect(summaryLines(spec, summarize(spec, many))).toEqual([
    ...['Summary of Message:', '', '   hello = 2', '      hi = 1', ''],
    ...['Summary of Count:', '', '   Average of Count: 4.000000', ''],
    ...['Summary of Count:', '', '   12 in all', ''],
    ...['Summary of Count:', '', '   Count: █▁▁▁▁█▁▁▁▁▁▁▁▁▁▁▁▁▁█  min: 1 avg: 4 max: 8', ''],
  ]);
  expect(summaryLines(spec, summarize(spec, [bad]))[2]).toBe('   No summary received');
});

it.each([
  ['%5s = %d', ['a', 2], '    a = 2'],
  ['%-3s|', ['a'], 'a  |'],
  ['%.1f%%', [12.34], '12.3%'],
  ['%d nodes', ['up', 7], '7 nodes'],
  ['%s only', ['up', 7], 'up only'],
])('printf %j of %j is %j', (format, values, text) => {
  expect(formatted(format, values)).toBe(text);
});

it('a chart of equal numbers is one bar', () => {
  expect(sparkline([5, 5], 4)).toBe('█▁▁▁');
});

it('names stand in columns that fit', () => {
  expect(inColumns(['a', 'bb', 'c', 'd'], 80)).toBe('   a    bb   c\n   d');
  expect(inColumns(['a', 'b'], 4)).toBe('   a\n   b');
});

it('a bar grows to its end', () => {
  expect(progressBar(0, 2, 80)).toBe(` | [ ${' '.repeat(60)} ] 0 / 2`);
  expect(progressBar(1, 2, 30)).toBe(' / [ ======>         ] 1 / 2');
  expect(progressBar(2, 2, 30)).toBe(' * [ =============== ] 2 / 2');
});

/** What a form prints of two good replies and a failed one. */
function printed(make: (printed: Printed) => Printer, options: RpcOptions = {}): string[] {
  const lines: string[] = [];
  const out = { line: (text = '') => void lines.push(...text.split('\n')), close: () => undefined };
  const printer = make({
    ddl: { name: 'probe' },
    action: 'echo',
    spec: { ...spec, aggregate: [] },
    options,
    out,
  });
  const replies = [...good, bad];
  printer.found(4);
  for (const one of replies) printer.reply(one);
  printer.end({
    asked: asked({ replies, silent: ['web9'], gone: ['web7'], unexpected: ['web8'], discovered: 4 }),
    replies,
    summaries: [],
  });
  return lines;
}

it('text ends with how many answered, who did not, and who was not expected', () => {
  expect(printed(textPrinter).slice(-9)).toEqual([
    ...['Finished processing 3 / 4 hosts in 10.50 ms', ''],
    ...['No response from:', '', '   web9', ''],
    ...['Unexpected response from:', '', '   web8'],
  ]);
});

it('a request that was interrupted tells who did not answer and who was not asked, and counts them', () => {
  const half = asked({
    ...{ replies: good, silent: ['web8'] },
    interrupted: { signal: 'SIGINT', notAsked: ['web9', 'web10'] },
  });
  expect([finishedLine(half), ...absentLines(half)]).toEqual([
    ...['Finished processing 2 / 5 hosts in 10.50 ms', ''],
    ...['No response from:', '', '   web8', '', 'Not asked:', '', '   web9    web10'],
  ]);
  expect(interruptedError(half).message).toBe(
    'probe#echo was interrupted by SIGINT: 2 answered, 1 did not, 2 not asked',
  );
  expect(missingFields(half)).toEqual({
    ...{ no_responses: ['web8'], gone: [] },
    interrupted: { signal: 'SIGINT', not_asked: ['web9', 'web10'] },
  });
});

it('verbose text has every reply as it came, and statistics', () => {
  const lines = printed(textPrinter, { verbose: true, display: 'none' });
  expect(lines).toContain('     "statuscode": 0,');
  expect(lines.slice(lines.indexOf('---- probe#echo call stats ----')).slice(0, 9)).toEqual([
    '---- probe#echo call stats ----',
    '           Nodes: 4 / 3',
    '     Pass / Fail: 2 / 1',
    '      Start Time: 1970-01-01T00:00:00.000Z',
    '  Discovery Time: 2.00ms',
    '      Agent Time: 10.50ms',
    '      Total Time: 12.50ms',
    'Discovery Method: registry',
    `      Request ID: ${'a'.repeat(32)}`,
  ]);
});

it('JSON is one document as Choria prints it', () => {
  expect(JSON.parse(printed(jsonPrinter).join('\n'))).toEqual({
    agent: 'probe',
    action: 'echo',
    replies: [
      { sender: 'web1', statuscode: 0, statusmsg: 'OK', data: { msg: 'hello', count: 1 } },
      { sender: 'web2', statuscode: 0, statusmsg: 'OK', data: { msg: 'hi', count: 3 } },
      { sender: 'web3', statuscode: 1, statusmsg: 'no\nway', data: {} },
    ],
    request_stats: {
      requestid: 'a'.repeat(32),
      ...{ no_responses: ['web9'], gone: ['web7'], interrupted: null },
      unexpected_responses: ['web8'],
      ...{ discovered: 4, failed: 1, ok: 2, responses: 3 },
      ...{ request_time: 10_500_000, discover_time: 2_000_000, start_time_utc: '1970-01-01T00:00:00.000Z' },
    },
    summaries: [],
  });
});

it('lines of JSON come in order, senders are those that answered well, a table has them in rows', () => {
  const kinds = printed(jsonlPrinter).map((line) => JSON.parse(line).kind);
  expect(kinds).toEqual(['discovered', 'reply', 'reply', 'reply', 'request_stats']);
  expect(printed(sendersPrinter)).toEqual(['web1', 'web2']);
  expect(JSON.parse(printed(sendersPrinter, { json: true }).join(''))).toEqual(['web1', 'web2']);
  expect(printed(tablePrinter).slice(0, 5)).toEqual([
    ...['Sender  Message  Count', 'web1    hello    1', 'web2    hi       3', ''],
    '1 failed; --display failed says why',
  ]);
  expect(finishedLine(asked({ replies: good }))).toBe('Finished processing 2 / 2 hosts in 10.50 ms');
});

it.each([
  ['all answered well', { replies: good }, 0],
  ['nobody was found', {}, 1],
  ['one failed', { replies: [...good, bad] }, 2],
  ['one was silent', { replies: good, silent: ['web9'] }, 2],
  ['none answered', { silent: ['web9'] }, 3],
  [
    'the connection was lost',
    { replies: good, silent: ['web9'], lost: new MusterError('BROKER_UNREACHABLE', 'x') },
    3,
  ],
  ['none answered of those named', { silent: ['web9'], method: 'identities' }, 4],
  ['somebody pressed Ctrl-C', { replies: good, interrupted: { signal: 'SIGINT', notAsked: [] } }, 130],
  ['somebody ended the process', { interrupted: { signal: 'SIGTERM', notAsked: ['web9'] } }, 143],
] as const)('when %s the exit code is as with mco', (_, more, code) => {
  expect(askExitCode(asked(more))).toBe(code);
});
