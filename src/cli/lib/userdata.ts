import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleManifest, renderUserData } from '../../../userdata/render.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { MusterError } from '../../core/errors.ts';
import { parseFacts } from './facts.ts';

/**
 * The user data of one group, from the config and the bundle that lies in `userdata.bundle_dir`. Throws CONFIG_INVALID
 * (no such group, no mirror, no token in the clear, too large), NOT_FOUND (no bundle).
 */
export async function userDataFor(
  config: ControllerConfig,
  group: string,
  facts: readonly string[],
): Promise<string> {
  const settings = config.groups[group];
  if (settings === undefined) {
    const known = Object.keys(config.groups).join(', ') || 'none';
    throw new MusterError(
      'CONFIG_INVALID',
      `--group is '${group}'; expected a group of the config: ${known}`,
    );
  }
  const mirrorUrl = config.userdata.mirror_url;
  if (mirrorUrl === undefined)
    throw new MusterError('CONFIG_INVALID', "'userdata.mirror_url' is missing: nodes fetch the daemon there");
  // Only where the token is the proof itself there must be one; elsewhere it may be left out.
  const needsToken = settings.attestor === 'token' || settings.options.token_sha256 !== undefined;
  const { token = needsToken ? undefined : '' } = settings.options;
  if (typeof token !== 'string') {
    throw new MusterError(
      'CONFIG_INVALID',
      `'groups.${group}.options.token' is missing: the user data carries the join token, not its SHA-256`,
    );
  }
  const read = (path: string) => readText(path);
  const { controllers } = config.userdata;
  return renderUserData({
    brokerHost: config.userdata.broker_host ?? config.broker.host,
    brokerPort: config.broker.port,
    vhost: config.broker.vhost,
    caPem: await read(join(config.trust.dir, 'ca.pem')),
    controllerPems: await Promise.all(
      (controllers.length > 0 ? controllers : [config.trust.certificate]).map(read),
    ),
    group,
    token,
    certnameSuffix: settings.certname_suffix,
    mirrorUrl,
    mirrorCa: config.userdata.mirror_ca,
    files: bundleManifest(await read(join(config.userdata.bundle_dir, 'manifest.json'))),
    facts: { ...config.userdata.facts, ...parseFacts(facts) },
  });
}

async function readText(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const hint = path.endsWith('manifest.json') ? '; run `muster bundle` first' : '';
    throw new MusterError('NOT_FOUND', `cannot read ${path}${hint}`, { cause });
  });
}
