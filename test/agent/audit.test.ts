import { appendFile, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type AuditFileOptions, createAuditFile } from '../../agent/audit/file.ts';
import { startAuditSender } from '../../agent/audit/sender.ts';
import { auditFiles } from '../../src/cli/lib/audit-files.ts';
import type { AuditEntry } from '../../src/core/audit.ts';
import { systemClock } from '../../src/core/clock.ts';
import { silentLog } from '../../src/core/log.ts';
import { verifyAudit } from '../../src/trust/audit/verify.ts';
import { eventually, tempDir } from './temp.ts';

const entry = (number: number): AuditEntry => ({
  kind: 'outcome',
  ...{ request_id: `${number}`, caller: 'cert=alice', collective: 'mcollective', agent: 'a', action: 'b' },
  ...{ status: 0, code: null, took_ms: 1 },
});

async function anAudit(more: Partial<AuditFileOptions> = {}) {
  const path = join(await tempDir(), 'audit.log');
  const open = () => {
    const file = createAuditFile({ path, maxBytes: 1e6, keep: 3, clock: systemClock, ...more });
    onTestFinished(() => file.close());
    return file;
  };
  return { path, open, check: async () => verifyAudit(await auditFiles(path)) };
}

describe('the audit of a node', () => {
  test('is a chain that holds over restarts, with mode 0600', async () => {
    const { open, path, check } = await anAudit();
    for (const from of [1, 11]) {
      const file = open();
      await Promise.all(Array.from({ length: 10 }, (_, index) => file.append(entry(from + index))));
      await file.close();
    }
    expect(await check()).toEqual({ lines: 20, firstSeq: 1, lastSeq: 20, problems: [] });
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('shows the line in which one byte was changed, whichever it is', async () => {
    const { open, path, check } = await anAudit();
    const file = open();
    for (let number = 1; number <= 5; number++) await file.append(entry(number));
    const text = await readFile(path, 'utf8');
    for (const line of [1, 3, 5]) {
      const lines = text.split('\n');
      lines[line - 1] = (lines[line - 1] ?? '').replace('alice', 'alicf');
      await writeFile(path, lines.join('\n'));
      expect((await check()).problems).toEqual([{ file: path, line, problem: 'was changed' }]);
    }
  });

  test('shows a line that was removed, added twice or exchanged', async () => {
    const { open, path, check } = await anAudit();
    const file = open();
    for (let number = 1; number <= 4; number++) await file.append(entry(number));
    const lines = (await readFile(path, 'utf8')).split('\n');
    const with_ = async (order: number[]) => {
      await writeFile(path, order.map((index) => `${lines[index - 1]}\n`).join(''));
      return (await check()).problems.map(({ line }) => line);
    };
    expect(await with_([1, 3, 4])).toEqual([2]);
    expect(await with_([1, 2, 2, 3, 4])).toEqual([3]);
    expect(await with_([1, 3, 2, 4])).toEqual([2, 3, 4]);
    expect(await with_([2, 3, 4])).toEqual([]);
  });

  test('goes on in new files as it grows, keeps the chain, and keeps only so many', async () => {
    const { open, path, check } = await anAudit({ maxBytes: 2000, keep: 2 });
    const file = open();
    for (let number = 1; number <= 50; number++) await file.append(entry(number));
    const { firstSeq, lastSeq, problems } = await check();
    expect([lastSeq, problems]).toEqual([50, []]);
    expect(firstSeq).toBeGreaterThan(30);
    expect((await auditFiles(path)).map(({ name }) => name)).toEqual([`${path}.2`, `${path}.1`, path]);
  });

  test('goes on behind half a line that a power cut left, and says so', async () => {
    const { open, path, check } = await anAudit();
    await open().append(entry(1));
    await appendFile(path, '{"kind":"outcome","requ');
    await open().append(entry(2));
    expect(await check()).toEqual({ lines: 4, firstSeq: 1, lastSeq: 3, problems: [] });
    expect(await readFile(path, 'utf8')).toContain('"kind":"recovered"');
  });

  test('that somebody removed goes on with the next number', async () => {
    const { open, path, check } = await anAudit();
    const file = open();
    await file.append(entry(1));
    await rm(path);
    await file.append(entry(2));
    expect(await check()).toMatchObject({ firstSeq: 2, lastSeq: 2, problems: [] });
  });

  test.each([
    ['the disk is full', '/dev/full'],
    ['the file cannot be made', '/proc/version/audit.log'],
    ['the file is read-only, by the kernel itself', '/proc/version'],
    ['a folder is in its place', '/'],
  ])('throws AUDIT_FAILED when %s, each time', async (_, path) => {
    const file = createAuditFile({ path, maxBytes: 1e9, keep: 1, clock: systemClock });
    for (const number of [1, 2])
      await expect(file.append(entry(number))).rejects.toMatchObject({ code: 'AUDIT_FAILED' });
    await file.close();
  });

  test('is written again as soon as it can be', async () => {
    const { open, path, check } = await anAudit();
    await writeFile(path, '');
    const file = open();
    await file.append(entry(1));
    await truncate(path, 10);
    await file.append(entry(2));
    expect((await check()).problems).toHaveLength(1);
  });
});

describe('the lines that are sent to the controllers', () => {
  async function aSender(maxBytes = 1e6) {
    const audit = await anAudit({ maxBytes });
    const got: string[] = [];
    const broker = { away: false };
    const start = () => {
      const sender = startAuditSender({
        ...{
          path: audit.path,
          keep: 3,
          cursorFile: `${audit.path}.cursor`,
          log: silentLog,
          backoffBaseMs: 50,
        },
        publish: async (event) => {
          if (broker.away) throw new Error('away');
          if (event.kind === 'audit') got.push(...event.lines);
        },
      });
      onTestFinished(() => sender.stop());
      return sender;
    };
    const ids = () => got.map((line) => (JSON.parse(line) as { seq: number }).seq);
    return { ...audit, broker, start, ids };
  }
  const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

  test('arrive in order, each once, also those of before a restart', async () => {
    const { open, start, ids } = await aSender();
    const file = open();
    for (const number of upTo(300)) void file.append(entry(number));
    await file.append(entry(0));
    const first = start();
    await eventually(() => ids().length === 301);
    await first.stop();
    await file.append(entry(0));
    const second = start();
    await eventually(() => ids().length === 302);
    await file.append(entry(0));
    second.poke();
    await eventually(() => ids().length === 303);
    expect(ids()).toEqual(upTo(303));
  });

  test('are sent, too, when somebody has cut the file off in between', async () => {
    const { open, path, start, ids } = await aSender();
    const file = open();
    for (const number of upTo(5)) await file.append(entry(number));
    const sender = start();
    await eventually(() => ids().length === 5);
    await truncate(path, 0);
    await file.append(entry(6));
    sender.poke();
    await eventually(() => ids().length === 6);
    expect(ids()).toEqual(upTo(6));
  });

  test('wait while the broker is away, and come from rotated files too', async () => {
    const { open, start, ids, broker } = await aSender(3000);
    const file = open();
    broker.away = true;
    const sender = start();
    for (const number of upTo(20)) await file.append(entry(number));
    sender.poke();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(ids()).toEqual([]);
    broker.away = false;
    await eventually(() => ids().length === 20);
    expect(ids()).toEqual(upTo(20));
  });
});
