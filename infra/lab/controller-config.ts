import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { ACCOUNT_ID, REGIONS } from './ec2/regions.ts';
import { type LabPaths, PORTS, VHOST, ZONE } from './layout.ts';
import { secretFile } from './secrets.ts';
import { XMPP_ROOMS } from './services/prosody.ts';
import { BROKER_ADMIN } from './services/rabbitmq.ts';

/** The group of nodes that a lab's config knows. */
const LAB_GROUP = 'web';

/** A controller's config for a lab: all that there is, as the host sees it. `token` is the join token of the group. */
export function renderControllerConfig(
  paths: LabPaths,
  labAddress: string,
  token: string,
): Record<string, unknown> {
  return {
    redis: { url: `redis://${labAddress}:${PORTS.redis}`, password_file: secretFile(paths, 'redis') },
    broker: {
      host: labAddress,
      port: PORTS.stompTls,
      vhost: VHOST,
      management_url: `http://${labAddress}:${PORTS.rabbitManagement}`,
      management_user: BROKER_ADMIN,
      management_password_file: secretFile(paths, 'broker'),
    },
    trust: {
      dir: paths.pki,
      certificate: join(paths.pki, 'controller.pem'),
      key: join(paths.pki, 'controller.key'),
    },
    groups: {
      [LAB_GROUP]: {
        attestor: 'ec2',
        options: attestorOptions(paths, labAddress, token),
        certname_suffix: `.${ZONE}`,
      },
    },
    notify: notifyConfig(paths, labAddress),
    userdata: {
      mirror_url: `https://mirror.${ZONE}`,
      mirror_ca: 'collective',
      bundle_dir: paths.mirror,
      broker_host: `broker.${ZONE}`,
    },
    ec2: { endpoint: `http://${labAddress}:${PORTS.ec2}`, credentials_file: join(paths.ec2, 'credentials') },
  };
}

/** Everything that the local EC2 can prove of an instance is demanded. */
function attestorOptions(paths: LabPaths, labAddress: string, token: string): Record<string, unknown> {
  return {
    token,
    certificates_dir: join(paths.ec2, 'certs'),
    accounts: [ACCOUNT_ID],
    regions: REGIONS.map(({ name }) => name),
    roles: [LAB_GROUP],
    sts_endpoint: `http://${labAddress}:${PORTS.ec2}`,
  };
}

/** A mail to the person on call and a line in the room of operations. */
function notifyConfig(paths: LabPaths, labAddress: string): Record<string, unknown> {
  return {
    recipients: [`mailto:oncall@${ZONE}`, `xmpp:ops@${XMPP_ROOMS}?join`],
    options: {
      mailto: {
        host: labAddress,
        port: PORTS.smtp,
        ca_file: paths.ca,
        from: `Muster <muster@${ZONE}>`,
      },
      xmpp: {
        service: `xmpps://${labAddress}:${PORTS.xmpps}`,
        domain: ZONE,
        username: 'muster',
        password_file: secretFile(paths, 'xmpp-muster'),
        ca_file: paths.ca,
      },
    },
  };
}

/** Writes STATE_DIR/muster.yaml, with a new join token. */
export async function writeControllerConfig(paths: LabPaths, labAddress: string): Promise<void> {
  const config = renderControllerConfig(paths, labAddress, randomBytes(24).toString('base64url'));
  await writeFile(paths.musterYaml, stringify(config), { mode: 0o600 });
}
