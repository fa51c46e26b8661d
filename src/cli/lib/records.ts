import { type AuditStore, createAuditStore } from '../../controller/audit.ts';
import { type Commands, createCommands } from '../../controller/commands.ts';
import { createRecords, type Records } from '../../controller/records.ts';
import { openRedis, type RedisDoor } from '../../controller/redis.ts';
import { openRuns } from '../../controller/runs.ts';
import { systemClock } from '../../core/clock.ts';
import type { ControllerConfig } from '../../core/config/controller.ts';
import { silentLog } from '../../core/log.ts';

/** The runs, for reading and for operators' commands. */
export interface RecordsDoor extends Records, Commands {
  close(): Promise<void>;
}

/** Opens the runs in Redis. Throws REDIS_UNREACHABLE within a few seconds. */
export async function openRecords(config: ControllerConfig): Promise<RecordsDoor> {
  const door = await openReady(config);
  const runs = openRuns(door, { keepDays: config.runs.keep_days, log: silentLog });
  const close = async (): Promise<void> => {
    await runs.close();
    await door.close();
  };
  return { ...createRecords(runs), ...createCommands({ door, runs, config, clock: systemClock }), close };
}

/** Opens what nodes told of their audit. Throws REDIS_UNREACHABLE within a few seconds. */
export async function openAudit(
  config: ControllerConfig,
): Promise<Pick<AuditStore, 'find' | 'chains' | 'linesOf'> & { close(): Promise<void> }> {
  const door = await openReady(config);
  const { find, chains, linesOf } = createAuditStore(door, config);
  return { find, chains, linesOf, close: () => door.close() };
}

async function openReady(config: ControllerConfig): Promise<RedisDoor> {
  const door = await openRedis(config.redis, silentLog);
  try {
    await door.ready();
    return door;
  } catch (error) {
    await door.close();
    throw error;
  }
}
