import { describe, expect, test } from 'vitest';
import { config as ddl } from '../../../agent/data/config.ddl.ts';
import plugin from '../../../agent/data/config.ts';
import { DaemonConfig } from '../../../src/core/config/daemon.ts';

const config = DaemonConfig.parse({
  broker: { host: 'broker.example.org', hello_password: 'hush' },
  token: 'join-me',
  collectives: ['production', 'eu'],
  settings: { 'nrpe.conf_dir': '/etc/nrpe', 'site.api_key': 'hush' },
});
const { signal } = new AbortController();
const ask = (key: string) => plugin.query(key, { config }, signal);

describe('config', () => {
  test.each([
    ['broker.host', 'broker.example.org'],
    ['broker.port', '61614'],
    ['registration_s', '300'],
    ['facts.imds', 'true'],
    ['collectives', '["production","eu"]'],
    ['nrpe.conf_dir', '/etc/nrpe'],
  ])('tells %s', async (key, value) => {
    expect(await ask(key)).toEqual({ present: true, value });
  });

  test.each(['identity', 'no.such', 'broker.host.length', 'constructor', '__proto__'])(
    'has no %s',
    async (key) => {
      expect(await ask(key)).toEqual({ present: false, value: '' });
    },
  );

  test.each(['token', 'broker.hello_password', 'broker', 'site.api_key', 'settings', 'trust'])(
    'does not tell %s, which is or holds a secret',
    async (key) => {
      if (key === 'trust') config.trust.key = '/etc/muster/key.pem';
      await expect(ask(key)).rejects.toMatchObject({ code: 'RPC_DENIED' });
    },
  );

  test('takes dotted names only', () => {
    expect(ddl.query?.safeParse('a.b-c.d_e').success).toBe(true);
    for (const bad of ['', '.a', 'a..b', 'a b', 'a/b']) expect(ddl.query?.safeParse(bad).success).toBe(false);
  });
});
