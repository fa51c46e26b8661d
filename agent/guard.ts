import { join } from 'node:path';
import type { Authorize } from '../src/bus/dispatch.ts';
import type { Clock } from '../src/core/clock.ts';
import type { DaemonConfig } from '../src/core/config/daemon.ts';
import type { Log } from '../src/core/log.ts';
import type { NodeEvent } from '../src/core/messages.ts';
import { createAuditFile } from './audit/file.ts';
import { createGate } from './audit/gate.ts';
import { createRefusalNotes, type RefusalNotes } from './audit/refusals.ts';
import { type AuditArchive, createAuditArchive } from './audit/resend.ts';
import { type AuditSender, startAuditSender } from './audit/sender.ts';
import { buildInfo } from './build-info.ts';
import type { DataStore } from './data-store.ts';
import type { AnyAgent } from './host.ts';
import { createPolicies, type Policies } from './policies.ts';

/** Who may do what on this node, and the record of it. */
export interface Guard {
  readonly policies: Policies;
  /** Decides and records; the action runs only after that. */
  readonly authorize: Authorize;
  /** Records what was refused before it came to that. */
  readonly refused: RefusalNotes['refused'];
  /** null when lines are not sent to the controllers. */
  readonly archive: AuditArchive | null;
  /** Writes what waits. */
  close(): Promise<void>;
}

/** Policies and audit as the config says. Nothing is read or written before the first request. */
export function createGuard(wish: {
  readonly config: Pick<DaemonConfig, 'policies_dir' | 'policy' | 'audit' | 'state_dir'>;
  readonly identity: string;
  readonly agents: ReadonlyMap<string, AnyAgent>;
  readonly data: Pick<DataStore, 'value'>;
  readonly publish: (event: NodeEvent['event']) => Promise<void>;
  readonly clock: Clock;
  readonly log: Log;
}): Guard {
  const { config, identity, agents, data, publish, clock, log } = wish;
  const policies = createPolicies({
    dir: config.policies_dir,
    builtIn: buildInfo().policies,
    enableDefault: config.policy.enable_default,
    allowUnconfigured: config.policy.allow_unconfigured,
    node: { identity, agents },
    data: (call) => data.value(call),
    log,
  });
  const { file: path = join(config.state_dir, 'audit.log'), max_mb, keep, send } = config.audit;
  let sender: AuditSender | undefined;
  const audit = createAuditFile({
    ...{ path, keep, clock },
    maxBytes: max_mb * 1_000_000,
    onWritten: () => sender?.poke(),
  });
  const cursorFile = join(config.state_dir, 'audit.cursor');
  if (send) sender = startAuditSender({ path, keep, cursorFile, publish, log });
  const authorize = createGate({ policies, audit, ddlOf: (name) => agents.get(name)?.ddl, clock, log });
  const refusals = createRefusalNotes({ audit, log });
  return {
    policies,
    authorize,
    refused: refusals.refused,
    archive: send ? createAuditArchive({ path, keep, publish }) : null,
    async close() {
      refusals.flush();
      await audit.close();
      await sender?.stop();
    },
  };
}
