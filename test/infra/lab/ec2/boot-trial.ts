// Runs as root in namespaces of its own (see boot.real.test.ts): real boxes, real cloud-init, real IMDS address.
// Prints one JSON object with everything that the test looks at. Argument: an empty directory.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  EC2Client,
  GetConsoleOutputCommand,
  RebootInstancesCommand,
  RunInstancesCommand,
  StartInstancesCommand,
  StopInstancesCommand,
  TerminateInstancesCommand,
} from '@aws-sdk/client-ec2';
import { type Box, boxFactory, type CreateBox } from '../../../../infra/lab/box.ts';
import { createBridge } from '../../../../infra/lab/bridge.ts';
import { boxMachines } from '../../../../infra/lab/ec2/box-machines.ts';
import { startEc2 } from '../../../../infra/lab/ec2/index.ts';
import { silentLog } from '../../../../src/core/log.ts';
import { IMAGE_ID, readCredentials } from './kit.ts';

const USER_DATA = `#cloud-config
write_files:
- path: /var/lib/cloud/scripts/per-boot/count.sh
  permissions: '0755'
  content: |
    #!/bin/sh
    echo boot >> /root/boots
- path: /etc/init.d/greeter
  permissions: '0755'
  content: |
    #!/bin/sh
    echo "greeter $1" >> /root/greeter
runcmd:
- [ sh, -c, "echo once >> /root/onces; ln -s ../init.d/greeter /etc/rc2.d/S50greeter; date +%s%N > /root/ready" ]
`;

const stateDir = process.argv[2] ?? '';
const disksDir = join(stateDir, 'disks');
const logDir = join(stateDir, 'log');
for (const dir of [disksDir, logDir]) mkdirSync(dir, { recursive: true });
execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', disksDir]);
execFileSync('ip', ['link', 'set', 'lo', 'up']);
await createBridge('br0', ['10.77.0.1/16', '169.254.169.254/32']);

const boxes: Box[] = [];
const hosts = () => '127.0.0.1 localhost\n10.77.0.1 broker.lab.test broker\n';
const makeBox = boxFactory({ disksDir, logDir, hiddenDir: stateDir, bridge: 'br0', hosts });
const createBox: CreateBox = async (options) => {
  const box = await makeBox(options);
  boxes.push(box);
  return box;
};
const ec2 = await startEc2({
  stateDir,
  machines: boxMachines(join(stateDir, 'ec2'), createBox),
  log: silentLog,
});
const credentials = await readCredentials(ec2.credentialsPath);
const client = new EC2Client({ region: 'eu-west-1', endpoint: 'http://127.0.0.1:4566', credentials });

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endsAtMs = Date.now() + 60_000;
  while (!(await isSo())) {
    if (Date.now() > endsAtMs) throw new Error(`${what}: waited a minute in vain`);
    await sleep(50);
  }
}

/** Output of a shell command in a box; what a box that is off says is nothing. */
async function sh(box: Box, command: string): Promise<string> {
  if (box.pid === undefined) return '';
  return (await box.exec(['sh', '-c', command])).stdout.trim();
}

const launchedAtMs = Date.now();
const launch = new RunInstancesCommand({
  ImageId: IMAGE_ID,
  MinCount: 3,
  MaxCount: 3,
  UserData: Buffer.from(USER_DATA).toString('base64'),
  MetadataOptions: { HttpTokens: 'required' },
});
const InstanceIds = ((await client.send(launch)).Instances ?? []).map(({ InstanceId }) => InstanceId ?? '');
const inState = (state: string) => ec2.instances().every((instance) => instance.state === state);
const finished = 'cat /run/cloud-init/result.json /root/ready 2>/dev/null';
await until('first boot', async () => {
  if (boxes.length < 3) return false;
  const done = await Promise.all(boxes.map((box) => sh(box, finished)));
  return done.every((text) => text.includes('errors') && /\d{19}$/.test(text));
});
const readyAtMs = await Promise.all(boxes.map(async (box) => Number(await sh(box, 'cat /root/ready')) / 1e6));
const box = boxes.find(({ name }) => name === InstanceIds[0]) as Box;

const look = async () => ({
  boots: await sh(box, 'grep -c boot /root/boots'),
  onces: await sh(box, 'grep -c once /root/onces'),
  greeter: await sh(box, 'cat /root/greeter'),
});
const booted = (count: number) => async () => (await look()).boots === String(count);
const first = {
  ...(await look()),
  hostname: await sh(box, 'hostname'),
  hosts: await sh(box, 'cat /etc/hosts'),
  result: JSON.parse(await sh(box, 'cat /run/cloud-init/result.json')),
  log: await sh(box, 'grep -E "WARNING|ERROR|Traceback" /var/log/cloud-init.log'),
  withoutToken: await sh(
    box,
    'curl -s -o /dev/null -w "%{http_code}" http://169.254.169.254/latest/meta-data/',
  ),
  hidden: await sh(box, `ls -A ${stateDir}`),
};

await client.send(new RebootInstancesCommand({ InstanceIds: [box.name] }));
await until('reboot', booted(2));
await until('services', async () => (await look()).greeter !== '');
const rebooted = await look();

await client.send(new StopInstancesCommand({ InstanceIds }));
await until('stop', () => inState('stopped'));
await client.send(new StartInstancesCommand({ InstanceIds }));
await until('start', booted(3));
await until('services', async () => (await look()).greeter.split('\n').length >= 4);
const restarted = await look();

await box.exec(['poweroff']);
await until('poweroff', () => ec2.instances().some(({ state }) => state === 'stopped'));
const poweredOff = ec2.instances().find(({ state }) => state === 'stopped')?.stateReason?.code;

const output = await client.send(new GetConsoleOutputCommand({ InstanceId: InstanceIds[1] ?? '' }));
await client.send(new TerminateInstancesCommand({ InstanceIds }));
await until('terminate', () => inState('terminated'));
const cards = () => execFileSync('ip', ['-br', 'link', 'show', 'type', 'veth'], { encoding: 'utf8' }).trim();
// The kernel takes a network namespace and its card away some time after the last process in it ended.
await until('cards to go', () => cards() === '');
const left = {
  disks: readdirSync(disksDir),
  cards: cards(),
  processes: readdirSync('/proc').filter((name) => /^\d+$/.test(name)).length,
};
client.destroy();
await ec2.close();
const readyS = readyAtMs.map((atMs) => Math.round((atMs - launchedAtMs) / 10) / 100);
const console = Buffer.from(output.Output ?? '', 'base64').toString();
process.stdout.write(JSON.stringify({ readyS, first, rebooted, restarted, poweredOff, console, left }));
