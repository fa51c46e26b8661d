import type { Command } from 'commander';
import { asMusterError, MusterError } from '../core/errors.ts';
import type { CliCommand } from './lib/command.ts';
import { type RpcOptions, withRpcOptions } from './lib/rpc/options.ts';

/** `muster data SOURCE [QUERY]`: what a data plug-in of each node says. *Source:* MCollective's `rpcutil#get_data`. */
export default {
  name: 'data',
  register(program: Command): void {
    const command = program
      .command('data')
      .description('ask a data plug-in of many nodes, as filters do')
      .argument('<source>', 'name of the plug-in, e.g. fstat')
      .argument('[query]', 'what it is asked, e.g. /etc/hosts');
    withRpcOptions(command).action(data);
  },
} satisfies CliCommand;

async function data(source: string, query: string | undefined, options: RpcOptions): Promise<void> {
  const { loadDataDdl, loadDdl } = await import('./lib/ddls.ts');
  const { runRpc } = await import('./lib/rpc/run.ts');
  const { actionNamed, typedInput } = await import('./lib/rpc/typed-input.ts');
  const ddl = await loadDdl('rpcutil');
  const contract = await loadDataDdl(source).catch((thrown: unknown) => {
    // A site may have more than Muster knows.
    if (asMusterError(thrown).code === 'NOT_FOUND') return null;
    throw thrown;
  });
  if (contract !== null) checkQuery(source, contract.query, query);
  const texts = { source, ...(query === undefined ? {} : { query }) };
  const input = typedInput('rpcutil#get_data', actionNamed(ddl, 'get_data').input, texts);
  await runRpc(options, ddl, 'get_data', input, {
    ...(contract === null ? {} : { spec: { output: contract.output } }),
    shown: (reply) => (reply.status === 0 ? { ...reply, data: unfolded(reply.data) } : reply),
  });
}

/** Throws USAGE that says what the plug-in wants to be asked. */
function checkQuery(
  source: string,
  schema: { safeParse(value: unknown): { success: boolean }; description?: string | undefined } | null,
  query: string | undefined,
): void {
  if (schema === null && query !== undefined)
    throw new MusterError('USAGE', `${source} is asked nothing; leave out '${query}'`);
  if (schema !== null && !schema.safeParse(query).success) {
    const given = query === undefined ? 'is missing' : `is '${query}'`;
    throw new MusterError(
      'USAGE',
      `${source}: the query ${given}; expected: ${schema.description ?? 'a text'}`,
    );
  }
}

/** The values themselves where they came as one map. */
function unfolded(given: unknown): unknown {
  const values = Object.values(Object(given));
  const [only] = values;
  const isMap = typeof only === 'object' && only !== null && !Array.isArray(only);
  return values.length === 1 && isMap ? only : given;
}
