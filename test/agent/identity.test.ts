import { mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { certnameOf, type IdentityWish, prepareIdentity } from '../../agent/identity.ts';
import { sslFiles } from '../../agent/puppet/ssl-dir.ts';
import { silentLog } from '../../src/core/log.ts';
import { readCsr } from '../../src/trust/csr.ts';
import { spkiSha256OfKey } from '../../src/trust/keys.ts';
import { puppetPathsIn, tempDir } from './temp.ts';

async function aWish(changes: Partial<IdentityWish> = {}): Promise<IdentityWish> {
  const dir = await tempDir();
  return {
    stateDir: join(dir, 'state'),
    instanceId: 'i-0123456789abcdef0',
    certnameSuffix: '.example.org',
    puppet: puppetPathsIn(dir),
    server: 'puppet',
    keyBits: 2048,
    log: silentLog,
    ...changes,
  };
}

const CERTNAME = 'i-0123456789abcdef0.example.org';
const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );

describe('A node before its first word', () => {
  test("has a bus key, Puppet's key and the request of that key, where Puppet keeps them", async () => {
    const wish = await aWish();
    const identity = await prepareIdentity(wish);
    const files = sslFiles(wish.puppet.sslDir, CERTNAME);
    const keyPem = await readFile(files.privateKey, 'utf8');
    expect(readCsr(identity.puppetCsrPem, { commonName: CERTNAME }).spkiSha256).toBe(spkiSha256OfKey(keyPem));
    expect(await readFile(files.request, 'utf8')).toBe(identity.puppetCsrPem);
    expect(spkiSha256OfKey(await readFile(files.publicKey, 'utf8'))).toBe(spkiSha256OfKey(keyPem));
    expect(identity.thumb).toBe(spkiSha256OfKey(identity.busPublicKeyPem));
    expect(identity.thumb).not.toBe(spkiSha256OfKey(keyPem));
  });

  test('shows its keys to nobody', async () => {
    const wish = await aWish();
    await prepareIdentity(wish);
    const mode = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);
    expect(await mode(join(wish.stateDir, 'bus-key.pem'))).toBe('600');
    expect(await mode(join(wish.puppet.sslDir, 'private_keys'))).toBe('750');
    expect(await mode(sslFiles(wish.puppet.sslDir, CERTNAME).privateKey)).toBe('640');
    expect(await mode(wish.puppet.sslDir)).toBe('771');
  });

  test('has certname and server in puppet.conf', async () => {
    const wish = await aWish();
    await mkdir(wish.puppet.confDir, { recursive: true });
    await writeFile(join(wish.puppet.confDir, 'puppet.conf'), '[main]\nssldir = /x\n');
    await prepareIdentity(wish);
    expect(await readFile(join(wish.puppet.confDir, 'puppet.conf'), 'utf8')).toBe(
      `[main]\ncertname = ${CERTNAME}\nserver = puppet\nssldir = /x\n`,
    );
  });

  test('is the same after a restart', async () => {
    const wish = await aWish();
    const first = await prepareIdentity(wish);
    const second = await prepareIdentity(wish);
    expect(second).toMatchObject({ busKeyPem: first.busKeyPem, puppetCsrPem: first.puppetCsrPem });
  });

  test('keeps its request when Puppet has removed the file, as it does after the certificate came', async () => {
    const wish = await aWish();
    const first = await prepareIdentity(wish);
    await rm(sslFiles(wish.puppet.sslDir, CERTNAME).request);
    expect((await prepareIdentity(wish)).puppetCsrPem).toBe(first.puppetCsrPem);
  });

  test('that was cut off before its keys were laid makes them at the next start', async () => {
    const wish = await aWish();
    await prepareIdentity(wish);
    await rm(sslFiles(wish.puppet.sslDir, CERTNAME).privateKey);
    const again = await prepareIdentity(wish);
    const keyPem = await readFile(sslFiles(wish.puppet.sslDir, CERTNAME).privateKey, 'utf8');
    expect(readCsr(again.puppetCsrPem).spkiSha256).toBe(spkiSha256OfKey(keyPem));
  });
});

describe('An image', () => {
  test('of a provisioned node loses keys, certificate and state when another instance boots it', async () => {
    const wish = await aWish();
    const first = await prepareIdentity(wish);
    await first.state.update({
      disabled: true,
      accepted: { identity: 'x', collective: 'production', run: 'r' },
    });
    await writeFile(join(wish.stateDir, 'bus-certificate.pem'), 'old');
    await writeFile(join(wish.puppet.sslDir, 'certs', 'ca.pem'), 'old');
    const second = await prepareIdentity({ ...wish, instanceId: 'i-0fedcba9876543210' });
    expect(second.busKeyPem).not.toBe(first.busKeyPem);
    expect(second.state.get()).toMatchObject({
      instance_id: 'i-0fedcba9876543210',
      accepted: null,
      disabled: false,
    });
    expect(await exists(join(wish.stateDir, 'bus-certificate.pem'))).toBe(false);
    expect(await exists(join(wish.puppet.sslDir, 'certs', 'ca.pem'))).toBe(false);
    expect(await exists(sslFiles(wish.puppet.sslDir, CERTNAME).privateKey)).toBe(false);
  });

  test("with Puppet's ssl folder but no state of ours loses that folder's keys and certificates", async () => {
    const wish = await aWish();
    const files = sslFiles(wish.puppet.sslDir, CERTNAME);
    for (const folder of ['private_keys', 'certs'])
      await mkdir(join(wish.puppet.sslDir, folder), { recursive: true });
    await writeFile(files.privateKey, 'baked');
    await writeFile(files.certificate, 'baked');
    await prepareIdentity(wish);
    expect(await readFile(files.privateKey, 'utf8')).toContain('PRIVATE KEY');
    expect(await exists(files.certificate)).toBe(false);
  });

  test('of a Puppet CA is never wiped: it is refused', async () => {
    const wish = await aWish();
    await mkdir(join(wish.puppet.sslDir, 'ca'), { recursive: true });
    await expect(prepareIdentity(wish)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
  });

  test('with a broken state is refused, not taken for a new one', async () => {
    const wish = await aWish();
    await prepareIdentity(wish);
    await writeFile(join(wish.stateDir, 'state.json'), '{"v":1');
    await expect(prepareIdentity(wish)).rejects.toMatchObject({ code: 'NODE_IO' });
  });
});

test('The certname is instance id and suffix, in lower case', () => {
  expect(certnameOf('I-0ABC', '.example.org')).toBe('i-0abc.example.org');
  expect(() => certnameOf('../x', '')).toThrow('no certname');
});
