import { parseArgs } from 'node:util';
import { DaemonConfig } from '../src/core/config/daemon.ts';
import type { Origins } from '../src/core/config/explain.ts';
import { loadConfig, pluginDirOf } from '../src/core/config/load.ts';
import { createLog } from '../src/core/create-log.ts';
import { ERROR_CODES } from '../src/core/error-codes.ts';
import { asMusterError } from '../src/core/errors.ts';
import { buildInfo } from './build-info.ts';
import { runDaemon } from './daemon.ts';

export { type DaemonContext, runDaemon } from './daemon.ts';

const USAGE = 'usage: muster-daemon [--config FILE] [--set KEY=VALUE]... | --version';

/** Runs the program. Gives the exit code: 0 stopped by a signal, 2 bad config or usage, else that of the error. */
async function main(): Promise<number> {
  try {
    const options = {
      config: { type: 'string', short: 'c' },
      set: { type: 'string', multiple: true },
      version: { type: 'boolean' },
    } as const;
    const { values } = parseArgs({ options, strict: true });
    if (values.version === true) {
      process.stdout.write(`${buildInfo().version}\n`);
      return 0;
    }
    const path = values.config ?? '/etc/muster/daemon.yaml';
    const origins: Origins = new Map();
    const sources = { path, env: process.env, flags: values.set ?? [], pluginD: true, origins };
    const config = await loadConfig(DaemonConfig, sources);
    await runDaemon(config, {
      origins,
      reload: (fresh) => loadConfig(DaemonConfig, { ...sources, origins: fresh }),
      pluginDir: pluginDirOf(path),
      signal: stopSignal(),
      log: createLog({ level: config.log.level, name: 'muster-daemon' }),
    });
    return 0;
  } catch (cause) {
    const { code, message } = asMusterError(cause);
    const isUsage =
      cause instanceof TypeError && 'code' in cause && String(cause.code).startsWith('ERR_PARSE_ARGS');
    process.stderr.write(isUsage ? `${message}\n${USAGE}\n` : `muster-daemon: ${code}: ${message}\n`);
    return isUsage ? 2 : ERROR_CODES[code].exit;
  }
}

/** SIGTERM and SIGINT stop the daemon cleanly; a second one ends it at once. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stop.abort(new Error(name)));
  return stop.signal;
}

if (import.meta.main) void main().then((code) => process.exit(code));
