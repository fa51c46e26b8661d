import type { DataDdl, DataValue } from '../src/core/data.ts';
import { asMusterError, MusterError } from '../src/core/errors.ts';
import type { DataCall } from '../src/core/filter/ast.ts';
import { amongKnown } from '../src/core/nearest.ts';
import type { AgentHost, AnyData } from './host.ts';

/** The data plug-ins of this node, as filters, policies and `rpcutil#get_data` use them. */
export interface DataStore {
  /** Contracts of those that are active now; one that cannot tell is named in the log. */
  list(): Promise<DataDdl[]>;
  /** Everything that a plug-in says. Throws NOT_FOUND, RPC_INVALID_DATA (the query), RPC_FAILED, and what the plug-in throws. */
  look(
    name: string,
    query: string | null,
    signal?: AbortSignal,
  ): Promise<Readonly<Record<string, DataValue>>>;
  /** One value of it, as {@link DataStore.look}; null when the plug-in has none now. Throws NOT_FOUND for an unknown field too. */
  value(call: DataCall, signal?: AbortSignal): Promise<DataValue | null>;
}

/** Keeps the plug-ins; `host` is asked when one is used, because it is made later. */
export function createDataStore(plugins: ReadonlyMap<string, AnyData>, host: () => AgentHost): DataStore {
  const active = async (name: string): Promise<AnyData> => {
    const plugin = plugins.get(name);
    if (plugin !== undefined) {
      if (await plugin.activate(host())) return plugin;
      throw new MusterError('NOT_FOUND', `the data plug-in '${name}' is not active on this node`);
    }
    const known = amongKnown(name, [...plugins.keys()].sort());
    throw new MusterError('NOT_FOUND', `this node has no data plug-in '${name}'${known}`);
  };

  const look: DataStore['look'] = async (name, query, signal) => {
    const plugin = await active(name);
    const checked = queryOf(plugin.ddl, query);
    if (signal?.aborted === true) throw new MusterError('RPC_FAILED', `${name}() is not waited for any more`);
    const limit = AbortSignal.timeout(plugin.ddl.timeoutS * 1000);
    const stop = signal === undefined ? limit : AbortSignal.any([limit, signal]);
    const given = await orStopped(plugin.query(checked, host(), stop), stop, plugin.ddl);
    const output = plugin.ddl.output.safeParse(given);
    if (output.success) return valuesOf(output.data);
    throw new MusterError(
      'RPC_FAILED',
      `${name}(): its answer does not fit its DDL: ${output.error.message}`,
    );
  };

  return {
    look,
    async list() {
      const host_ = host();
      const willing = await Promise.all(
        [...plugins.values()].map((plugin) =>
          plugin.activate(host_).catch((cause: unknown) => {
            const err = asMusterError(cause).message;
            host_.log.warn(
              { data: plugin.ddl.name, err },
              'a data plug-in does not say whether it is active',
            );
            return false;
          }),
        ),
      );
      return [...plugins.values()].filter((_, index) => willing[index]).map(({ ddl }) => ddl);
    },
    async value({ name, query, field }, signal) {
      const { ddl } = await active(name);
      const known = Object.keys(ddl.output.shape);
      if (!known.includes(field))
        throw new MusterError('NOT_FOUND', `${name}() has no '${field}'; it has ${known.join(', ')}`);
      const values = await look(name, query, signal);
      return values[field] ?? null;
    },
  };
}

function queryOf(ddl: DataDdl, query: string | null): string | null {
  if (ddl.query === null) {
    if (query === null || query === '') return null;
    throw new MusterError('RPC_INVALID_DATA', `${ddl.name}() takes no argument, but was given '${query}'`);
  }
  const checked = ddl.query.safeParse(query ?? undefined);
  if (checked.success) return query;
  const said = checked.error.issues[0]?.message ?? 'does not fit';
  throw new MusterError('RPC_INVALID_DATA', `${ddl.name}('${query ?? ''}'): ${said}`);
}

function valuesOf(output: Readonly<Record<string, unknown>>): Record<string, DataValue> {
  return Object.fromEntries(
    Object.entries(output).filter((entry): entry is [string, DataValue] =>
      ['string', 'number', 'boolean'].includes(typeof entry[1]),
    ),
  );
}

function orStopped<T>(work: Promise<T>, signal: AbortSignal, ddl: DataDdl): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const give = () =>
    reject(new MusterError('RPC_FAILED', `${ddl.name}() did not answer within ${ddl.timeoutS} s`));
  signal.addEventListener('abort', give, { once: true });
  return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', give));
}
