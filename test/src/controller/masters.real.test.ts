import { describe, expect, test } from 'vitest';
import { discoverMasters } from '../../../src/controller/discovery.ts';
import { onEvent } from '../../../src/controller/events.ts';
import type { NodeEvent } from '../../../src/core/messages.ts';
import { engineScene } from '../../kit/engine-scene.ts';
import { overJob, testConfig, testRun } from '../../kit/run-fakes.ts';
import { addMaster } from '../../kit/run-master.ts';

const { engineOf, worldOf } = engineScene();

describe('masters', () => {
  const regions = {
    'puppet-eu': { ec2_placement_region: 'eu-west-1' },
    'puppet-us': { ec2_placement_region: 'us-east-1' },
  };

  test('the one of the same region is chosen, and the record says why', async () => {
    const world = worldOf(['i-1'], regions);
    const engine = await engineOf({ world });
    await engine.runs.add(
      'i-1.aaaaaa',
      testRun(world, 'i-1', { facts: { ec2_placement_region: 'us-east-1' } }),
    );
    const { data } = await overJob(engine, 'i-1.aaaaaa');
    expect([data.master, data.masterReason]).toEqual([
      'puppet-us',
      'same ec2_placement_region us-east-1, 1 of 1 healthy',
    ]);
  });

  test('runs that begin together are spread over equal masters', async () => {
    const names = ['i-1', 'i-2', 'i-3', 'i-4'];
    const world = worldOf(names, { 'puppet-a': {}, 'puppet-b': {} });
    const engine = await engineOf({ world });
    for (const name of names) {
      const node = world.nodes.get(name);
      if (node !== undefined) node.puppetMs = 500;
    }
    await Promise.all(names.map((name) => engine.runs.add(`${name}.aaaaaa`, testRun(world, name))));
    const jobs = await Promise.all(names.map((name) => overJob(engine, `${name}.aaaaaa`)));
    expect(jobs.map(({ data }) => data.master).sort()).toEqual([
      'puppet-a',
      'puppet-a',
      'puppet-b',
      'puppet-b',
    ]);
  });

  test('one that dies in the middle of a Puppet run is left for another, and the record shows it', async () => {
    const world = worldOf(['i-1'], regions);
    const node = world.nodes.get('i-1');
    const first = world.masters.get('puppet-eu');
    if (node === undefined || first === undefined) throw new Error('no scene');
    node.exitcode = () => {
      if (node.puppetIp !== first.facts.ipaddress) return 0;
      first.server = 'unreachable';
      return 1;
    };
    const engine = await engineOf({ world });
    await engine.runs.add(
      'i-1.aaaaaa',
      testRun(world, 'i-1', { facts: { ec2_placement_region: 'eu-west-1' } }),
    );
    const { data } = await overJob(engine, 'i-1.aaaaaa');
    expect(data.outcome).toBe('provisioned');
    expect(data.master).toBe('puppet-us');
    expect(data.masterReason).toMatch(/left puppet-eu$/);
    expect(data.steps.filter((step) => step.outcome === 'failed')).toMatchObject([
      { step: 'puppet_bootstrap_stage' },
    ]);
    expect(world.masters.get('puppet-us')?.certs.get('i-1')?.state).toBe('signed');
    expect(node.puppetIp).toBe(world.masters.get('puppet-us')?.facts.ipaddress);
  });

  test('when there is none the run waits and spends nothing; one that comes needs no configuration', async () => {
    const world = worldOf(['i-1'], {});
    const engine = await engineOf({ world, config: testConfig({ runs: { attempts: 1 } }) });
    await engine.runs.add('i-1.aaaaaa', testRun(world, 'i-1'));
    const job = async () => (await engine.runs.get('i-1.aaaaaa'))?.data;
    while ((await job())?.error?.code !== 'NO_MASTER')
      await new Promise((resolve) => setTimeout(resolve, 20));
    addMaster(world, 'puppet-new');
    const event: NodeEvent['event'] = {
      kind: 'registration',
      agents: ['puppetca'],
      facts: {},
      classes: [],
      collectives: ['mcollective'],
      version: '1',
    };
    await onEvent(event, { name: 'puppet-new', role: 'master' }, engine);
    expect((await overJob(engine, 'i-1.aaaaaa')).data.master).toBe('puppet-new');
  });

  test('a node that says it serves the agent is no master', async () => {
    const world = worldOf(['i-1'], { 'puppet-a': {} });
    const engine = await engineOf({ world });
    const event: NodeEvent['event'] = {
      kind: 'registration',
      agents: ['puppetca'],
      facts: {},
      classes: [],
      collectives: [],
      version: '1',
    };
    await onEvent(event, { name: 'i-evil', role: 'node' }, engine);
    expect(await engine.registry.expectedMasters()).toEqual(['puppet-a']);
  });

  test('one that was silent is not waited for again until it is heard of', async () => {
    const world = worldOf([], { 'puppet-a': {}, 'puppet-b': {} });
    const { registry } = await engineOf({ world });
    expect((await registry.expectedMasters()).sort()).toEqual(['puppet-a', 'puppet-b']);
    const silent = world.masters.get('puppet-b');
    if (silent === undefined) throw new Error('no scene');
    silent.silent = true;
    const options = { collective: 'mcollective', timeoutS: 1 };
    expect((await discoverMasters(world.rpc, registry, options)).map(({ identity }) => identity)).toEqual([
      'puppet-a',
    ]);
    expect(await registry.expectedMasters()).toEqual(['puppet-a']);
    silent.silent = false;
    expect(await discoverMasters(world.rpc, registry, options)).toHaveLength(2);
    expect((await registry.expectedMasters()).sort()).toEqual(['puppet-a', 'puppet-b']);
  });
});
