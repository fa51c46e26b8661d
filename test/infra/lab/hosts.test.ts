import { expect, test } from 'vitest';
import { macOf, renderHosts } from '../../../infra/lab/box-names.ts';
import { renderHostsHead } from '../../../infra/lab/hosts.ts';
import { FIRST_MASTERS, nextMasterIp } from '../../../infra/lab/master-config.ts';

test('/etc/hosts knows the services and every master by both names', () => {
  const lines = renderHostsHead(FIRST_MASTERS).split('\n');
  expect(lines).toContain('10.77.0.1 broker.lab.test broker');
  expect(lines).toContain('10.77.0.11 puppet-eu.lab.test puppet-eu');
  expect(lines).toContain('10.77.0.12 puppet-us.lab.test puppet-us');
});

test('a box adds itself below the lab', () => {
  const head = '127.0.0.1 localhost\n';
  expect(renderHosts(head, { ip: '10.77.3.1', hostname: 'web.lab.test' })).toBe(
    `${head}10.77.3.1 web.lab.test web\n`,
  );
  expect(renderHosts(head, { ip: '10.77.3.1', hostname: 'web' })).toBe(`${head}10.77.3.1 web\n`);
  expect(renderHosts(head, { ip: '10.77.3.1', hostname: 'web', hostsTail: '10.77.3.1 other' })).toBe(
    `${head}10.77.3.1 other\n`,
  );
});

test('a box has the hardware address that its metadata service tells', () => {
  expect(macOf('10.77.3.255')).toBe('02:4d:0a:4d:03:ff');
});

test('one more master takes the lowest free address, until there is none', () => {
  expect(nextMasterIp(FIRST_MASTERS)).toBe('10.77.0.13');
  expect(nextMasterIp(FIRST_MASTERS.slice(1))).toBe('10.77.0.11');
  const all = Array.from({ length: 89 }, (_, index) => ({
    name: '',
    region: '',
    country: '',
    ip: `10.77.0.${index + 11}`,
  }));
  expect(nextMasterIp(all)).toBeUndefined();
});
