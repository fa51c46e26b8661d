import { DISCOVERY_S, type Finder, type Wanted } from './finder.ts';

/** Asks everybody whom the filter means, and takes who answers within the time. *Source:* MCollective's method `mc`. */
export function broadcastFinder({ collective, filter, agent, waitS }: Wanted): Finder {
  const timeoutS = waitS ?? DISCOVERY_S;
  return {
    method: 'broadcast',
    fixedS: timeoutS,
    async find({ rpc }) {
      const { rpcutil } = await import('../../../../agent/agents/rpcutil.ddl.ts');
      const wire = { ...filter.wire, agent: [...new Set([...filter.wire.agent, agent])] };
      const { replies } = await rpc.ask(
        collective,
        rpcutil,
        'ping',
        {},
        { filter: wire, expected: [], timeoutS },
      );
      return { names: replies.map(({ identity }) => identity), filtered: 'all', given: false };
    },
  };
}
