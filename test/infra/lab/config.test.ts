import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { renderControllerConfig } from '../../../infra/lab/controller-config.ts';
import { labPaths } from '../../../infra/lab/layout.ts';
import { FIRST_MASTERS, masterDaemonConfig } from '../../../infra/lab/master-config.ts';
import { renderProsodyConf } from '../../../infra/lab/services/prosody.ts';
import { renderDefinitions, renderRabbitConf } from '../../../infra/lab/services/rabbitmq.ts';
import { renderRedisConf } from '../../../infra/lab/services/redis.ts';
import { ControllerConfig } from '../../../src/core/config/controller.ts';
import { DaemonConfig } from '../../../src/core/config/daemon.ts';
import ec2 from '../../../src/trust/attestors/ec2.ts';

const paths = labPaths('/lab');

describe('what a lab writes is what Muster reads', () => {
  test("the controller's config", () => {
    const config = ControllerConfig.parse(
      renderControllerConfig(paths, '100.127.0.2', 'a-token-of-the-group'),
    );
    expect(config.broker.host).toBe('100.127.0.2');
    expect(config.groups.web?.attestor).toBe('ec2');
    expect(ec2.options.safeParse(config.groups.web?.options).success).toBe(true);
    expect(config.userdata.broker_host).toBe('broker.lab.test');
  });

  test.for(FIRST_MASTERS)("the daemon's config on $name", (spec) => {
    const config = DaemonConfig.parse(masterDaemonConfig(spec));
    expect(config.identity).toBe(`${spec.name}.lab.test`);
    expect(config.puppetca?.url).toBe(`https://${spec.name}.lab.test:8140`);
  });
});

describe('the services are locked down', () => {
  test('RabbitMQ speaks STOMP over TLS and nothing in clear text', () => {
    const lines = renderRabbitConf(paths, { labAddress: '100.127.0.2', password: 'p' }).split('\n');
    expect(lines).toContain('listeners.tcp = none');
    expect(lines).toContain('stomp.listeners.tcp = none');
    expect(lines).toContain('stomp.ssl_cert_login = true');
    expect(lines).toContain('management.tcp.ip = 100.127.0.2');
  });

  test('RabbitMQ has no guest, and its administrator has a salted hash', () => {
    const salt = Buffer.from([1, 2, 3, 4]);
    const { users } = JSON.parse(renderDefinitions('secret', salt)) as { users: Record<string, unknown>[] };
    const digest = createHash('sha256')
      .update(Buffer.from([1, 2, 3, 4]))
      .update('secret')
      .digest();
    expect(users).toEqual([
      expect.objectContaining({
        name: 'muster',
        password_hash: Buffer.concat([salt, digest]).toString('base64'),
      }),
    ]);
  });

  test('Redis listens where no box can reach it, keeps everything and asks for a password', () => {
    const text = renderRedisConf({
      addresses: ['127.0.0.1', '100.127.0.2'],
      dir: '/lab/redis',
      password: 'p',
    });
    expect(text).toContain('bind 127.0.0.1 100.127.0.2\n');
    expect(text).toContain('requirepass p\n');
    expect(text).toContain('appendonly yes\n');
    expect(text).toContain('maxmemory-policy noeviction\n');
  });

  test('Prosody takes no login in clear text', () => {
    expect(renderProsodyConf(paths)).toContain('c2s_require_encryption = true\n');
  });
});
