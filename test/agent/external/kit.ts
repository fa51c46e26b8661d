import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { AgentHost, AnyAgent } from '../../../agent/host.ts';
import { dispatch, type Outcome } from '../../../src/bus/dispatch.ts';
import type { Log } from '../../../src/core/log.ts';
import { silentLog } from '../../../src/core/log.ts';

/** A contract whose only action is `say`, with what a test wants otherwise. */
export function contract(name: string, { metadata = {}, input = {}, output = {} } = {}): string {
  const about = { description: 'd', author: 'a', license: 'l', version: '1.0.0', url: 'https://example.org' };
  const said = { description: 'What was said', display_as: 'Said', type: 'string', default: 'nothing' };
  const text = {
    prompt: 'Text',
    description: 'Text',
    type: 'string',
    validation: '^[a-z ]+$',
    maxlength: 20,
  };
  return JSON.stringify({
    metadata: { name, ...about, timeout: 5, provider: 'external', ...metadata },
    actions: [
      {
        ...{ action: 'say', description: 'Says it', display: 'always' },
        input: { text: { ...text, optional: true }, ...input },
        output: { said, ...output },
      },
    ],
  });
}

/** A shell program of the protocol: serves, and answers an action by this script. */
export function program(script: string, activation = `echo '{"activate": true}' >"$CHORIA_EXTERNAL_REPLY"`) {
  return `#!/bin/sh
case $CHORIA_EXTERNAL_PROTOCOL in
*activation_request) ${activation}; exit ;;
esac
reply() { printf '%s' "$1" >"$CHORIA_EXTERNAL_REPLY"; }
${script}
`;
}

/** Lays files into a folder; programs, which begin with `#!`, can be run. */
export async function lay(dir: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(files)) {
    const path = join(dir, file);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
  }
}

/** What a log was told: level, message, fields. */
export type Line = readonly [level: string, message: string, fields: Record<string, unknown>];

/** A log that keeps its lines. */
export function keptLog(): { log: Log; lines: Line[] } {
  const lines: Line[] = [];
  const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const;
  const tell = (level: string) => (fields: Record<string, unknown>, message: string) =>
    void lines.push([level, message, fields]);
  const log: Log = Object.assign(
    Object.create(silentLog),
    Object.fromEntries(levels.map((level) => [level, tell(level)])),
  );
  Object.assign(log, { child: () => log });
  return { log, lines };
}

/** Calls `say` as the server of the bus does, without a bus and without a policy. */
export function say(
  agents: ReadonlyMap<string, AnyAgent>,
  name: string,
  data: Record<string, unknown>,
  { host, log = silentLog, signal = new AbortController().signal }: CallOptions,
): Promise<Outcome> {
  const stamp = { v: 1, typ: 'request', iat_ms: 1_700_000_000_000, ttl_s: 60 } as const;
  const filter = { identity: [], agent: [], class: [], fact: [], compound: [] };
  const request = {
    ...{ ...stamp, id: 'ab'.repeat(16), aud: 'all', collective: 'production', agent: name, action: 'say' },
    ...{ data, filter, session: '0'.repeat(16) },
  } as const;
  const admitted = { request, sender: { name: 'alice', role: 'operator' }, encrypted: true } as const;
  const unused = { sha256: '', expiresAtMs: 0, encrypt: () => Buffer.alloc(0) };
  const bound = new Map([...agents].map(([agent, it]) => [agent, it] as const));
  return dispatch(
    { ...admitted, ...unused },
    {
      ...{ agents: () => bound, host, facts: () => ({}), classes: () => [], authorize: () => undefined },
      ...{ log, signal },
    },
  );
}

interface CallOptions {
  readonly host: AgentHost;
  readonly log?: Log;
  readonly signal?: AbortSignal;
}
