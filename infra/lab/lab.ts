import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { createLog } from '../../src/core/create-log.ts';
import { type Boxes, keepBoxes } from './boxes.ts';
import { createBridge } from './bridge.ts';
import { copyCode } from './code.ts';
import { writeControllerConfig } from './controller-config.ts';
import { boxMachines } from './ec2/box-machines.ts';
import { startEc2 } from './ec2/index.ts';
import {
  BRIDGE,
  IMDS_IP,
  LAB_IP,
  type LabPaths,
  OPERATOR,
  SERVICE_NAMES,
  SERVICES_CERTIFICATE,
  ZONE,
} from './layout.ts';
import { type MasterSpec, masterFqdn } from './master-config.ts';
import { Masters } from './masters.ts';
import { muster } from './muster.ts';
import { initCa, issueCertificate } from './pki.ts';
import type { Progress } from './progress.ts';
import { createSecrets, type LabSecrets } from './secrets.ts';
import { mirrorService } from './services/mirror.ts';
import { prosodyService, XMPP_ROOMS } from './services/prosody.ts';
import { connectedUsers, rabbitService } from './services/rabbitmq.ts';
import { redisService } from './services/redis.ts';
import { type Service, serverService } from './services/service.ts';
import { smtpService } from './services/smtp.ts';

/** Everything that runs in one lab. */
export interface Lab {
  readonly paths: LabPaths;
  readonly boxes: Boxes;
  readonly masters: Masters;
  readonly services: ReadonlyMap<string, Service>;
}

/** Where the lab is seen from outside. */
export interface LabOptions {
  paths: LabPaths;
  /** Its address on the link to the host. */
  labAddress: string;
  /** Masters that are there from the start. */
  firstMasters: readonly MasterSpec[];
}

/** Starts all parts, those that take long first. Throws LAB_FAILED. */
export async function startLab(options: LabOptions, progress: Progress): Promise<Lab> {
  const { paths, firstMasters } = options;
  await createBridge(BRIDGE, [`${LAB_IP}/16`, `${IMDS_IP}/32`]);
  await copyCode(paths);
  await writeControllerConfig(paths, options.labAddress);
  const secrets = await createSecrets(paths);
  const home = { disksDir: paths.disks, logDir: paths.log, hiddenDir: paths.root, bridge: BRIDGE };
  const boxes = keepBoxes({ ...home, hosts: () => masters.hostsHead() });
  const masters = new Masters({
    paths,
    createBox: boxes.create,
    refreshHosts: boxes.refreshHosts,
    connectedUsers: () => connectedUsers({ labAddress: options.labAddress, password: secrets.broker }),
  });
  const services = new Map(createServices(options, boxes, secrets).map((one) => [one.name, one]));
  for (const spec of firstMasters) await masters.enter(spec);

  const up = (name: string) => progress.step(name, async () => services.get(name)?.start());
  const certificates = progress.step('certificates', () => makeCertificates(options));
  const afterCertificates = (name: string) => certificates.then(() => up(name));
  const broker = afterCertificates('rabbitmq').then(() =>
    progress.step('broker set-up', () => setUpBroker(options)),
  );
  const servers = firstMasters.map(async ({ name }) => {
    await progress.step(`Puppet Server ${name}`, () => masters.boot(name));
    await Promise.all([certificates, broker]);
    await progress.step(`daemon of ${name}`, () => masters.join(name));
  });
  const others = ['prosody', 'smtp', 'mirror'].map(afterCertificates);
  await Promise.all([up('redis'), up('ec2'), broker, ...servers, ...others]);
  return { paths, boxes, masters, services };
}

function createServices({ paths, labAddress }: LabOptions, boxes: Boxes, secrets: LabSecrets): Service[] {
  const accounts = { muster: secrets['xmpp-muster'], oncall: secrets['xmpp-oncall'] };
  return [
    redisService(paths, labAddress, secrets.redis),
    rabbitService(paths, { labAddress, password: secrets.broker }),
    prosodyService(paths, accounts),
    smtpService(paths),
    mirrorService(paths),
    ec2Service(paths, boxes),
  ];
}

function ec2Service(paths: LabPaths, boxes: Boxes): Service {
  return serverService('ec2', async () => {
    const stream = createWriteStream(join(paths.log, 'ec2.log'), { flags: 'a', mode: 0o600 });
    const log = createLog({ level: 'info', name: 'ec2', stream });
    const machines = boxMachines(paths.ec2, boxes.create);
    const ec2 = await startEc2({ stateDir: paths.root, machines, log });
    return () => ec2.close();
  });
}

/** The collective CA, one certificate for all services, those of a controller, an operator and the masters. */
async function makeCertificates({ paths, labAddress, firstMasters }: LabOptions): Promise<void> {
  await initCa(paths);
  const names = SERVICE_NAMES.map((name) => `DNS:${name}.${ZONE}`);
  // XMPP's clients look for the domain, not the host.
  const sans = [...names, `DNS:${ZONE}`, `DNS:${XMPP_ROOMS}`, `IP:${LAB_IP}`, `IP:${labAddress}`];
  await issueCertificate(paths, { name: SERVICES_CERTIFICATE, role: 'server', sans });
  await issueCertificate(paths, { name: 'controller', role: 'controller' });
  await issueCertificate(paths, { name: OPERATOR, role: 'operator' });
  for (const spec of firstMasters) await issueCertificate(paths, { name: masterFqdn(spec), role: 'master' });
}

/** Lays the fresh broker out and lets everybody in who has a certificate already. */
async function setUpBroker({ paths, firstMasters }: LabOptions): Promise<void> {
  const masters = firstMasters.length > 0 ? ['--master', ...firstMasters.map(masterFqdn)] : [];
  await muster(['broker', 'setup', '--config', paths.musterYaml, '--operator', OPERATOR, ...masters]);
}
