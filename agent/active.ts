import { asMusterError } from '../src/core/errors.ts';
import { isSwitchedOff } from './declared-settings.ts';
import type { AgentHost, AnyAgent } from './host.ts';

/** Served while a node is not provisioned. */
const BEFORE_PROVISIONING: readonly string[] = ['provision', 'rpcutil', 'trust'];

/**
 * The agents that are to be served now: those that want to be, and that `activate_agent` does not switch off. With `before`, those that it
 * costs much to ask stay as they were there. Never throws.
 */
export async function activeAgents(
  agents: ReadonlyMap<string, AnyAgent>,
  host: AgentHost,
  before?: ReadonlyMap<string, AnyAgent>,
): Promise<ReadonlyMap<string, AnyAgent>> {
  const provisioning = host.node !== null && !host.node.state.get().disabled;
  const asked = [...agents].filter(
    ([name]) =>
      (!provisioning || BEFORE_PROVISIONING.includes(name)) && !isSwitchedOff(name, host.config.settings),
  );
  const willing = await Promise.all(
    asked.map(([name, agent]) => {
      if (before !== undefined && agent.activationIsCostly === true) return before.get(name) === agent;
      return agent.activate(host).catch((cause: unknown) => {
        host.log.error(
          { agent: name, err: asMusterError(cause).message },
          'the agent could not be activated',
        );
        return false;
      });
    }),
  );
  return new Map(asked.filter((_, index) => willing[index] === true));
}

/** Are they the very same ones? */
export function areSame(a: ReadonlyMap<string, AnyAgent>, b: ReadonlyMap<string, AnyAgent>): boolean {
  return a.size === b.size && [...a].every(([name, agent]) => b.get(name) === agent);
}
