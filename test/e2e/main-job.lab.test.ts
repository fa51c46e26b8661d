import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RunRecord } from '../../src/core/record.ts';
import { ok, startTestLab, type TestController, type TestLab } from './kit.ts';
import { provisionNodes } from './session/prepare.ts';
import { CHAPTERS } from './session/script.ts';
import { golden, goldenNames, type Person, personAt } from './session/transcript.ts';

let lab: TestLab;
let controller: TestController;

beforeAll(async () => {
  lab = await startTestLab('test-main-job');
  controller = lab.startController();
});

afterAll(async () => {
  await lab?.end();
});

const over = (run: RunRecord): boolean => run.endedAtMs !== null;
const doneSteps = (run: RunRecord): string[] =>
  run.steps.filter((step) => step.outcome === 'done' || step.outcome === 'skipped').map((step) => step.step);
const PLAN = [
  'lock',
  'set_puppet_hostname',
  'clean_node_certname',
  'send_node_csr',
  'sign_node_csr',
  'puppet_bootstrap_stage',
  'puppet_final_run',
  'disable',
];

/** How often the CA of a master has signed a name, ever. */
async function signatures(master: string, certname: string): Promise<number> {
  const { stdout } = await lab.lab.exec(master, ['cat', '/etc/puppet/puppetserver/ca/inventory.txt']);
  return stdout.split('\n').filter((line) => line.includes(`CN=${certname}`)).length;
}

/** Serial number, hex, of the certificate that an instance holds. */
async function serialOf(instanceId: string, certname: string): Promise<string> {
  const path = `/var/lib/puppet/ssl/certs/${certname}.pem`;
  const { stdout } = await lab.lab.exec(instanceId, ['openssl', 'x509', '-noout', '-serial', '-in', path]);
  return stdout.trim().replace('serial=', '');
}

async function revokedSerials(master: string): Promise<string> {
  const crl = '/etc/puppet/puppetserver/ca/ca_crl.pem';
  const { stdout } = await lab.lab.exec(master, ['openssl', 'crl', '-noout', '-text', '-in', crl]);
  return stdout;
}

async function mailsAbout(word: string): Promise<string[]> {
  for (let tries = 0; tries < 60; tries += 1) {
    const mails = (await lab.lab.mails()).filter(
      (mail) => mail.text.includes(word) || mail.subject.includes(word),
    );
    if (mails.length > 0) return mails.map((mail) => `${mail.subject}\n${mail.text}`);
    await sleep(500);
  }
  return [];
}

describe('a session of an operator, in the lab', () => {
  let person: Person;

  // First, while the fleet is two masters and these two nodes: the goldens count everybody.
  beforeAll(async () => {
    person = await personAt(lab.stateDir);
    await provisionNodes(lab, person);
  });

  it('has a golden for every chapter, and no golden that is not used', async () => {
    expect(await goldenNames()).toEqual(Object.keys(CHAPTERS));
  });

  it.each(Object.keys(CHAPTERS))('%s: every screen is the one that is checked in', async (chapter) => {
    const seen: string[] = [];
    for (const typed of CHAPTERS[chapter] ?? []) seen.push(await person.type(typed));
    const text = seen.join('\n');
    expect(text).toBe(await golden(chapter, text));
  });
});

