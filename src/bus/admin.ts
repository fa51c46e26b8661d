import { asMusterError, MusterError } from '../core/errors.ts';
import { type AdminCall, type AdminOptions, adminApi } from './admin-api.ts';
import { layOut } from './layout.ts';
import { USER_LIMITS } from './limits.ts';
import { controllerGrant, type Grant, helloGrant, nodeGrant, operatorGrant } from './permissions.ts';

/** What stands on the broker before anybody connects. */
export interface BrokerLayout {
  readonly collectives: readonly string[];
  /** Names of the controllers' and operators' certificates. */
  readonly controllers: readonly string[];
  readonly operators: readonly string[];
  /** Login of nodes without a certificate. Public. */
  readonly hello: { readonly user: string; readonly password: string };
}

/** Sets up users, exchanges and permissions over RabbitMQ's management API. Everything may be done again. */
export interface BrokerAdmin {
  /**
   * Virtual host, exchanges, queues, bindings, and the users for hello, controllers and operators; deletes `guest`. Throws
   * CONFLICT when an exchange or queue stands there that cannot be changed now.
   */
  setupBroker(layout: BrokerLayout): Promise<void>;
  /** A user that logs in by certificate alone and lives in these collectives. Throws CONFLICT when somebody else has the name. */
  addNodeUser(identity: string, collectives: readonly string[]): Promise<void>;
  /** As a node: a master is one that also serves puppetca. */
  addMasterUser(identity: string, collectives: readonly string[]): Promise<void>;
  /** Lets a node live in these collectives and no others. A subscription that it has already stays until it reconnects. */
  moveNodeUser(identity: string, collectives: readonly string[]): Promise<void>;
  /** Deletes a node's user, which also closes its connections. Not being there is fine; throws CONFLICT for other kinds of user. */
  removeUser(identity: string): Promise<void>;
  /** As {@link BrokerAdmin.removeUser}, whoever has the name: a node, a master, an operator or a controller. */
  revokeUser(name: string): Promise<void>;
}

/** Who a user is for stands in its tags, so that no node's name can take over the rights of a caller. */
type Kind = 'muster_hello' | 'muster_node' | 'muster_controller' | 'muster_operator';

/** The administrator of one virtual host. All verbs throw BROKER_UNREACHABLE and BROKER_REFUSED. */
export function createBrokerAdmin(options: AdminOptions & { vhost: string }): BrokerAdmin {
  const call = adminApi(options);
  const users = new Users(call, options.vhost);
  const grantNode = async (identity: string, collectives: readonly string[]) => {
    await users.put(identity, 'muster_node', nodeGrant(identity, collectives));
  };
  return {
    setupBroker: async (layout) => {
      await layOut(call, options, layout.collectives);
      await users.put(layout.hello.user, 'muster_hello', helloGrant(), layout.hello.password);
      for (const name of layout.controllers)
        await users.put(name, 'muster_controller', controllerGrant(name, layout.collectives));
      for (const name of layout.operators)
        await users.put(name, 'muster_operator', operatorGrant(name, layout.collectives));
      await call('DELETE', ['users', 'guest']);
    },
    addNodeUser: grantNode,
    addMasterUser: grantNode,
    moveNodeUser: grantNode,
    removeUser: (identity) => users.remove(identity, ['muster_node']),
    revokeUser: (name) => users.remove(name, ['muster_node', 'muster_operator', 'muster_controller']),
  };
}

class Users {
  readonly #call: AdminCall;
  readonly #vhost: string;

  constructor(call: AdminCall, vhost: string) {
    this.#call = call;
    this.#vhost = vhost;
  }

  /** The tag of a user, or null when there is none. */
  async kindOf(name: string): Promise<string | null> {
    const user = await this.#call('GET', ['users', name]);
    if (typeof user !== 'object' || user === null || !('tags' in user)) return null;
    return Array.isArray(user.tags) ? user.tags.join(',') : String(user.tags);
  }

  async remove(name: string, kinds: readonly Kind[]): Promise<void> {
    const kind = await this.kindOf(name);
    if (kind === null) return;
    if (!kinds.some((allowed) => allowed === kind)) throw conflict(name, kind);
    await this.#call('DELETE', ['users', name]);
  }

  /**
   * Makes or changes a user. Topic permissions come before the permission on their exchange: an exchange without any
   * allows every key.
   */
  async put(name: string, kind: Kind, grant: Grant, password?: string): Promise<void> {
    const existing = await this.kindOf(name);
    if (existing !== null && existing !== kind) throw conflict(name, existing);
    const secret = password === undefined ? { password_hash: '' } : { password };
    if (existing === null || password !== undefined)
      await this.#call('PUT', ['users', name], { ...secret, tags: kind });
    for (const topic of grant.topics)
      await this.#call('PUT', ['topic-permissions', this.#vhost, name], topic);
    const { configure, write, read } = grant;
    await this.#call('PUT', ['permissions', this.#vhost, name], { configure, write, read });
    if (kind in USER_LIMITS) await this.#limit(name, USER_LIMITS[kind as keyof typeof USER_LIMITS]);
  }

  /** RabbitMQ has limits of users since 3.8.10, once its feature flag is on; elsewhere `check` says that there are none. */
  async #limit(name: string, limits: Readonly<Record<string, number>>): Promise<void> {
    for (const [limit, value] of Object.entries(limits)) {
      await this.#call('PUT', ['user-limits', name, limit], { value }).catch((thrown: unknown) => {
        if (asMusterError(thrown).code !== 'BROKER_REFUSED') throw thrown;
      });
    }
  }
}

function conflict(name: string, kind: string): MusterError {
  return new MusterError(
    'CONFLICT',
    `the broker has a user ${name} already, of another kind (${kind || 'no tag'})`,
  );
}
