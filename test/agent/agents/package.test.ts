import { describe, expect, test } from 'vitest';
import { package as ddl } from '../../../agent/agents/package.ddl.ts';
import { outdatedIn } from '../../../agent/system/apt.ts';

const install = ddl.actions.install.input;

describe('The name of a package', () => {
  test.each(['nginx-', '-y', 'a b', '/tmp/x.deb', 'x=1', 'Nginx', 'x*', 'x;id', ''])(
    '%j is refused',
    (name) => {
      expect(install.safeParse({ package: name }).success).toBe(false);
    },
  );
  test.each(['nginx', 'g++', 'libstdc++6', 'libc6:i386', 'python3.11'])('%j is taken', (name) => {
    expect(install.safeParse({ package: name }).success).toBe(true);
  });
  test.each(['', '-1', '1 2', '1/stable', '$(id)'])('as a version, %j is refused', (version) => {
    expect(install.safeParse({ package: 'x', version }).success).toBe(false);
  });
});

test('A simulated upgrade of apt 2.6 is read: what is updated, and what is new', () => {
  const text = [
    'Reading package lists...',
    'Inst libc6 [2.36-9+deb12u10] (2.36-9+deb12u13 Debian:12.12/oldstable [amd64])',
    'Inst linux-image-6.1.0-41-amd64 (6.1.158-1 Debian-Security:12/oldstable [amd64])',
    'Conf libc6 (2.36-9+deb12u13 Debian:12.12/oldstable [amd64])',
  ].join('\n');
  expect(outdatedIn(text)).toEqual([
    { package: 'libc6', version: '2.36-9+deb12u13', installed: '2.36-9+deb12u10' },
    { package: 'linux-image-6.1.0-41-amd64', version: '6.1.158-1', installed: null },
  ]);
});
