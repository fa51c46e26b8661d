import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MusterError } from '../src/core/errors.ts';
import { identityName, word } from '../src/core/names.ts';
import { readIfThere, writeAtomic } from './files.ts';

/** What an attested node knows of itself across restarts (`STATE/state.json`). It decides where the daemon goes on. */
export const NodeState = z.strictObject({
  v: z.literal(1),
  /** Instance that the keys were made on. Another id now means: an image of a provisioned node was booted. */
  instance_id: z.string().min(1),
  certname: identityName,
  /** The controller's answer; null while the daemon still says hello. */
  accepted: z.strictObject({ identity: identityName, collective: word, run: z.string() }).nullable(),
  lock: z.strictObject({ owner: z.string(), at_ms: z.number().int() }).nullable(),
  disabled: z.boolean(),
  /** Collective after provisioning; null: that of the config. */
  production: word.nullable(),
  /** Where the signing request was sent: there the certificate is fetched. */
  puppet_server: z.strictObject({ server: z.string(), port: z.number().int() }).nullable(),
});
export type NodeState = z.output<typeof NodeState>;

/** The node's state on disk, with the last one written in memory. */
export interface StateStore {
  get(): NodeState;
  /** Writes the changed fields before it resolves, one writer after the other. Throws NODE_IO. */
  update(change: Partial<NodeState> | ((now: NodeState) => Partial<NodeState>)): Promise<NodeState>;
}

/** A state in which nothing has happened yet. */
export function freshState(instanceId: string, certname: string): NodeState {
  const nothing = { accepted: null, lock: null, disabled: false, production: null, puppet_server: null };
  return { v: 1, instance_id: instanceId, certname, ...nothing };
}

/** Reads the state of a folder; null when there is none. Throws NODE_IO when it is there and makes no sense. */
export async function readState(stateDir: string): Promise<NodeState | null> {
  const path = stateFile(stateDir);
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return NodeState.parse(JSON.parse(text));
  } catch (cause) {
    // Not taken for "no state": that would wipe the keys of a provisioned node.
    throw new MusterError(
      'NODE_IO',
      `${path} makes no sense; mend it, or remove it to provision the node anew`,
      { cause },
    );
  }
}

/** Writes a first state and gives the store of it. Throws NODE_IO. */
export async function createStateStore(stateDir: string, first: NodeState): Promise<StateStore> {
  let state = first;
  let last: Promise<unknown> = Promise.resolve();
  await mkdir(stateDir, { recursive: true, mode: 0o700 });
  await writeState(stateDir, state);
  return {
    get: () => state,
    update(change) {
      const next = last.then(async () => {
        const changed = { ...state, ...(typeof change === 'function' ? change(state) : change) };
        await writeState(stateDir, changed);
        state = changed;
        return changed;
      });
      last = next.catch(() => undefined);
      return next;
    },
  };
}

/** Forgets the state: the next start begins from nothing. */
export async function removeState(stateDir: string): Promise<void> {
  await rm(stateFile(stateDir), { force: true });
}

function stateFile(stateDir: string): string {
  return join(stateDir, 'state.json');
}

function writeState(stateDir: string, state: NodeState): Promise<void> {
  return writeAtomic(stateFile(stateDir), `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 });
}
