import { createBrokerAdmin } from '../../bus/admin.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { DaemonConfig } from '../../core/config/daemon.ts';
import { managementPassword } from './broker-password.ts';
import { commonNameOf } from './certificate-name.ts';

/**
 * Lays out the broker of a config: everything that stands there before anybody connects, the controller of the config, and
 * these masters and operators. Gives the controller's name. Throws BROKER_UNREACHABLE, BROKER_REFUSED, CONFLICT,
 * CONFIG_INVALID.
 */
export async function setupBroker(
  { broker, collectives, trust }: ControllerConfig,
  names: { readonly masters: readonly string[]; readonly operators: readonly string[] },
): Promise<string> {
  const admin = createBrokerAdmin({
    url: broker.management_url,
    user: broker.management_user,
    password: await managementPassword(broker),
    vhost: broker.vhost,
  });
  const controller = await commonNameOf(trust.certificate);
  // The login of the hello is public: it is in the user data of every node, and this is where it is declared.
  const hello = DaemonConfig.shape.broker.parse({ host: broker.host });
  await admin.setupBroker({
    collectives: [collectives.provisioning, collectives.production],
    controllers: [controller],
    operators: names.operators,
    hello: { user: hello.hello_user, password: hello.hello_password },
  });
  for (const name of names.masters) await admin.addMasterUser(name, [collectives.production]);
  return controller;
}
