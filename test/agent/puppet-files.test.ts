import { describe, expect, test } from 'vitest';
import { readSetting, withMainSettings } from '../../agent/puppet/conf.ts';
import { withPuppetHost } from '../../agent/puppet/hosts.ts';

describe('/etc/hosts', () => {
  test('gets one line of ours, before the others, whose lines stay as they are', () => {
    const before =
      '# a comment\n127.0.0.1 localhost\n10.0.0.9 puppetdb.example.org puppetdb\n10.0.0.8 puppet\n';
    expect(withPuppetHost(before, '10.0.0.5', 'puppet')).toBe(
      '# a comment\n10.0.0.5 puppet # muster\n127.0.0.1 localhost\n10.0.0.9 puppetdb.example.org puppetdb\n10.0.0.8 puppet\n',
    );
  });

  test('is the same text when it is done again, and changes in one line for another master', () => {
    const once = withPuppetHost('127.0.0.1 localhost\n', '10.0.0.5', 'puppet');
    expect(withPuppetHost(once, '10.0.0.5', 'puppet')).toBe(once);
    expect(withPuppetHost(once, '2001:db8::5', 'puppet')).toBe(
      '2001:db8::5 puppet # muster\n127.0.0.1 localhost\n',
    );
  });

  test('may be empty or lack its last newline', () => {
    expect(withPuppetHost('', '10.0.0.5', 'puppet')).toBe('10.0.0.5 puppet # muster\n');
    expect(withPuppetHost('127.0.0.1 a', '10.0.0.5', 'puppet')).toBe(
      '10.0.0.5 puppet # muster\n127.0.0.1 a\n',
    );
  });
});

describe('puppet.conf', () => {
  test('keeps the lines of others and takes settings into [main]', () => {
    const before = '# mine\n[main]\nssldir = /var/lib/puppet/ssl\n\n[server]\nserver = not-mine\n';
    expect(withMainSettings(before, { certname: 'i-1', server: 'puppet' })).toBe(
      '# mine\n[main]\ncertname = i-1\nserver = puppet\nssldir = /var/lib/puppet/ssl\n\n[server]\nserver = not-mine\n',
    );
  });

  test('changes a setting in its place and removes the one in [agent] that would win', () => {
    const before = '[main]\nserver=old\n[agent]\nserver = older\nruninterval = 10m\n';
    expect(withMainSettings(before, { server: 'puppet' })).toBe(
      '[main]\nserver = puppet\n[agent]\nruninterval = 10m\n',
    );
  });

  test('is made when it was empty, and stays the same when it is done again', () => {
    const once = withMainSettings('', { certname: 'i-1' });
    expect(once).toBe('[main]\ncertname = i-1\n');
    expect(withMainSettings(once, { certname: 'i-1' })).toBe(once);
    expect(withMainSettings('[agent]\nnoop = true\n', { server: 'p' })).toBe(
      '[main]\nserver = p\n\n[agent]\nnoop = true\n',
    );
  });

  test('is read as the agent reads it', () => {
    expect(readSetting('[main]\nssldir = /a\n[agent]\nssldir = /b\n[server]\nssldir = /c\n', 'ssldir')).toBe(
      '/b',
    );
    expect(readSetting('[server]\nssldir = /c\n', 'ssldir')).toBeUndefined();
  });
});
