import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Folder of this checkout. */
export const REPO_DIR = fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, '');

/** Where a lab lives when nothing else is said: below the current directory. */
export const DEFAULT_STATE_DIR = '.muster/lab';

/** DNS zone of the lab; there is no name server, only /etc/hosts. */
export const ZONE = 'lab.test';
/** Address of all services as the boxes see them. */
export const LAB_IP = '10.77.0.1';
/** Address of the instance metadata service, on the bridge too. */
export const IMDS_IP = '169.254.169.254';
/** The bridge inside the lab. */
export const BRIDGE = 'br0';
/** The virtual host of RabbitMQ. */
export const VHOST = '/muster';

/** Standard ports; the lab has a network of its own, so they are always free. */
export const PORTS = {
  redis: 6379,
  stompTls: 61_614,
  rabbitManagement: 15_672,
  xmpp: 5222,
  xmpps: 5223,
  smtp: 587,
  mirror: 443,
  ec2: 4566,
  puppet: 8140,
} as const;

/** Names under which the boxes reach the services at {@link LAB_IP}. */
export const SERVICE_NAMES = ['broker', 'mirror', 'smtp', 'xmpp'] as const;

/** Name of the one certificate that all of them show. */
export const SERVICES_CERTIFICATE = 'services';
/** Name of the operator whose certificate a lab has ready. */
export const OPERATOR = 'operator';

/** Every file and folder of one lab, from its state directory. */
export function labPaths(stateDir: string) {
  const root = resolve(stateDir);
  const at = (...parts: string[]) => join(root, ...parts);
  return {
    root,
    lock: at('lock'),
    /** Process id whose end is the end of the lab. */
    pid: at('pid'),
    labJson: at('lab.json'),
    musterYaml: at('muster.yaml'),
    controlSocket: at('control.sock'),
    hosts: at('hosts'),
    pki: at('pki'),
    ca: at('pki', 'ca.pem'),
    servicesCertificate: at('pki', `${SERVICES_CERTIFICATE}.pem`),
    servicesKey: at('pki', `${SERVICES_CERTIFICATE}.key`),
    secrets: at('secrets'),
    log: at('log'),
    supervisorLog: at('log', 'supervisor.log'),
    disks: at('disks'),
    code: at('code'),
    masters: at('masters'),
    mirror: at('mirror'),
    mail: at('mail'),
    xmppLog: at('prosody', 'messages.jsonl'),
    redis: at('redis'),
    rabbit: at('rabbit'),
    prosody: at('prosody'),
    ec2: at('ec2'),
  } as const;
}

/** Result of {@link labPaths}. */
export type LabPaths = ReturnType<typeof labPaths>;
