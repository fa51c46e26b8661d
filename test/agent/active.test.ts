import { expect, test } from 'vitest';
import { activeAgents, areSame } from '../../agent/active.ts';
import rpcutil from '../../agent/agents/rpcutil.ts';
import type { AgentHost, AnyAgent } from '../../agent/host.ts';
import { keptLog } from './external/kit.ts';
import { aNode } from './host.ts';

/** On a node that is provisioned. */
async function aHost(settings: Record<string, string> = {}) {
  const { host } = await aNode({ settings });
  const { log, lines } = keptLog();
  const own: AgentHost = { ...host, node: null, log };
  return { host: own, lines };
}

/** An agent that gives these answers, one after the other, and then the last one again. */
function agentThat(...answers: (boolean | Error)[]): AnyAgent & { asked: number } {
  const agent = {
    ...(rpcutil as AnyAgent),
    asked: 0,
    async activate() {
      const answer = answers[Math.min(agent.asked, answers.length - 1)] ?? false;
      agent.asked += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  return agent;
}

test('An agent that cannot say whether it is active is told once, and again when it says something else', async () => {
  const { host, lines } = await aHost();
  const agents = new Map([
    ['a', agentThat(new Error('x'), new Error('x'), new Error('y'), true, new Error('y'))],
  ]);
  const served: number[] = [];
  for (let look = 0; look < 5; look += 1) served.push((await activeAgents(agents, host)).size);
  expect(served).toEqual([0, 0, 0, 1, 0]);
  expect(lines.map(([, , { err }]) => err)).toEqual(['x', 'y', 'y']);
});

test('One that it costs much to ask stays as it is until it is asked, but a new one in its place is another', async () => {
  const { host } = await aHost();
  const costly = Object.assign(agentThat(true, false), { activationIsCostly: true });
  const agents = new Map<string, AnyAgent>([['a', costly]]);
  const first = await activeAgents(agents, host);
  const second = await activeAgents(agents, host, first);
  expect([costly.asked, second.has('a'), areSame(first, second)]).toEqual([1, true, true]);
  expect((await activeAgents(new Map([['a', { ...costly }]]), host, first)).has('a')).toBe(false);
  expect((await activeAgents(agents, host)).has('a')).toBe(false);
});

test('One that is switched off is not even asked', async () => {
  const { host } = await aHost({ 'a.activate_agent': 'no', 'rpcutil.activate_agent': 'no' });
  const agents = new Map([
    ['a', agentThat(true)],
    ['rpcutil', agentThat(true)],
  ]);
  expect([...(await activeAgents(agents, host)).keys()]).toEqual(['rpcutil']);
  expect(agents.get('a')?.asked).toBe(0);
});
