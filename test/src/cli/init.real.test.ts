import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { ControllerConfig } from '../../../src/core/config/controller.ts';
import { DaemonConfig } from '../../../src/core/config/daemon.ts';
import { loadConfig } from '../../../src/core/config/load.ts';
import { eventually } from '../../agent/temp.ts';
import { bootBroker } from '../../kit/broker.ts';
import { startDaemon } from '../../kit/daemon.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { startSystemd } from '../../kit/systemd.ts';

const CHECKOUT = fileURLToPath(new URL('../../../', import.meta.url));
const MAIN = join(CHECKOUT, 'src/cli/main.ts');

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[], env = process.env): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(program, [...args], { env }, (error, stdout, stderr) =>
      resolve({
        code: typeof error?.code === 'number' ? error.code : error === null ? 0 : 1,
        stdout,
        stderr,
      }),
    );
  });
}
const muster = (...args: string[]) => run(process.execPath, [MAIN, ...args]);

/** The step that begins so, as it was printed. */
function stepOf(stdout: string, begin: string): string {
  const step = stdout
    .split('\n')
    .map((line) => line.replace(/^\s*\d+\. /, ''))
    .find((line) => line.startsWith(begin));
  if (step === undefined) throw new Error(`no step '${begin}' in:\n${stdout}`);
  return step;
}

/** A folder in this checkout, which the controller is made to see wherever it lies: its unit hides /tmp from it. */
async function folderInCheckout(): Promise<string> {
  const home = join(CHECKOUT, '.muster');
  await mkdir(home, { recursive: true });
  const root = await mkdtemp(join(home, 'init-'));
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return root;
}

/** Starts the controller as the unit that was written says, under systemd, with these words more, until the test ends. */
async function startController(root: string, more: readonly string[]): Promise<void> {
  const name = 'muster-controller.service';
  const written = await readFile(join(root, 'systemd', name), 'utf8');
  const systemd = await startSystemd(root, {
    [name]: written.replace(
      /^ExecStart=.*$/m,
      (line) => `${[line, ...more].join(' ')}\nBindPaths=${CHECKOUT}`,
    ),
  });
  onTestFinished(() => systemd.stop());
  expect(await systemd.inside(['sh', '-c', `systemd-analyze verify /etc/systemd/system/${name} 2>&1`])).toBe(
    '',
  );
  await systemd.inside(['systemctl', 'start', name]);
}

test('what `muster init` makes and prints brings up broker and controller, and a node joins', async () => {
  const root = await folderInCheckout();
  const dir = join(root, 'muster');
  const init = await muster(
    ...['init', '--dir', dir, '--systemd-dir', join(root, 'systemd'), '--broker-host', '127.0.0.1'],
    ...['--operator', 'alice', '--group', 'web'],
  );
  expect(init).toMatchObject({ code: 0, stderr: '' });

  // Steps 1 and 2: the files and settings for RabbitMQ, in another folder and on free ports.
  const broker = await bootBroker(async (at, { port, managementPort }) => {
    for (const file of ['ca.pem', 'broker.pem', 'broker.key'])
      await copyFile(join(dir, 'pki', file), join(at, file));
    const text = await readFile(join(dir, 'rabbitmq.conf'), 'utf8');
    const here = text
      .replaceAll('= /etc/rabbitmq/', `= ${at}/`)
      .replace('ssl.1 = 61614', `ssl.1 = 127.0.0.1:${port}`)
      .replace('port = 15672', `port = ${managementPort}`);
    await writeFile(join(at, 'rabbitmq.conf'), here);
  });
  try {
    await eventually(
      () =>
        broker.ctl('await_startup').then(
          () => true,
          () => false,
        ),
      60_000,
    );
    // Step 3, word for word.
    const added = await run('sh', ['-c', stepOf(init.stdout, 'rabbitmqctl add_user')], broker.env);
    expect(added.code, added.stderr).toBe(0);
    const elsewhere = [
      ...['--set', `broker.port=${broker.port}`, '--set', `broker.management_url=${broker.management.url}`],
      ...['--set', `redis.url=${redis.url}`],
    ];
    const printed = (begin: string) =>
      muster(...stepOf(init.stdout, begin).split(' ').slice(1), ...elsewhere);
    const setup = await printed('muster broker setup');
    expect(setup.code, setup.stderr).toBe(0);
    const check = await printed('muster broker check');
    expect(check).toMatchObject({ code: 0, stdout: 'the broker is locked down: nothing was found open\n' });

    const path = join(dir, 'muster.yaml');
    await startController(root, elsewhere);
    const config = await loadConfig(ControllerConfig, { path });
    const id = 'dc-init';
    startDaemon(
      DaemonConfig.parse({
        ...{ group: 'web', token: config.groups.web?.options.token, instance_id: id },
        broker: { host: broker.host, port: broker.port },
        trust: { ca: join(dir, 'pki/ca.pem'), controllers: [config.trust.certificate] },
        state_dir: join(root, 'state'),
        facts: {
          dir: join(root, 'facts.d'),
          imds: false,
          facter: false,
          facter_dir: '',
          classes_file: join(root, 'classes'),
        },
        puppet: {
          ...{ bin: '/bin/true', conf_dir: join(root, 'conf'), ssl_dir: join(root, 'ssl') },
          state_dir: join(root, 'pstate'),
        },
        settings: { 'provision.hosts_file': join(root, 'hosts') },
        hello: { base_s: 0.5, cap_s: 2 },
      }),
    );
    // The operator of the first hour asks with her own certificate.
    const own = ['trust.certificate', 'trust.key'].flatMap((key) => [
      '--set',
      `${key}=${join(dir, 'pki', key === 'trust.key' ? 'alice.key' : 'alice.pem')}`,
    ]);
    const ping = () =>
      muster('ping', '-c', path, ...elsewhere, ...own, '-T', 'provisioning', '-I', id, '-t', '3');
    await eventually(async () => (await ping()).code === 0, 60_000);
    const runs = await muster('runs', '--json', '-c', path, ...elsewhere);
    expect(runs.stdout).toContain(id);
    expect((await printed('muster broker check')).code).toBe(0);
  } finally {
    await broker.stop();
  }
});
