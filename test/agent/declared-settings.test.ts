import { expect, test } from 'vitest';
import { z } from 'zod';
import { checkSettings } from '../../agent/declared-settings.ts';
import { createLog } from '../../src/core/create-log.ts';
import { linesOf } from '../kit/lines.ts';

const agent = { name: 'nrpe', settings: z.strictObject({ conf_dir: z.string().startsWith('/') }) };
const data = { name: 'nrpe', settings: z.strictObject({ user: z.string() }) };
const bare = { name: 'rpcutil' };
const check = (settings: Record<string, string>, origins: Record<string, string> = {}) => {
  const { stream, lines } = linesOf();
  checkSettings(
    settings,
    new Map(Object.entries(origins)),
    [agent, data, bare],
    createLog({ level: 'info', name: 'test', stream }),
  );
  return lines();
};

test('settings that an agent or a data plug-in declares are taken in silence', () => {
  expect(check({ 'nrpe.conf_dir': '/x', 'nrpe.user': 'nagios' })).toEqual([]);
});

test.each([
  [
    { 'nrpe.conf_dri': '/x' },
    "plugin.d/nrpe.cfg:3: unknown setting 'nrpe.conf_dri' (did you mean 'conf_dir'?); known here: conf_dir, user",
  ],
  [{ 'nrpe.conf_dir': 'x' }, `plugin.d/nrpe.cfg:3: 'nrpe.conf_dir' is "x"; Invalid string`],
  [{ 'rpcutil.a': 'x' }, "plugin.d/nrpe.cfg:3: unknown setting 'rpcutil.a'; 'rpcutil' has no settings"],
  [{ nrpe: 'x' }, "plugin.d/nrpe.cfg:3: 'nrpe': expected AGENT.KEY"],
  [
    { 'nrpe.activate_agent': 'never' },
    `plugin.d/nrpe.cfg:3: 'nrpe.activate_agent' is "never"; expected true or false`,
  ],
  [
    { 'rpcutil.activate_agent': 'false' },
    "plugin.d/nrpe.cfg:3: 'rpcutil.activate_agent': rpcutil is always served",
  ],
])('%j is refused with file and line', (settings, message) => {
  const [key = ''] = Object.keys(settings);
  expect(() => check(settings, { [`settings.${key}`]: 'plugin.d/nrpe.cfg:3' })).toThrow(message);
});

test('every agent can be switched off, whatever it declares', () => {
  expect(
    check({
      'nrpe.activate_agent': 'no',
      'nrpe.conf_dir': '/x',
      'nrpe.user': 'x',
      'bare.activate_agent': 'false',
    }),
  ).toEqual([]);
});

test('every wrong setting is named at once', () => {
  expect(() => check({ 'nrpe.a': 'x', 'rpcutil.b': 'y' })).toThrow(/nrpe\.a(.|\n)*rpcutil\.b/);
});

test('settings of a plug-in that is not there are told in the log alone: it may come later', () => {
  const lines = check({ 'later.key': 'x' }, { 'settings.later.key': 'plugin.d/later.cfg:1' });
  expect(lines).toMatchObject([{ level: 'warn', plugin: 'later', where: 'plugin.d/later.cfg:1' }]);
});
