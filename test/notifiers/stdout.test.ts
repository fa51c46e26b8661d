import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import stdout from '../../notifiers/stdout.ts';
import { notifierConformance, sampleNotice } from '../conformance/notifier.ts';

const FILE = fileURLToPath(new URL('../../notifiers/stdout.ts', import.meta.url));

notifierConformance(stdout, {
  file: FILE,
  validRecipient: 'stdout:',
  invalidRecipients: ['stdout:somewhere', 'stdout://host', 'stdout:?x=1', 'stdout:#x'],
  secretRecipient: { url: 'stdout://user:geheim@host', secret: 'geheim' },
});

/** A program that sends one notice to its own standard output, and says on standard error what became of it. */
function printer(notice: object) {
  const program = `
    const { default: stdout } = await import(${JSON.stringify(FILE)});
    const send = () => stdout.send(${JSON.stringify(notice)}, new URL('stdout:'), {}, { signal: AbortSignal.timeout(5000) });
    if (process.argv[1] === 'slowly') await new Promise((resolve) => process.stdin.once('data', resolve).resume());
    await send().then(() => console.error('sent'), (error) => console.error(error.code));
    process.stdin.destroy();`;
  return (argument: string) => spawn(process.execPath, ['--input-type=module', '-e', program, argument]);
}

test('a notice is printed as one block that begins with time, level and subject', async () => {
  const child = printer(sampleNotice({ level: 'failure', body: 'step sign_node_csr failed\nretry it' }))(
    'at once',
  );
  expect(await text(child.stdout)).toBe(
    [
      '2026-01-02T03:04:05.000Z FAILURE New node web1 in eu-west-1',
      '  step sign_node_csr failed',
      '  retry it',
      '  (web1.example.org, run i-0123456789abcdef0.1)',
      '',
      '',
    ].join('\n'),
  );
  expect(await text(child.stderr)).toBe('sent\n');
});

test('escape sequences in the output of a node do not reach the terminal', async () => {
  const child = printer(sampleNotice({ subject: 'a\u001b[2J\nb', body: 'c\u001b]0;title\u0007\r\nd' }))(
    'at once',
  );
  const printed = await text(child.stdout);
  for (const control of ['\u001b', '\u0007', '\r']) expect(printed).not.toContain(control);
  expect(printed).toContain('INFO a\uFFFD[2J b\n');
});

test('when nobody reads any more the notice is NOTIFY_UNREACHABLE and the process lives on', async () => {
  const child = printer(sampleNotice())('slowly');
  const exit = once(child, 'exit');
  child.stdout.destroy();
  await once(child.stdout, 'close');
  child.stdin.end('go\n');
  expect(await text(child.stderr)).toBe('NOTIFY_UNREACHABLE\n');
  expect((await exit)[0]).toBe(0);
});