describe('the main job, in the lab', () => {
  it('survives SIGKILL of the controller in the middle of the bootstrap run: each step once, one certificate', async () => {
    const id = await lab.launch('eu-west-1');
    await lab.run(
      id,
      (run) => run.step === 'puppet_bootstrap_stage' && run.steps.at(-1)?.outcome === 'waiting',
    );
    await controller.kill('SIGKILL');
    controller = lab.startController();
    const run = await lab.run(id, over);
    expect(run.state).toBe('provisioned');
    expect(run.master).toBe('puppet-eu.lab.test');
    expect(doneSteps(run)).toEqual(PLAN);
    expect(await signatures('puppet-eu', run.identity)).toBe(1);
    const { stdout } = await lab.lab.exec(id, ['ls', '/var/lib/muster/puppet-runs']);
    expect(stdout.trim().split('\n')).toHaveLength(2);
  });

  it('uses a third master in a third region that was started meanwhile, with no configuration and no restart', async () => {
    await lab.lab.addMaster({ name: 'puppet-ap', region: 'ap-southeast-2', country: 'au' });
    for (const { name } of (await lab.lab.status()).boxes.filter((box) => box.name.startsWith('i-'))) {
      const { stdout: hosts } = await lab.lab.exec(name, ['cat', '/etc/hosts']);
      expect(hosts).toMatch(/ puppet # muster\n.* puppet-ap\.lab\.test /s);
    }
    const id = await lab.launch('ap-southeast-2');
    const run = await lab.run(id, over);
    expect(run.state).toBe('provisioned');
    expect(run.master).toBe('puppet-ap.lab.test');
    expect(run.masterReason).toContain('ap-southeast-2');
    expect(await signatures('puppet-ap', run.identity)).toBe(1);
    expect(await signatures('puppet-eu', run.identity)).toBe(0);
  });

  it('fails a run whose manifest is broken, names the failing resource, and completes it from that step after it was mended', async () => {
    const path = 'modules/base/manifests/broken.pp';
    await lab.lab.changeCode({
      environment: 'production',
      path,
      content: "class base::broken {\n  exec { '/bin/false': }\n}\n",
    });
    const site = await readFile(
      new URL('../../infra/lab/code/environments/production/manifests/site.pp', import.meta.url),
      'utf8',
    );
    await lab.lab.changeCode({
      environment: 'production',
      path: 'manifests/site.pp',
      content: site.replace('include base\n', 'include base\n  include base::broken\n'),
    });
    const id = await lab.launch('us-east-1');
    const failed = await lab.run(id, over);
    expect(failed.state).toBe('failed');
    expect(failed.error).toMatchObject({ code: 'PUPPET_FAILED', step: 'puppet_final_run' });
    const [mail] = await mailsAbout(id);
    expect(mail).toContain('Exec[/bin/false]');
    expect(mail).toContain(`muster run retry ${failed.id}`);

    await lab.lab.changeCode({ environment: 'production', path: 'manifests/site.pp', content: site });
    await ok(lab.muster('run', 'retry', id));
    const mended = await lab.run(id, (run) => over(run) && run.retries === 1);
    expect(mended.state).toBe('provisioned');
    expect(doneSteps(mended)).toEqual(PLAN);
    const again = mended.steps
      .filter((step) => step.startedAtMs > (failed.endedAtMs ?? 0))
      .map((step) => step.step);
    expect(again).toEqual(['puppet_final_run', 'disable']);
    expect(await signatures('puppet-us', mended.identity)).toBe(1);
  });

  it('cleanly provisions an instance whose name was used before and has an old certificate on both masters', async () => {
    const id = await lab.launch('eu-west-1');
    const first = await lab.run(id, over);
    expect(first.state).toBe('provisioned');
    const oldSerial = await serialOf(id, first.identity);
    await lab.lab.exec('puppet-us', ['puppetserver', 'ca', 'generate', '--certname', first.identity], {
      timeoutS: 60,
    });
    expect(await signatures('puppet-us', first.identity)).toBe(1);
    await ok(lab.muster('lab', 'terminate', '--state-dir', lab.stateDir, '--region', 'eu-west-1', id));
    await expect
      .poll(async () => (await lab.lab.status()).boxes.some((box) => box.name === id), { timeout: 60_000 })
      .toBe(false);

    expect(await lab.launch('eu-west-1', '--instance-id', id)).toBe(id);
    const second = await lab.run(id, (run) => run.id !== first.id && over(run));
    expect(second.state).toBe('provisioned');
    expect(second.steps.find((step) => step.step === 'clean_node_certname')?.outcome).toBe('done');
    const newSerial = await serialOf(id, second.identity);
    expect(newSerial).not.toBe(oldSerial);
    const crl = await revokedSerials('puppet-eu');
    expect(crl).toContain(oldSerial.replace(/^0+/, ''));
    const { stdout } = await lab.lab.exec(
      'puppet-us',
      ['puppetserver', 'ca', 'list', '--certname', first.identity],
      { timeoutS: 60 },
    );
    expect(stdout).not.toContain('Signed Certificates');
  });

  it('waits for a broker that is late, and goes on when it comes', async () => {
    await controller.kill('SIGTERM');
    await lab.lab.powerService('rabbitmq', 'stop');
    controller = lab.startController();
    await expect
      .poll(() => readFile(controller.logFile, 'utf8').catch(() => ''), { timeout: 60_000 })
      .toContain('broker');
    expect(controller.child.exitCode).toBeNull();
    await lab.lab.powerService('rabbitmq', 'start');
    const id = await lab.launch('us-east-1');
    const run = await lab.run(id, over);
    expect(run.state).toBe('provisioned');
    expect(run.master).toBe('puppet-us.lab.test');
  });
});
