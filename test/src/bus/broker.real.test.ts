import { connect as connectTls } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { createBrokerAdmin } from '../../../src/bus/admin.ts';
import { openBus } from '../../../src/bus/connection.ts';
import { consumeEvents, publishEvent } from '../../../src/bus/events.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { silentLog } from '../../../src/core/log.ts';
import { makePki, testPki } from '../../kit/pki.ts';
import { collectives, NODE, realScene } from './real-scene.ts';
import { clientOf, probe, serveProbe } from './rpc-kit.ts';

const hi = { text: 'hi' };
const scene = realScene();
const { bus, nodeBus, controllerBus } = scene;

describe('a call over RabbitMQ with certificates on both ends', () => {
  it('is answered, and again after the broker was restarted', async () => {
    await serveProbe(await nodeBus(), NODE);
    const client = await clientOf(await controllerBus(), 'ctl', 'controller');
    const call = (timeoutS: number) => client.call('provisioning', NODE, probe, 'echo', hi, { timeoutS });
    expect(await call(10)).toEqual(hi);
    await scene.broker.restart();
    await expect.poll(() => call(1).catch(() => null), { timeout: 60_000 }).toEqual(hi);
  });

  it('has no forty milliseconds of delay in small frames: a hundred calls cost far less', async () => {
    await serveProbe(await nodeBus(), NODE);
    const client = await clientOf(await controllerBus(), 'ctl', 'controller');
    await client.call('provisioning', NODE, probe, 'echo', hi, { timeoutS: 10 });
    const times: number[] = [];
    for (let i = 0; i < 100; i++) {
      const startedMs = performance.now();
      await client.call('provisioning', NODE, probe, 'echo', hi, { timeoutS: 10 });
      times.push(performance.now() - startedMs);
    }
    times.sort((a, b) => a - b);
    expect(times[20]).toBeLessThan(40);
  });

  it('reaches many nodes at once, and names the silent one', async () => {
    await serveProbe(await nodeBus(), NODE);
    await serveProbe(await nodeBus('web2'), 'web2');
    const client = await clientOf(await bus(scene.broker.busOf('alice', 'operator')), 'alice', 'operator');
    const result = await client.ask('provisioning', probe, 'echo', hi, {
      expected: [NODE, 'web2', 'ghost'],
      timeoutS: 2,
    });
    expect(result.replies.map((reply) => reply.identity).sort()).toEqual([NODE, 'web2']);
    expect(result.silent).toEqual(['ghost']);
  });

  it('follows a node from one collective to another', async () => {
    await scene.broker.admin.addNodeUser('mover', ['provisioning']);
    const { server } = await serveProbe(await nodeBus('mover'), 'mover');
    const client = await clientOf(await controllerBus(), 'ctl', 'controller');
    expect(await client.call('provisioning', 'mover', probe, 'echo', hi, { timeoutS: 10 })).toEqual(hi);
    await scene.broker.admin.moveNodeUser('mover', ['mcollective']);
    await server.setCollectives(['mcollective']);
    expect(await client.call('mcollective', 'mover', probe, 'echo', hi, { timeoutS: 10 })).toEqual(hi);
    await expect(
      (await nodeBus('mover')).subscribe({ exchange: 'provisioning.request', key: 'all' }, () => undefined, {
        ack: 'auto',
      }),
    ).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
  });
});

describe('an event', () => {
  it('reaches a controller once, is kept while none listens, and comes again when it was not handled', async () => {
    const own = { sealer: (await (await testPki()).holder(NODE, 'node')).sealer, clock: systemClock };
    await publishEvent(
      { bus: await nodeBus(), ...own },
      { kind: 'puppet_run_ended', run: 'run-1', exitcode: 2 },
    );
    const heard: string[] = [];
    const listening = {
      bus: await controllerBus(),
      opener: (await testPki()).opener,
      clock: systemClock,
      log: silentLog,
    };
    await consumeEvents(listening, async (event, sender) => {
      heard.push(`${sender.name} ${event.kind}`);
      if (heard.length === 1) throw new Error('not now');
    });
    await expect.poll(() => heard, { timeout: 5000 }).toEqual(Array(2).fill(`${NODE} puppet_run_ended`));
  });
});

