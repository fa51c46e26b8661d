import { join } from 'node:path';
import { ControllerConfig } from '../../../core/config/controller.ts';
import { loadConfig } from '../../../core/config/load.ts';
import { asMusterError } from '../../../core/errors.ts';
import { setupBroker } from '../broker-setup.ts';
import { type InitItem, type InitWish, initItems, makeItem, modeAt } from './items.ts';

/** What became of one item. `open`: it was there, and others may read it. */
interface InitOutcome {
  readonly path: string;
  readonly what: string;
  readonly state: 'made' | 'there' | 'would be made' | 'open';
  /** Of a file that is open: its mode, e.g. `0644`. */
  readonly mode?: string;
}

/** What `muster init` did, and what a person does next. */
export interface InitReport {
  readonly dryRun: boolean;
  readonly items: readonly InitOutcome[];
  /** null: the broker is laid out; else why it is not. */
  readonly broker: string | null;
  readonly next: readonly string[];
}

/**
 * Makes what is not there, and never changes what is. With `dryRun` nothing is touched and nobody is asked. Throws NODE_IO
 * and the system's errors when a file cannot be made, CONFIG_INVALID when the config that is there does not load.
 */
export async function initHost(wish: InitWish, { dryRun }: { dryRun: boolean }): Promise<InitReport> {
  const items: InitOutcome[] = [];
  for (const item of initItems(wish)) items.push(await settle(item, dryRun));
  const broker = dryRun ? 'not asked: dry run' : await layOutBroker(wish);
  return { dryRun, items, broker, next: nextSteps(wish, broker !== null) };
}

async function settle(item: InitItem, dryRun: boolean): Promise<InitOutcome> {
  const { path, what } = item;
  const mode = (await modeAt(item.whole ?? path)) === null ? null : await modeAt(path);
  if (mode !== null) {
    const open = item.mode === 0o600 && (mode & 0o077) !== 0;
    return open
      ? { path, what, state: 'open', mode: mode.toString(8).padStart(4, '0') }
      : { path, what, state: 'there' };
  }
  if (dryRun) return { path, what, state: 'would be made' };
  await makeItem(item);
  return { path, what, state: 'made' };
}

async function layOutBroker(wish: InitWish): Promise<string | null> {
  const path = join(wish.dir, 'muster.yaml');
  const config = await loadConfig(ControllerConfig, { path });
  try {
    await setupBroker(config, { operators: [wish.operator], masters: [] });
    return null;
  } catch (thrown) {
    const { code, message } = asMusterError(thrown);
    // What is in the way on the broker is told with the rest, which a person needs too.
    if (!code.startsWith('BROKER_') && code !== 'CONFLICT') throw thrown;
    return message;
  }
}

function nextSteps({ dir, operator, group }: InitWish, brokerToDo: boolean): string[] {
  const config = join(dir, 'muster.yaml');
  const password = join(dir, 'broker-password');
  const broker = [
    `install -o rabbitmq -m 0600 ${join(dir, 'pki')}/{ca.pem,broker.pem,broker.key} /etc/rabbitmq/`,
    `merge ${join(dir, 'rabbitmq.conf')} into /etc/rabbitmq/rabbitmq.conf and restart RabbitMQ`,
    `rabbitmqctl add_user muster < ${password} && rabbitmqctl set_user_tags muster administrator`,
    `muster broker setup --config ${config} --operator ${operator}`,
  ];
  return [
    ...(brokerToDo ? broker : []),
    `muster broker check --config ${config}`,
    `muster bundle --out ${join(dir, 'bundle')}   (serve that folder by HTTPS, and set userdata.mirror_url in ${config})`,
    `muster userdata --config ${config} --group ${group} --out ${join(dir, `user-data-${group}`)}   (for the launch template)`,
    `muster ca issue MASTER --role master --dir ${join(dir, 'pki')}   (for each Puppet server; then muster broker setup --master MASTER)`,
    'systemctl daemon-reload && systemctl enable --now muster-controller',
  ];
}
