import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type BrokerWish, checkBroker, type Finding } from '../../bus/broker-check.ts';
import { readBrokerState } from '../../bus/broker-state.ts';
import { openBus } from '../../bus/connection.ts';
import { systemClock } from '../../core/clock.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { DaemonConfig } from '../../core/config/daemon.ts';
import { asMusterError } from '../../core/errors.ts';
import { silentLog } from '../../core/log.ts';
import { managementPassword } from './broker-password.ts';
import { certificateFindings } from './certificate-check.ts';

const LOGIN_S = 10;

/** Everything that is open on the broker of a config, and certificates that end soon. Throws BROKER_UNREACHABLE, BROKER_REFUSED, CONFIG_INVALID. */
export async function brokerFindings(config: ControllerConfig): Promise<Finding[]> {
  const { broker, collectives } = config;
  const hello = DaemonConfig.shape.broker.parse({ host: broker.host });
  const wish: BrokerWish = {
    vhost: broker.vhost,
    collectives: [collectives.provisioning, collectives.production],
    managementUser: broker.management_user,
    helloUser: hello.hello_user,
  };
  const { management_url: url, management_user: user, vhost } = broker;
  const state = await readBrokerState({ url, user, password: await managementPassword(broker), vhost });
  return [
    ...(await loginFinding(config)),
    ...checkBroker(state, wish),
    ...(await certificateFindings(config, systemClock.nowMs())),
  ];
}

/** Whether certificates are a login cannot be asked, only tried: by the one of this config. */
async function loginFinding({ broker, trust }: ControllerConfig): Promise<Finding[]> {
  const { host, port, vhost } = broker;
  const [ca, cert, key] = await Promise.all(
    [join(trust.dir, 'ca.pem'), trust.certificate, trust.key].map((path) => readFile(path, 'utf8')),
  );
  const tls = { ca: ca ?? '', cert: cert ?? '', key: key ?? '' };
  const bus = openBus({ broker: { host, port, vhost, tls }, log: silentLog, clock: systemClock });
  try {
    await bus.ready({ timeoutS: LOGIN_S, giveUpOnRefusal: true });
    return [];
  } catch (thrown) {
    return [
      {
        code: 'CERTIFICATE_LOGIN',
        severity: 'high',
        what: `nobody can log in by certificate at ${host}:${port}: ${asMusterError(thrown).message}`,
        next: 'set `stomp.ssl_cert_login = true`, `ssl_cert_login_from = common_name` and `ssl_options.verify = verify_peer` in rabbitmq.conf, switch rabbitmq_auth_mechanism_ssl on, then run `muster broker setup`',
      },
    ];
  } finally {
    await bus.close();
  }
}
