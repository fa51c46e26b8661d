import { type AuditStore, createAuditStore } from '../../src/controller/audit.ts';
import { createOperations, type Operations } from '../../src/controller/operations.ts';
import type { RedisDoor } from '../../src/controller/redis.ts';
import { systemClock } from '../../src/core/clock.ts';
import { testConfig } from './run-fakes.ts';

/** The audit of a controller called `controller`, in the store of this door. */
export function controllerAudit(door: RedisDoor): { operations: Operations; store: AuditStore } {
  const store = createAuditStore(door, testConfig());
  const operations = createOperations({ store, name: 'controller', role: 'controller', clock: systemClock });
  return { operations, store };
}
