// Runs as root in namespaces of its own, makes boxes and prints what it saw as one JSON document.
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Box, boxFactory } from '../../../infra/lab/box.ts';
import { createBridge } from '../../../infra/lab/bridge.ts';

const dir = process.argv[2] ?? '';
const SERVICE = `#!/bin/sh
echo "$1" >> /var/log/service
`;
const PREPARE = `cat > /etc/init.d/service <<'END'
${SERVICE}END
chmod 755 /etc/init.d/service
ln -s ../init.d/service /etc/rc2.d/S01service`;

mkdirSync(`${dir}/disks`, { recursive: true });
mkdirSync(`${dir}/log`, { recursive: true });
execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', `${dir}/disks`]);
await createBridge('br0', ['10.77.0.1/16', '169.254.169.254/32']);
const createBox = boxFactory({
  disksDir: `${dir}/disks`,
  logDir: `${dir}/log`,
  hiddenDir: dir,
  bridge: 'br0',
  hosts: () => '127.0.0.1 localhost\n10.77.0.1 broker.lab.test\n',
});
const sh = async (box: Box, script: string, timeoutS = 20) => {
  const { code, stdout } = await box.exec(['sh', '-c', script], { timeoutS, input: 'typed' });
  return { code, stdout };
};
const serviceLog = async (box: Box) => (await sh(box, 'cat /var/log/service')).stdout.trim().split('\n');
const exits: string[] = [];

const box = await createBox({
  name: 'one',
  ip: '10.77.3.1',
  hostname: 'web1.lab.test',
  prepare: PREPARE,
  onExit: (reason) => exits.push(reason),
});
const seen: Record<string, unknown> = {};
seen.identity = (await sh(box, 'hostname; hostname -f; getent hosts broker.lab.test; cat')).stdout;
seen.exitCode = (await sh(box, 'exit 7')).code;
seen.timeout = (await sh(box, 'sleep 30', 1)).code;
seen.hidden = (await box.exec(['ls', '-A', dir])).stdout;
seen.rootWrites = (await sh(box, 'echo kept > /root/kept && echo gone > /run/gone && cat /root/kept')).stdout;
seen.processes = Number((await sh(box, 'ps -e --no-headers | wc -l')).stdout);
await box.stop();
seen.stopped = await box.exec(['true']).catch((error: { code: string }) => error.code);
await box.start();
seen.afterStart = (await sh(box, 'cat /root/kept; cat /run/gone 2>/dev/null || echo no run')).stdout;
await box.exec(['reboot']);
for (let tries = 0; exits.length === 0 && tries < 100; tries++) await sleep(50);
seen.serviceLog = await serviceLog(box);
await box.exec(['poweroff']);
for (let tries = 0; exits.length < 2 && tries < 100; tries++) await sleep(50);
seen.exits = exits;
await box.destroy();
await box.destroy();

const again = await createBox({ name: 'one', ip: '10.77.3.1', hostname: 'web1.lab.test' });
seen.newDisk = (await sh(again, 'cat /root/kept 2>/dev/null || echo empty')).stdout;
await again.destroy();
const broken = await createBox({
  name: 'two',
  ip: '10.77.3.2',
  hostname: 'two',
  prepare: 'echo oops >&2; false',
}).catch((error: { code: string; details: string[] }) => [error.code, ...error.details]);
seen.brokenPrepare = broken;
await sleep(300); // the kernel takes network cards away behind our back
seen.left = {
  processes: execFileSync('ps', ['-eo', 'args'])
    .toString()
    .match(/muster-box|unshare/g),
  cards: execFileSync('ip', ['-br', 'link']).toString().match(/bx\d+/g),
  disks: execFileSync('ls', [`${dir}/disks`]).toString(),
  mounts: execFileSync('mount')
    .toString()
    .match(/overlay/g),
};
process.stdout.write(JSON.stringify(seen));
