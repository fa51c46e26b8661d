import { pino } from 'pino';
import type { Log, LogLevel } from './log.ts';
import { redactFields } from './redact.ts';

/**
 * JSON lines on `stream` (standard error by default), one a message, times as ISO 8601 in UTC. What is secret by its name
 * or form never gets there, however deep it lies in a field.
 */
export function createLog(options: { level: LogLevel; name: string; stream?: NodeJS.WritableStream }): Log {
  return pino(
    {
      level: options.level,
      base: { name: options.name },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redactFields },
      // Errors are plain by then.
      serializers: { err: (value: unknown) => value },
      // The fields of a child never come by the formatter.
      redact: {
        paths: ['token', 'password', 'document', 'key', '*.token', '*.password', '*.document', '*.key'],
        censor: '[redacted]',
      },
    },
    options.stream ?? process.stderr,
  );
}
