import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { DaemonConfig } from '../../src/core/config/daemon.ts';
import { bundleManifest, renderUserData } from '../../userdata/render.ts';
import { userDataInput } from './input.ts';

interface CloudConfig {
  readonly write_files: readonly { path: string; permissions: string; content: string }[];
  readonly runcmd: readonly (readonly string[])[];
}

const parsed = (text: string): CloudConfig => parse(text);
const fileIn = (text: string, path: string) => parsed(text).write_files.find((file) => file.path === path);

describe('User data', () => {
  test('is a cloud-config that writes the config and runs the installer, all in argument vectors', async () => {
    const text = renderUserData(await userDataInput());
    expect(text.startsWith('#cloud-config\n')).toBe(true);
    expect(parsed(text).runcmd).toEqual([['/bin/sh', '/etc/muster/install/install.sh']]);
    expect(fileIn(text, '/etc/muster/install/install.sh')?.permissions).toBe('0755');
    expect(fileIn(text, '/etc/muster/install.conf')?.content).toBe(
      [
        'mirror https://mirror.example.org/muster',
        ...['muster-daemon.cjs', 'node-linux-x64', 'node-linux-arm64'].map(
          (name) => `file ${'a'.repeat(64)} ${name}`,
        ),
        '',
      ].join('\n'),
    );
  });

  test('holds a config that the daemon accepts, and the facts as they were given', async () => {
    const input = await userDataInput({ daemon: { registration_s: 60 }, helloPassword: 'public' });
    const text = renderUserData(input);
    const config = DaemonConfig.parse(parse(fileIn(text, '/etc/muster/daemon.yaml')?.content ?? ''));
    expect(config).toMatchObject({
      group: 'web',
      token: 'join-token',
      certname_suffix: '.example.org',
      registration_s: 60,
    });
    expect(config.broker).toMatchObject({
      host: 'broker.example.org',
      port: 61_614,
      hello_password: 'public',
    });
    expect(config.trust.controllers).toEqual(['/etc/muster/controllers/1.pem']);
    expect(fileIn(text, '/etc/muster/controllers/1.pem')?.content).toBe(input.controllerPems[0]);
    expect(parse(fileIn(text, '/etc/muster/facts.d/user.yaml')?.content ?? '')).toEqual(input.facts);
  });

  test('is small: there is room for facts, two controllers and more', async () => {
    const input = await userDataInput();
    const one = Buffer.byteLength(renderUserData(input));
    expect(one).toBeLessThan(13_500);
    const two = await userDataInput({ controllerPems: [...input.controllerPems, ...input.controllerPems] });
    expect(Buffer.byteLength(renderUserData(two))).toBeLessThan(16_384);
  });

  test('is refused when it is larger than EC2 takes, with its size', async () => {
    const input = await userDataInput({ facts: { long: 'x'.repeat(8000) } });
    expect(() => renderUserData(input)).toThrow(/^the user data has \d{5} bytes, EC2 takes 16384/);
  });

  test('is refused when the mirror has no HTTPS, or the daemon would refuse the config', async () => {
    const plain = await userDataInput({ mirrorUrl: 'http://mirror.example.org' });
    expect(() => renderUserData(plain)).toThrow('is no https URL');
    const wrong = await userDataInput({ daemon: { registration: 60 } });
    expect(() => renderUserData(wrong)).toThrow("the daemon's config");
  });

  test('verifies the mirror by the collective CA where that is wanted', async () => {
    const text = renderUserData(await userDataInput({ mirrorCa: 'collective' }));
    expect(fileIn(text, '/etc/muster/install.conf')?.content).toContain('\nca /etc/muster/ca.pem\n');
  });

  test('is the same text for the same input', async () => {
    const input = await userDataInput();
    expect(renderUserData(input)).toBe(renderUserData(input));
  });
});

test('A manifest that makes no sense is refused', () => {
  expect(() => bundleManifest('{}')).toThrow('manifest.json');
  expect(() => bundleManifest('{"version":"1","files":{"../x":{"sha256":"","bytes":1}}}')).toThrow(
    'manifest.json',
  );
});