describe('the login', () => {
  const { host, clock, log } = { host: '127.0.0.1', clock: systemClock, log: silentLog };
  const refused = { giveUpOnRefusal: true, timeoutS: 10 };
  const openAs = (broker_: Partial<Parameters<typeof openBus>[0]['broker']>, ca: string) =>
    bus(
      Promise.resolve(
        openBus({
          broker: { host, port: scene.broker.port, vhost: scene.broker.vhost, tls: { ca }, ...broker_ },
          clock,
          log,
        }),
      ),
    );

  it.each([
    ['no certificate and no password', {}],
    ['a wrong password', { login: { user: 'hello', passcode: 'wrong' } }],
    ['the user guest', { login: { user: 'guest', passcode: 'guest' } }],
    ['another virtual host', { login: { user: 'hello', passcode: 'hello' }, vhost: '/' }],
    ['the name of a node and no password', { login: { user: NODE, passcode: '' } }],
  ])('with %s is refused, and does not end the process', async (_, options) => {
    const opened = await openAs(options, (await testPki()).ca.certificatePem);
    await expect(opened.ready(refused)).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
  });

  it('with a certificate that has no user is refused', async () => {
    const opened = await bus(scene.broker.busOf('nobody', 'node'));
    await expect(opened.ready(refused)).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
  });

  it('with a certificate of another CA is refused, and so is a broker of another CA', async () => {
    const strangers = await makePki();
    const { certificatePem: cert, keyPem: key } = await strangers.holder('ctl', 'controller');
    const ca = (await testPki()).ca.certificatePem;
    const foreign = await openAs({ tls: { ca, cert, key } }, ca);
    await expect(foreign.ready(refused)).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
    const trusting = await openAs(
      { login: { user: 'hello', passcode: 'hello' } },
      strangers.ca.certificatePem,
    );
    await expect(trusting.ready(refused)).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
  });

  it('is for no older TLS than 1.2', async () => {
    const { ca } = await testPki();
    const old = new Promise((resolve) => {
      const socket = connectTls({
        host,
        port: scene.broker.port,
        ca: ca.certificatePem,
        minVersion: 'TLSv1',
        maxVersion: 'TLSv1.1',
      });
      socket.once('error', () => resolve('refused'));
      socket.once('secureConnect', () => resolve('taken'));
    });
    expect(await old).toBe('refused');
  });

  it('stays through two heart-beats of silence', async () => {
    const quiet = await bus(
      scene.broker.helloBus({
        broker: {
          host,
          port: scene.broker.port,
          vhost: scene.broker.vhost,
          tls: { ca: (await testPki()).ca.certificatePem },
          login: { user: 'hello', passcode: 'hello' },
          heartbeatMs: 500,
        },
        onState: (state) => states.push(state),
      }),
    );
    const states: string[] = [];
    await quiet.ready({ timeoutS: 10 });
    await new Promise((resolve) => setTimeout(resolve, 3500));
    expect(states).toEqual(['up']);
  });
});

describe('the administrator', () => {
  it('may do everything again', async () => {
    const layout = {
      collectives,
      controllers: ['ctl'],
      operators: ['alice'],
      hello: { user: 'hello', password: 'hello' },
    };
    await scene.broker.admin.setupBroker(layout);
    await scene.broker.admin.addNodeUser(NODE, ['provisioning']);
  });

  it('does not give a node the name of a caller, nor delete one', async () => {
    for (const name of ['ctl', 'hello', 'muster']) {
      await expect(scene.broker.admin.addNodeUser(name, ['provisioning'])).rejects.toMatchObject({
        code: 'CONFLICT',
      });
      await expect(scene.broker.admin.removeUser(name)).rejects.toMatchObject({ code: 'CONFLICT' });
    }
  });

  it('throws a node out at once when it removes its user', async () => {
    await scene.broker.admin.addNodeUser('leaving', ['provisioning']);
    const leaving = await nodeBus('leaving');
    await leaving.ready({ timeoutS: 10 });
    await scene.broker.admin.removeUser('leaving');
    await scene.broker.admin.removeUser('leaving');
    await expect.poll(() => leaving.state).toBe('connecting');
    await expect(leaving.ready({ giveUpOnRefusal: true, timeoutS: 10 })).rejects.toMatchObject({
      code: 'BROKER_REFUSED',
    });
  });

  it('tells a wrong password from a broker that is not there', async () => {
    const { management, vhost } = scene.broker;
    const wrong = createBrokerAdmin({ ...management, password: 'wrong', vhost });
    await expect(wrong.removeUser('x')).rejects.toMatchObject({ code: 'BROKER_REFUSED' });
    const away = createBrokerAdmin({ ...management, url: 'http://127.0.0.1:1', vhost });
    await expect(away.removeUser('x')).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' });
  });
});
