import { expect, it } from 'vitest';
import { z } from 'zod';
import { checkTyped, planAsk } from '../../../../src/cli/lib/ask-plan.ts';
import { seconds, share } from '../../../../src/cli/lib/numbers.ts';
import { replyFilter } from '../../../../src/cli/lib/rpc/reply-filter.ts';
import { inputTexts, typedInput } from '../../../../src/cli/lib/rpc/typed-input.ts';
import { words } from '../../../../src/cli/lib/words.ts';
import { defineDdl, nothing } from '../../../../src/core/ddl.ts';
import { MusterError } from '../../../../src/core/errors.ts';
import { reply } from './replies.ts';

const input = z.strictObject({
  msg: z.string().max(5).describe('What to say').optional(),
  level: z.enum(['low', 'high']).optional(),
  count: z.number().int().optional(),
  ratio: z.number().optional(),
  loud: z.boolean().optional(),
  names: z.array(z.string()).optional(),
  ports: z.array(z.number()).optional(),
  map: z.record(z.string(), z.unknown()).optional(),
  any: z.union([z.number(), z.boolean()]).optional(),
});

const read = (text: string) => typedInput('probe#echo', input, inputTexts('probe#echo', input, [text]));

it.each([
  ['msg=a=b', { msg: 'a=b' }],
  ['msg=', { msg: '' }],
  ['count=-3', { count: -3 }],
  ['ratio=0.5', { ratio: 0.5 }],
  ['loud=yes', { loud: true }],
  ['loud=0', { loud: false }],
  ['names=a,b', { names: ['a', 'b'] }],
  ['names=["a,b"]', { names: ['a,b'] }],
  ['ports=80,443', { ports: [80, 443] }],
  ['map={"a":[1]}', { map: { a: [1] } }],
  ['any=5', { any: 5 }],
  ['level=low', { level: 'low' }],
])('%s is typed by the DDL', (text, typed) => {
  expect(read(text)).toEqual(typed);
});

it.each([
  ['msg=longer', "input 'msg' is 'longer'; expected string to have <=5 characters"],
  ['level=x', "input 'level' is 'x'; expected low, high"],
  ['count=x', "input 'count' is 'x'; expected number"],
  ['count=1.5', "input 'count' is 1.5; expected a whole number"],
  ['loud=maybe', "input 'loud' is 'maybe'; expected boolean"],
  ['ports=80,x', 'input \'ports.1\' is [80,"x"]; expected list of number'],
  ['map=x', "input 'map' is 'x'; expected map of any"],
  ['mgs=x', "probe#echo has no input 'mgs' (did you mean 'msg'?); it has msg"],
  ['msg', "'msg' is no input of probe#echo; expected name=value"],
])('%s is refused, naming input, value and what was expected', (text, message) => {
  expect(() => read(text)).toThrow(message);
});

it('an input that is given twice is refused', () => {
  expect(() => inputTexts('probe#echo', input, ['msg=a', 'msg=b'])).toThrow(
    "the input 'msg' of probe#echo is given twice; expected one msg=VALUE",
  );
});

it('what was given for a secret is not repeated', () => {
  const schema = z.strictObject({ pin: z.number().meta({ secret: true }) });
  expect(() => typedInput('probe#set', schema, { pin: 'horse' })).toThrow(
    "input 'pin' is '[redacted]'; expected number",
  );
});

it('a missing input is named with what it is', () => {
  const needed = z.strictObject({ msg: z.string().describe('What to say') });
  expect(() => typedInput('probe#echo', needed, {})).toThrow(
    "probe#echo needs the input 'msg' (What to say, string)",
  );
});

it.each([
  ['ok', [true, false]],
  ['ok()', [true, false]],
  ['code!=0', [false, true]],
  ['code=0 and data.count>3', [true, false]],
  ['ok() && data("count") > 3', [true, false]],
  ['ok() && !data("idling")', [false, false]],
  ['msg=~/denied/', [false, true]],
  ['msg() matches "denied|ok()"', [false, true]],
  ['sender() == "web1"', [true, false]],
  ['include(data("tags"), "red")', [true, false]],
  ['data.os.family=Debian', [true, false]],
  ["failed or sender='web1'", [true, true]],
])('replies are filtered by %s', (text, expected) => {
  const good = reply('web1', { count: 4, idling: true, tags: ['red'], os: { family: 'Debian' } });
  const bad = reply('web2', null, { status: 1, message: 'denied' });
  expect([good, bad].map(replyFilter(text))).toEqual(expected);
});

