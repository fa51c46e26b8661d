import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MusterError } from '../src/core/errors.ts';
import type { Log } from '../src/core/log.ts';
import { identityName } from '../src/core/names.ts';
import { newKeyPair } from '../src/trust/ca.ts';
import { rsaPrivateKey, rsaPublicKey, spkiSha256OfKey } from '../src/trust/keys.ts';
import { readIfThere, writeAtomic } from './files.ts';
import { withMainSettings } from './puppet/conf.ts';
import type { PuppetPaths } from './puppet/paths.ts';
import { hasKeys, layKeyAndRequest, makeSslDir, sslFiles, wipeSslDir } from './puppet/ssl-dir.ts';
import { createStateStore, freshState, readState, removeState, type StateStore } from './state.ts';

/** Whom the node is, made before its first word. */
export interface NodeIdentity {
  readonly state: StateStore;
  readonly busKeyPem: string;
  /** SPKI PEM. */
  readonly busPublicKeyPem: string;
  /** SHA-256, hex, of the bus key's SPKI DER: names the inbox. */
  readonly thumb: string;
  readonly puppetCsrPem: string;
}

/** Whose keys are to be there. */
export interface IdentityWish {
  readonly stateDir: string;
  readonly instanceId: string;
  readonly certnameSuffix: string;
  readonly puppet: PuppetPaths;
  /** Name of the master, for puppet.conf. */
  readonly server: string;
  readonly keyBits: number;
  readonly log: Log;
}

const BUS_KEY = 'bus-key.pem';
/** The node's certificate of the collective CA. */
export const BUS_CERTIFICATE = 'bus-certificate.pem';
const CSR_COPY = 'puppet-csr.pem';

/**
 * Makes, or finds, all that names this node: state, bus key, Puppet's key and signing request, and puppet.conf. What an
 * image brought along from another instance is wiped first. Safe to be cut off anywhere: the next start goes on.
 * Throws CONFIG_INVALID (no certname can be made, or this is a Puppet CA), NODE_IO.
 */
export async function prepareIdentity(wish: IdentityWish): Promise<NodeIdentity> {
  const state = await openState(wish);
  const busKeyPem = await keyAt(join(wish.stateDir, BUS_KEY));
  const puppetCsrPem = await preparePuppet(wish, state);
  const publicKey = rsaPublicKey(busKeyPem);
  return {
    state,
    busKeyPem,
    busPublicKeyPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    thumb: spkiSha256OfKey(publicKey),
    puppetCsrPem,
  };
}

/** The name in Puppet's certificate: instance id and suffix, lower case. Throws CONFIG_INVALID. */
export function certnameOf(instanceId: string, suffix: string): string {
  const name = identityName.safeParse(`${instanceId}${suffix}`.toLowerCase());
  if (name.success) return name.data;
  throw new MusterError(
    'CONFIG_INVALID',
    `no certname can be made of the instance id ${JSON.stringify(instanceId)}`,
  );
}

async function openState(wish: IdentityWish): Promise<StateStore> {
  const certname = certnameOf(wish.instanceId, wish.certnameSuffix);
  const found = await readState(wish.stateDir);
  if (found?.instance_id === wish.instanceId) return createStateStore(wish.stateDir, found);
  await forget(wish, found?.instance_id ?? null);
  return createStateStore(wish.stateDir, freshState(wish.instanceId, certname));
}

/** The state goes first: if this is cut off, the next start finds none and wipes again. */
async function forget(wish: IdentityWish, before: string | null): Promise<void> {
  if (before !== null) {
    wish.log.warn(
      { before, now: wish.instanceId },
      'this image was made of a provisioned node: its keys and state are wiped',
    );
  } else if (await hasKeys(wish.puppet.sslDir)) {
    wish.log.warn({ ssl_dir: wish.puppet.sslDir }, "Puppet's keys came with the image: they are wiped");
  }
  await mkdir(wish.stateDir, { recursive: true, mode: 0o700 });
  await wipeSslDir(wish.puppet.sslDir);
  await removeState(wish.stateDir);
  for (const name of [BUS_KEY, BUS_CERTIFICATE, CSR_COPY, 'puppet-runs', 'replay']) {
    await rm(join(wish.stateDir, name), { recursive: true, force: true });
  }
}

/** A private key file, 0600, made when it is not there. */
async function keyAt(path: string): Promise<string> {
  const found = await readIfThere(path);
  if (found !== null) return found;
  const { keyPem } = await newKeyPair();
  await writeAtomic(path, keyPem, { mode: 0o600 });
  return keyPem;
}

/**
 * Lays Puppet's key and request where Puppet keeps them, so that Puppet takes them for its own, and gives the request.
 * The copy of the request in the state folder stays when Puppet removes its own after the certificate has come.
 */
async function preparePuppet(wish: IdentityWish, state: StateStore): Promise<string> {
  const { certname, accepted } = state.get();
  const files = sslFiles(wish.puppet.sslDir, certname);
  await writePuppetConf(wish.puppet, { certname, server: state.get().puppet_server?.server ?? wish.server });
  const [keyPem, copy] = await Promise.all([
    readIfThere(files.privateKey),
    readIfThere(join(wish.stateDir, CSR_COPY)),
  ]);
  if (keyPem !== null) return copy ?? keepCsr(wish, await makeCsr(certname, keyPem));
  if (accepted !== null) {
    // The controller will sign only the key that it was shown: another one would be refused later and less clearly.
    wish.log.error({ file: files.privateKey }, "Puppet's key is gone: provision this node anew");
    return copy ?? '';
  }
  const pair = await newKeyPair(wish.keyBits);
  const csrPem = await makeCsr(certname, pair.keyPem);
  await makeSslDir(wish.puppet.sslDir, wish.puppet.owner);
  await keepCsr(wish, csrPem);
  await layKeyAndRequest(files, { ...pair, csrPem }, wish.puppet.owner);
  return csrPem;
}

async function makeCsr(certname: string, keyPem: string): Promise<string> {
  // Loaded here, because forge is large and needed once in the life of a node.
  const { makePuppetCsr } = await import('../src/trust/csr.ts');
  return makePuppetCsr({ certname, keyPem });
}

async function keepCsr(wish: IdentityWish, csrPem: string): Promise<string> {
  await writeAtomic(join(wish.stateDir, CSR_COPY), csrPem, { mode: 0o644 });
  return csrPem;
}

/** Sets these settings in [main] of puppet.conf; true when something changed. Throws NODE_IO. */
export async function writePuppetConf(
  puppet: PuppetPaths,
  settings: Readonly<Record<string, string>>,
): Promise<boolean> {
  const path = join(puppet.confDir, 'puppet.conf');
  const before = (await readIfThere(path)) ?? '';
  const after = withMainSettings(before, settings);
  if (after === before) return false;
  await mkdir(puppet.confDir, { recursive: true, mode: 0o755 });
  await writeAtomic(path, after, { mode: 0o644 });
  return true;
}

/** SHA-256, hex, of the public half of a private key file, or null when there is none. Throws SECURITY_REJECTED when it is no key. */
export async function spkiOfKeyFile(path: string): Promise<string | null> {
  const pem = await readIfThere(path);
  return pem === null ? null : spkiSha256OfKey(rsaPrivateKey(pem));
}
