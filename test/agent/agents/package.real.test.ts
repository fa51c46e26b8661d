import { expect, onTestFinished, test } from 'vitest';
import { package as ddl } from '../../../agent/agents/package.ddl.ts';
import agent from '../../../agent/agents/package.ts';
import data from '../../../agent/data/package.ts';
import { aNode, request } from '../host.ts';

const { actions } = agent;
/** Small, without dependencies of its own or services. */
const hello = { package: 'hello' };

test('A package is installed once, told of, updated when there is something newer, and purged without a trace', async () => {
  const { host } = await aNode();
  const purge = () => actions.purge(hello, request, host);
  await purge();
  onTestFinished(async () => {
    await purge();
  });
  expect(await actions.status(hello, request, host)).toMatchObject({ ensure: 'purged', version: null });
  await expect(actions.update(hello, request, host)).rejects.toMatchObject({
    code: 'CONFLICT',
    message: 'hello is not installed here: there is nothing to update',
  });

  const installed = await actions.install(hello, request, host);
  expect(installed).toMatchObject({ name: 'hello', before: 'purged', changed: true, provider: 'apt' });
  expect(installed.ensure).toMatch(/^\d/);
  expect(installed.output).toContain('Setting up hello');
  expect(ddl.actions.install.output.safeParse(installed).error).toBeUndefined();
  expect(await actions.install(hello, request, host)).toMatchObject({ changed: false, output: '' });
  expect(await actions.update(hello, request, host)).toMatchObject({ changed: false });
  const { signal } = request;
  expect(await data.query('hello', host, signal)).toEqual({ installed: true, status: installed.ensure });

  await expect(actions.install({ ...hello, version: '0.0.1' }, request, host)).rejects.toMatchObject({
    code: 'PROGRAM_FAILED',
    details: expect.arrayContaining([expect.stringContaining('0.0.1')]),
  });
  expect(await actions.uninstall(hello, request, host)).toMatchObject({ changed: true, version: null });
  expect(await purge()).toMatchObject({ ensure: 'purged' });
  expect(await data.query('hello', host, signal)).toMatchObject({ installed: false });
});

test('A name that apt would read as a pattern changes nothing', async () => {
  const { host } = await aNode();
  await expect(actions.install({ package: 'hell.' }, request, host)).rejects.toMatchObject({
    code: 'NOT_FOUND',
    message: expect.stringContaining('apt knows no package hell.'),
  });
});

test('What an upgrade would bring is told with both versions', async () => {
  const { host } = await aNode();
  const told = await actions.checkupdates({}, request, host);
  expect(ddl.actions.checkupdates.output.safeParse(told).error).toBeUndefined();
  expect(told.count).toBe(told.outdated_packages.length);
  for (const { version } of told.outdated_packages) expect(version).toMatch(/^[\d]/);
});
