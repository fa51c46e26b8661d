import type { Agent } from '../../src/core/agent.ts';
import { compileRegex } from '../../src/core/regex.ts';
import { exists } from '../files.ts';
import type { AgentHost } from '../host.ts';
import { readProcesses } from '../process/proc.ts';
import { findUsers } from '../users.ts';
import { process } from './process.ddl.ts';

/** Processes, on Linux. Nothing is ever sent to them. */
const agent: Agent<typeof process, AgentHost> = {
  ddl: process,
  activate: () => exists('/proc/self/stat'),
  actions: {
    async list({ pattern, user, just_zombies, limit }) {
      const fits = pattern === undefined ? () => true : compileRegex(pattern);
      const all = await readProcesses();
      const users = await findUsers([...new Set(all.map(({ uid }) => uid))]);
      const names = new Map(users.map(({ uid, name }) => [uid, name]));
      const found = all.filter(
        ({ uid, state, name, command }) =>
          (user === undefined || user === names.get(uid) || user === String(uid)) &&
          (!just_zombies || state === 'Z') &&
          (fits(name) || fits(command)),
      );
      const pslist = found
        .sort((a, b) => a.pid - b.pid)
        .slice(0, limit)
        .map(({ uid, ...rest }) => ({ ...rest, user: names.get(uid) ?? String(uid) }));
      return { pslist, count: found.length };
    },
  },
};

/** Processes of the node. */
export default agent;
