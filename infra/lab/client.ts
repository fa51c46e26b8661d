import { request } from 'node:http';
import { isErrorCode, MusterError } from '../../src/core/errors.ts';
import type { CodeChange } from './code.ts';
import type { LabStatusBody } from './control.ts';
import { labPaths } from './layout.ts';
import type { MasterStatus } from './masters.ts';
import type { CommandResult } from './process.ts';
import type { RecordedMessage } from './services/prosody.ts';
import type { RecordedMail } from './services/smtp.ts';

/** What a master or a service can be made to do; `crash` gives it no time to end well. */
type PowerAction = 'stop' | 'crash' | 'start';

/** Commands to a running lab. All throw NOT_FOUND when no lab runs, and the error of the lab otherwise. */
export interface LabClient {
  status(): Promise<LabStatusBody>;
  /** Mails that the sink took, oldest first. */
  mails(): Promise<RecordedMail[]>;
  /** Chat and room messages that went through Prosody, oldest first. */
  messages(): Promise<RecordedMessage[]>;
  /** Makes one more Puppet Server with a CA of its own; returns when it is warm and its daemon started. */
  addMaster(spec: { name: string; region: string; country: string }): Promise<MasterStatus>;
  removeMaster(name: string): Promise<void>;
  powerMaster(name: string, action: PowerAction): Promise<void>;
  /** `redis`, `rabbitmq`, `prosody`, `smtp`, `mirror`, `ec2`. */
  powerService(name: string, action: PowerAction): Promise<void>;
  /** Changes a file of Puppet code on all masters. */
  changeCode(change: CodeChange): Promise<void>;
  /** Runs a command as root in a box: an instance (by id) or a master (by short name). */
  exec(
    name: string,
    argv: readonly string[],
    options?: { input?: string; timeoutS?: number },
  ): Promise<CommandResult>;
  /** Ends the lab. */
  shutdown(): Promise<void>;
}

/** Speaks to the lab in `stateDir` over its control socket. */
export function labClient(stateDir: string): LabClient {
  const { controlSocket } = labPaths(stateDir);
  const call = <T>(method: string, path: string, body?: unknown) => ask<T>(controlSocket, method, path, body);
  return {
    status: () => call('GET', '/status'),
    mails: () => call('GET', '/mails'),
    messages: () => call('GET', '/messages'),
    addMaster: (spec) => call('POST', '/masters', spec),
    removeMaster: (name) => call('DELETE', `/masters?name=${encodeURIComponent(name)}`),
    powerMaster: (name, action) => call('POST', '/masters/power', { name, action }),
    powerService: (name, action) => call('POST', '/services/power', { name, action }),
    changeCode: (change) => call('POST', '/code', change),
    exec: (name, argv, options = {}) => call('POST', '/box/exec', { name, argv, ...options }),
    shutdown: () => call('POST', '/shutdown'),
  };
}

function ask<T>(socketPath: string, method: string, path: string, body: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, method, path, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString());
        if (response.statusCode === 200) resolve(parsed as T);
        else reject(remoteError(parsed as Partial<RemoteError>));
      });
    });
    outgoing.on('error', (cause) =>
      reject(new MusterError('NOT_FOUND', `no lab answers at ${socketPath}`, { cause })),
    );
    outgoing.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

interface RemoteError {
  code: string;
  message: string;
  details: string[];
}

function remoteError({
  code,
  message = 'the lab answered nonsense',
  details = [],
}: Partial<RemoteError>): MusterError {
  return new MusterError(isErrorCode(code) ? code : 'LAB_FAILED', message, { details });
}
