import { asMusterError } from '../src/core/errors.ts';
import { ALWAYS_SERVED, isSwitchedOff } from './declared-settings.ts';
import type { AgentHost, AnyAgent } from './host.ts';

/** What each agent said last instead of an answer: it is asked every 30 s, and told once. */
const told = new WeakMap<AnyAgent, string>();

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
    ([name]) => (!provisioning || ALWAYS_SERVED.includes(name)) && !isSwitchedOff(name, host.config.settings),
  );
  const willing = await Promise.all(
    asked.map(([name, agent]) => {
      if (before !== undefined && agent.activationIsCostly === true) return before.get(name) === agent;
      return ask(name, agent, host);
    }),
  );
  return new Map(asked.filter((_, index) => willing[index] === true));
}

async function ask(name: string, agent: AnyAgent, host: AgentHost): Promise<boolean> {
  try {
    const willing = await agent.activate(host);
    told.delete(agent);
    return willing;
  } catch (cause) {
    const err = asMusterError(cause).message;
    if (told.get(agent) !== err) host.log.error({ agent: name, err }, 'the agent could not be activated');
    told.set(agent, err);
    return false;
  }
}

/** Are they the very same ones? */
export function areSame(a: ReadonlyMap<string, AnyAgent>, b: ReadonlyMap<string, AnyAgent>): boolean {
  return a.size === b.size && [...a].every(([name, agent]) => b.get(name) === agent);
}
