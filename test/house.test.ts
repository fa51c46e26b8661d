import { beforeAll, describe, expect, test } from 'vitest';
import { wrongArrows, wrongInDaemon } from './house/arrows.ts';
import { undocumented } from './house/docstrings.ts';
import { importClosure, importsOf } from './house/imports.ts';
import { environmentReads, shells, tooLong, unusedCodes, waivers } from './house/rules.ts';
import { CODE_FOLDERS, readSources, type Source, source } from './house/sources.ts';

// A check that reads nothing finds nothing: fewer than these, and the checker has gone blind.
const LEAST_FILES = 200;
const LEAST_IMPORTS = 600;

let code: Source[];
let tests: Source[];

beforeAll(async () => {
  code = await readSources(CODE_FOLDERS);
  tests = await readSources(['test']);
});

describe('who may import whom', () => {
  test('the checker reads the whole house', () => {
    expect(code.length).toBeGreaterThanOrEqual(LEAST_FILES);
    expect(code.flatMap(importsOf).length).toBeGreaterThanOrEqual(LEAST_IMPORTS);
    for (const folder of CODE_FOLDERS)
      expect(
        code.some(({ path }) => path.startsWith(`${folder}/`)),
        folder,
      ).toBe(true);
  });

  test('every arrow is one of the design', () => {
    expect(wrongArrows(code)).toEqual([]);
  });

  test('the daemon takes in neither the queue nor the AWS SDK nor the controller', () => {
    expect(importClosure(code, 'agent/main.ts').size).toBeGreaterThan(30);
    expect(wrongInDaemon(code)).toEqual([]);
  });

  test.each([
    ['src/core/planted.ts', `import { x } from '../bus/x.ts';`],
    ['src/bus/planted.ts', `import type { X } from '../trust/x.ts';`],
    ['src/trust/planted.ts', `export * from '../controller/x.ts';`],
    ['src/controller/planted.ts', `import lock from '../../provisioners/lock.ts';`],
    ['src/controller/planted.ts', `const mailto = await import('../../notifiers/mailto.ts');`],
    ['src/controller/planted.ts', `const mailto = await import(name);`],
    ['src/fleet/planted.ts', `import { x } from '../controller/worker.ts';`],
    ['src/http/planted.ts', `import { x } from '../bus/x.ts';`],
    ['src/cli/planted.ts', `import mailto from '../../notifiers/mailto.ts';`],
    ['agent/planted.ts', `import { x } from '../src/controller/x.ts';`],
    ['agent/agents/planted.ddl.ts', `import { x } from '../files.ts';`],
    ['agent/agents/planted.ts', `import { x } from './rpcutil.ts';`],
    ['provisioners/planted.ts', `import lock from './lock.ts';`],
    ['notifiers/planted.ts', `import xmpp from './xmpp.ts';`],
    ['notifiers/planted.ts', `let x: import('../src/bus/x.ts').X;`],
    ['userdata/planted.ts', `import { x } from '../agent/files.ts';`],
    ['infra/lab/planted.ts', `import { x } from '../../src/trust/x.ts';`],
    ['src/new/planted.ts', `import { x } from '../core/errors.ts';`],
    ['src/cli/planted.ts', `import { Queue } from 'bullmq';`],
    ['src/http/planted.ts', `import type { Redis } from 'ioredis';`],
    ['agent/planted.ts', `import { connect } from 'stompit';`],
    ['infra/lab/planted.ts', `import { EC2Client } from '@aws-sdk/client-ec2';`],
    ['agent/planted.ts', `import forge from 'node-forge';`],
    ['src/controller/planted.ts', `import { spawn } from 'node:child_process';`],
    ['provisioners/planted.ts', `const { spawn } = require('child_process');`],
  ])('a wrong import planted in %s is found: %s', (path, text) => {
    const found = wrongArrows([...code, source(path, `\n${text}\n`)]).filter((problem) =>
      problem.startsWith(`${path}:2: `),
    );
    expect(found).toHaveLength(1);
  });

  test.each([
    ['src/cli/planted.ts', `import { x } from '../controller/x.ts';`],
    ['provisioners/planted.ts', `import { provision } from '../agent/agents/provision.ddl.ts';`],
    ['notifiers/planted.ts', `import { x } from './lib/text.ts';`],
    ['src/fleet/planted.ts', `import { x } from '../controller/registry.ts';`],
    ['src/controller/planted.ts', `import { Queue } from 'bullmq'; // import { x } from '../http/x.ts'`],
  ])('a right import planted in %s is let through: %s', (path, text) => {
    expect(wrongArrows([source(path, text)])).toEqual([]);
  });

  test('what the daemon must not take in is found behind several files, and a mere type is not', () => {
    const planted = [
      source('agent/main.ts', `import './a.ts'; import type { X } from '../src/controller/x.ts';`),
      source('agent/a.ts', `await import('./b.ts');`),
      source('agent/b.ts', `\nexport { Queue } from 'bullmq';`),
    ];
    expect(wrongInDaemon(planted)).toEqual(['agent/b.ts:2: brings bullmq into the daemon']);
  });
});

