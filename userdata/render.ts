import { readFileSync } from 'node:fs';
import { stringify } from 'yaml';
import { z } from 'zod';
import { DaemonConfig } from '../src/core/config/daemon.ts';
import { MusterError } from '../src/core/errors.ts';
import type { Facts } from '../src/core/inventory.ts';

const Sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** What the mirror serves: the files of `manifest.json`, name to checksum and size. */
const BundleManifest = z.strictObject({
  version: z.string(),
  files: z.record(
    z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/),
    z.strictObject({ sha256: Sha256, bytes: z.number().int().min(1) }),
  ),
});
/** Content of `manifest.json`. */
export type BundleManifest = z.output<typeof BundleManifest>;

/** All that a new instance is told. Everybody on the instance and many in the account can read it: nothing is secret. */
export interface UserDataInput {
  readonly brokerHost: string;
  readonly brokerPort: number;
  readonly vhost: string;
  /** Login of the hello; by default that of the daemon's config. */
  readonly helloPassword?: string;
  /** PEM of the collective CA. */
  readonly caPem: string;
  /** PEM of the controllers' certificates. */
  readonly controllerPems: readonly string[];
  readonly group: string;
  readonly token: string;
  /** With its leading dot, or empty. */
  readonly certnameSuffix: string;
  /** HTTPS folder of the bundle, without a slash at the end. */
  readonly mirrorUrl: string;
  /** Whom the mirror's certificate is from. */
  readonly mirrorCa: 'system' | 'collective';
  readonly files: BundleManifest;
  readonly facts: Facts;
  /** More settings of the daemon; they win. */
  readonly daemon?: Readonly<Record<string, unknown>>;
}

interface CloudFile {
  readonly path: string;
  readonly permissions: string;
  readonly content: string;
}

/** EC2's limit, before base64. *Source:* EC2 user guide, "Instance user data". */
const MAX_BYTES = 16_384;
const CA_PATH = '/etc/muster/ca.pem';
const INSTALLER = '/etc/muster/install/install.sh';

/** Reads `manifest.json`. Throws CONFIG_INVALID. */
export function bundleManifest(text: string): BundleManifest {
  try {
    return BundleManifest.parse(JSON.parse(text));
  } catch (cause) {
    throw new MusterError(
      'CONFIG_INVALID',
      'manifest.json of the bundle makes no sense: run `muster bundle` again',
      { cause },
    );
  }
}

/**
 * The `#cloud-config` of a group of nodes: the daemon's config, whom it trusts, and an installer that fetches the daemon
 * and verifies it. The same input gives the same text. Throws CONFIG_INVALID: larger than 16 KB (with the size), mirror
 * without HTTPS, or a config that the daemon would refuse.
 */
export function renderUserData(input: UserDataInput): string {
  const files = [...configFiles(input), ...installFiles(input)];
  const document = { write_files: files, runcmd: [['/bin/sh', INSTALLER]] };
  const text = `#cloud-config\n${stringify(document, { lineWidth: 0 })}`;
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_BYTES) {
    throw new MusterError(
      'CONFIG_INVALID',
      `the user data has ${bytes} bytes, EC2 takes ${MAX_BYTES}: give fewer facts or controllers`,
    );
  }
  return text;
}

function configFiles(input: UserDataInput): CloudFile[] {
  const controllers = input.controllerPems.map((pem, index) => ({
    path: `/etc/muster/controllers/${index + 1}.pem`,
    pem,
  }));
  const config = {
    group: input.group,
    token: input.token,
    certname_suffix: input.certnameSuffix,
    broker: {
      host: input.brokerHost,
      port: input.brokerPort,
      vhost: input.vhost,
      ...(input.helloPassword === undefined ? {} : { hello_password: input.helloPassword }),
    },
    trust: { ca: CA_PATH, controllers: controllers.map(({ path }) => path) },
    ...input.daemon,
  };
  checkConfig(config);
  const facts =
    Object.keys(input.facts).length === 0
      ? []
      : [plain('/etc/muster/facts.d/user.yaml', stringify(input.facts))];
  const certificates = controllers.map(({ path, pem }) => plain(path, pem));
  return [
    plain('/etc/muster/daemon.yaml', stringify(config)),
    plain(CA_PATH, input.caPem),
    ...certificates,
    ...facts,
  ];
}

function installFiles(input: UserDataInput): CloudFile[] {
  return [
    plain('/etc/muster/install.conf', installConf(input)),
    { path: INSTALLER, permissions: '0755', content: ownFile('./install.sh') },
    plain('/etc/muster/install/muster.service', ownFile('../infra/systemd/muster.service')),
    plain('/etc/muster/install/muster.init', ownFile('../infra/systemd/muster.init')),
  ];
}

function installConf(input: UserDataInput): string {
  const url = URL.canParse(input.mirrorUrl) ? new URL(input.mirrorUrl) : undefined;
  if (url?.protocol !== 'https:' || /\s/.test(input.mirrorUrl)) {
    throw new MusterError('CONFIG_INVALID', `the mirror ${input.mirrorUrl} is no https URL`);
  }
  const lines = [`mirror ${url.href.replace(/\/+$/, '')}`];
  if (input.mirrorCa === 'collective') lines.push(`ca ${CA_PATH}`);
  for (const [name, file] of Object.entries(input.files.files)) lines.push(`file ${file.sha256} ${name}`);
  return `${lines.join('\n')}\n`;
}

/** What the daemon would refuse at night is refused here, in front of a person. */
function checkConfig(config: object): void {
  const result = DaemonConfig.safeParse(config);
  if (result.success) return;
  const [issue] = result.error.issues;
  throw new MusterError('CONFIG_INVALID', `the daemon's config: ${issue?.path.join('.')}: ${issue?.message}`);
}

function plain(path: string, content: string): CloudFile {
  return { path, permissions: '0644', content };
}

function ownFile(relative: string): string {
  return readFileSync(new URL(relative, import.meta.url), 'utf8');
}
