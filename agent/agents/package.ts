import type { Agent } from '../../src/core/agent.ts';
import { asMusterError, MusterError } from '../../src/core/errors.ts';
import { exists } from '../files.ts';
import type { AgentHost } from '../host.ts';
import {
  aptGet,
  aptUpdate,
  checkKnown,
  isBroken,
  outdated,
  type PackageState,
  packageState,
} from '../system/apt.ts';
import { package as ddl } from './package.ddl.ts';

/** Packages, where there is apt. *Source:* the package agent of MCollective's plug-ins. */
const agent: Agent<typeof ddl, AgentHost> = {
  ddl,
  activate: () => exists('/usr/bin/apt-get'),
  actions: {
    status: ({ package: name }, { signal }) => packageState(name, signal),

    install: ({ package: name, version }, { signal }) =>
      inTurn(signal, async () => {
        const before = await packageState(name);
        const there = before.version !== null && (version === undefined || version === before.version);
        if (there) return isBroken(before) ? repaired(before) : unchanged(before);
        await checkKnown(name, signal);
        const target = version === undefined ? name : `${name}=${version}`;
        // Somebody who names a version means it, be it older or held back.
        const freely = version === undefined ? [] : ['--allow-downgrades', '--allow-change-held-packages'];
        return changed(before, await aptGet(['install', ...freely], target));
      }),

    update: ({ package: name }, { signal }) =>
      inTurn(signal, async () => {
        const before = await packageState(name);
        if (before.version === null)
          throw new MusterError('CONFLICT', `${name} is not installed here: there is nothing to update`);
        await checkKnown(name, signal);
        return changed(before, await aptGet(['install', '--only-upgrade'], name));
      }),

    uninstall: ({ package: name }, { signal }) =>
      inTurn(signal, async () => {
        const before = await packageState(name);
        return before.version === null ? unchanged(before) : changed(before, await aptGet(['remove'], name));
      }),

    purge: ({ package: name }, { signal }) =>
      inTurn(signal, async () => {
        const before = await packageState(name);
        if (before.ensure === 'purged') return unchanged(before);
        return changed(before, await aptGet(['purge'], name));
      }),

    apt_update: (_input, { signal }) =>
      inTurn(signal, async () => {
        const { output, exitcode } = await aptUpdate();
        return { output, exitcode: exitcode ?? 0 };
      }),

    async checkupdates(_input, { signal }) {
      const { packages, exitcode } = await outdated(signal);
      return { package_manager: 'apt', outdated_packages: packages, count: packages.length, exitcode };
    },
  },
};

/** The `package` agent. */
export default agent;

type Change = PackageState & { readonly before: string; readonly changed: boolean; readonly output: string };

let turn: Promise<unknown> = Promise.resolve();

/**
 * One change after the other: looking, changing and looking again belong together, and dpkg's lock covers the middle alone.
 * Whose time is over before its turn comes changes nothing any more.
 */
function inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const next = turn.then(() => {
    signal.throwIfAborted();
    return work();
  });
  turn = next.catch(() => undefined);
  return next;
}

function unchanged(state: PackageState): Change {
  return { ...state, before: state.ensure, changed: false, output: '' };
}

/**
 * apt sets up what is not, when it is asked to install the very version that is there. Of one that is there only half it has to fetch an
 * archive, be it a newer one. Throws PROGRAM_FAILED that names the state.
 */
async function repaired(before: PackageState): Promise<Change> {
  const { name, version, state } = before;
  const target = state.startsWith('half-installed') ? name : `${name}=${version}`;
  const end = await aptGet(['install'], target).catch((cause: unknown) => {
    const { code, message, details } = asMusterError(cause);
    throw new MusterError(code, `${name} is ${state}: ${message}`, { details, cause });
  });
  const change = await changed(before, end);
  if (!isBroken(change)) return change;
  throw new MusterError(
    'PROGRAM_FAILED',
    `${name} is ${change.state} still, and apt-get found nothing to do`,
  );
}

async function changed(before: PackageState, { output }: { readonly output: string }): Promise<Change> {
  const now = await packageState(before.name);
  return {
    ...now,
    before: before.ensure,
    changed: now.ensure !== before.ensure || now.state !== before.state,
    output,
  };
}