describe('no waivers', () => {
  test('the tree holds no disabled rule, no left-out test and no any', () => {
    expect(waivers([...code, ...tests])).toEqual([]);
  });

  test.each([
    `// biome-${'ignore'} lint: x`,
    `// @ts-${'expect-error'}`,
    'test.skip("x", () => 1);',
    'describe.only("x", f);',
    'f(x as any);',
  ])('a planted one is found: %s', (text) => {
    expect(waivers([source('src/core/planted.ts', text)])).toHaveLength(1);
  });

  test('prose that says any is none', () => {
    expect(waivers([source('src/core/planted.ts', '// as any user does\n')])).toEqual([]);
  });
});

describe('small and documented', () => {
  test('no file is over 250 lines', () => {
    expect(tooLong([...code, ...tests])).toEqual([]);
    expect(tooLong([source('src/core/planted.ts', 'x\n'.repeat(251))])).toHaveLength(1);
  });

  test('every export outside the tests and the lab has a docstring', () => {
    expect(undocumented(code.filter(({ path }) => !path.startsWith('infra/')))).toEqual([]);
  });

  test('a planted export without one is found, the type of a documented schema is not', () => {
    const text =
      '/** A. */\nexport const A = 1;\nexport type A = number;\n\nexport function b() {}\n// c\nexport default {};\n';
    expect(undocumented([source('src/core/planted.ts', text)])).toEqual([
      'src/core/planted.ts:5: b',
      'src/core/planted.ts:7: default',
    ]);
  });
});

describe('errors and environment', () => {
  test('every error code is used', () => {
    expect(unusedCodes(code)).toEqual([]);
  });

  test('a code that is in a comment only does not count as used', () => {
    expect(unusedCodes([source('src/core/planted.ts', `// 'INTERNAL'\nthrow 'USAGE';`)])).toContain(
      'INTERNAL',
    );
    expect(unusedCodes([source('src/core/planted.ts', `// 'INTERNAL'\nthrow 'USAGE';`)])).not.toContain(
      'USAGE',
    );
  });

  test('the environment is read where programs begin, and nowhere else', () => {
    expect(environmentReads(code)).toEqual([]);
    const planted = source(
      'src/bus/planted.ts',
      `import { env } from 'node:process';\nconst x = process.env.HOME;\n`,
    );
    expect(environmentReads([planted])).toEqual(['src/bus/planted.ts:1', 'src/bus/planted.ts:2']);
  });

  test('nothing is run by a shell, but for one script that is fixed', () => {
    expect(shells(code)).toEqual([]);
    const planted = [
      `import { exec } from 'node:child_process';\n`,
      `spawn('ls', [], { shell: true });\n`,
      `spawn('/bin/sh', ['-c', x]);\n`,
    ];
    for (const text of planted) expect(shells([source('agent/planted.ts', text)])).toHaveLength(1);
  });
});
