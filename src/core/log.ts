import { type Logger, pino } from 'pino';
import { redactFields } from './redact.ts';

/** A structured log: static message, facts in fields, no secret in any of them. */
export type Log = Pick<Logger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal'> & {
  child(fields: Record<string, unknown>): Log;
};

/** From chatty to mute. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
/** One of {@link LOG_LEVELS}. */
export type LogLevel = (typeof LOG_LEVELS)[number];

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

/** A log that says nothing: for tests and one-shot commands. */
export const silentLog: Log = pino({ level: 'silent' });
