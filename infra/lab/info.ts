import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LAB_IP, type LabPaths, PORTS, VHOST, ZONE } from './layout.ts';
import { secretFile } from './secrets.ts';
import { XMPP_ACCOUNTS, XMPP_ROOMS } from './services/prosody.ts';
import { BROKER_ADMIN } from './services/rabbitmq.ts';
import type { LinkSubnet } from './subnet.ts';

/** Builds what STATE_DIR/lab.json holds: where everything is. Passwords are in files that it names. */
export function buildLabInfo(paths: LabPaths, subnet: LinkSubnet, pid: number) {
  const { hostAddress, labAddress } = subnet;
  return {
    /** Its end is the end of the lab. */
    pid,
    startedAtMs: Date.now(),
    stateDir: paths.root,
    hostAddress,
    labAddress,
    /** Address of the services as the boxes see them. */
    boxesSee: LAB_IP,
    /** Certificate of the collective CA, which all services here show. */
    ca: paths.ca,
    controllerConfig: paths.musterYaml,
    controlSocket: paths.controlSocket,
    ec2Endpoint: `http://${labAddress}:${PORTS.ec2}`,
    ec2CredentialsFile: join(paths.ec2, 'credentials'),
    broker: { host: labAddress, port: PORTS.stompTls, vhost: VHOST },
    managementUrl: `http://${labAddress}:${PORTS.rabbitManagement}`,
    managementUser: BROKER_ADMIN,
    managementPasswordFile: secretFile(paths, 'broker'),
    redis: { url: `redis://${labAddress}:${PORTS.redis}`, passwordFile: secretFile(paths, 'redis') },
    smtp: { host: labAddress, port: PORTS.smtp },
    xmpp: {
      host: labAddress,
      starttlsPort: PORTS.xmpp,
      tlsPort: PORTS.xmpps,
      domain: ZONE,
      rooms: XMPP_ROOMS,
      accounts: XMPP_ACCOUNTS.map((name) => ({
        jid: `${name}@${ZONE}`,
        passwordFile: secretFile(paths, `xmpp-${name}`),
      })),
    },
    /** Files in `dir` are served to nodes at `url`. */
    mirror: { url: `https://mirror.${ZONE}`, hostUrl: `https://${labAddress}`, dir: paths.mirror },
  };
}

/** Content of STATE_DIR/lab.json. */
export type LabInfo = ReturnType<typeof buildLabInfo>;

/** Reads it; undefined when there is none. It may be of a lab that has ended. */
export async function readLabInfo(paths: LabPaths): Promise<LabInfo | undefined> {
  const text = await readFile(paths.labJson, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as LabInfo);
}