it('a filter of replies that cannot be read is shown with a caret', () => {
  const caught = (text: string) => {
    try {
      replyFilter(text);
    } catch (thrown) {
      return thrown instanceof MusterError ? [thrown.message, ...thrown.details] : [];
    }
    return [];
  };
  expect(caught('ok and (code=0')).toEqual(["reply filter: '(' without ')'", 'ok and (code=0', '       ^']);
  expect(caught("fstat('/x').size>1")).toContain("reply filter: there is no function 'fstat' of replies");
});

it('words are split as a shell does, and nothing is expanded', () => {
  expect(words(`--wf role=db a\\ b 'c "d' "e \\" f" $HOME*`)).toEqual([
    '--wf',
    'role=db',
    'a b',
    'c "d',
    'e " f',
    '$HOME*',
  ]);
  expect(() => words("a 'b")).toThrow('a quote is not closed');
});

it('numbers and parts of a fleet', () => {
  expect([share('--batch', '10%')(11), share('--batch', '3')(11), share('--batch', '100%')(4)]).toEqual([
    2, 3, 4,
  ]);
  for (const text of ['0', '101%', '-1', 'x', '1.5', '%'])
    expect(() => share('--batch', text)).toThrow(`--batch is '${text}'`);
});

it('seconds, within bounds that timers keep', () => {
  expect([seconds('--dt', '0'), seconds('--dt', '1.5'), seconds('--dt', '999999')]).toEqual([
    0, 1.5, 999_999,
  ]);
  for (const text of ['', 'x', '-1', ' 1', '1e3', '0x10', '1.', '1000000', '9'.repeat(400), 'Infinity'])
    expect(() => seconds('--dt', text)).toThrow(`--dt is '${text}'; expected seconds from 0 to 999999`);
  const whole = { min: 1, max: 60, whole: true };
  expect(seconds('--wait', '60', whole)).toBe(60);
  for (const text of ['0', '61', '1.5'])
    expect(() => seconds('--wait', text, whole)).toThrow(
      `--wait is '${text}'; expected whole seconds from 1 to 60`,
    );
});

const action = { description: 'x', display: 'failed', input: nothing, output: nothing } as const;
const ddl = defineDdl({
  ...{ name: 'probe', description: 'x', version: '1', author: 'x', license: 'x', url: 'x', timeoutS: 7 },
  actions: { change: action, ask: { ...action, display: 'always' }, look: { ...action, changes: false } },
});

it('a plan takes the time of the agent and a little more for the way, and knows which actions change nodes', () => {
  expect(planAsk({}, ddl, 'change')).toMatchObject({ timeoutS: 9, ttlS: 9, changes: true, batch: null });
  expect(planAsk({ timeout: '2', ttl: '60' }, ddl, 'ask')).toMatchObject({
    timeoutS: 2,
    ttlS: 60,
    changes: false,
  });
  expect(planAsk({}, ddl, 'look').changes).toBe(false);
});

it.each([
  [{ timeout: 'x' }, "--timeout is 'x'; expected seconds from 0.1 to 999999"],
  [{ ttl: '3601' }, "--ttl is '3601'; expected seconds from 1 to 3600"],
  [{ limit: '2', one: true as const }, '--one and --limit cannot be given together'],
  [{ limitSeed: '2' }, '--limit-seed says which nodes --limit chooses'],
  [{ withIdentity: ['WEB1'] }, "identity filter 'WEB1': expected the name of a node"],
  [{ withFact: ['role'] }, "fact filter: 'role' compares no fact"],
  [{ withFact: ['role=~/(?<=a)b/'] }, 'look-around and back references are not known here'],
  [{ withClass: [''] }, "class filter '': expected the name of a class, at most 300 characters, or /regex/"],
  [
    { withAgent: Array<string>(21).fill('a') },
    'agent filter: it is given too often; write a regular expression',
  ],
  [{ with: [' '] }, "--with is ' '; expected classes and facts, separated by spaces"],
  [
    { with: ['a and b=c'] },
    "--with 'a and b=c': 'and' is no class; all of --with must hold, and --select reads 'and'",
  ],
  [
    { limit: '9999999999' },
    "--limit is '9999999999'; expected a whole number from 1 to 999999999, or a part from 1% to 100%",
  ],
])('options %j are refused before anything is connected', (options, message) => {
  expect(() => planAsk(options, ddl, 'ask')).toThrow(message);
});

it('what a command made of its words is checked before anything is connected, with the value that does not fit', async () => {
  const run = { ...action, input: z.strictObject({ run: z.string().regex(/^[a-z]+$/) }) };
  const own = defineDdl({ ...ddl, actions: { run } });
  await expect(checkTyped(own, 'run', { run: 'bad name' })).rejects.toMatchObject({
    code: 'USAGE',
    message: "input 'run' is 'bad name'; expected a text that matches /^[a-z]+$/",
  });
  expect(await checkTyped(own, 'run', { run: 'good' })).toBeUndefined();
});
