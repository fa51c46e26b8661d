/**
 * The only list of ways in which Muster fails. Each code says whether a retry may help, what it means and what the
 * person who reads it can do next. docs/errors.md is made from it.
 */
export const ERROR_CODES = {
  CONFIG_INVALID: {
    retryable: false,
    exit: 2,
    cause: 'A setting is unknown, missing or of the wrong type',
    next: 'Mend the file and key that the message names',
  },
  USAGE: {
    retryable: false,
    exit: 2,
    cause: 'The command line is wrong',
    next: 'See `muster COMMAND --help`',
  },
  NOT_FOUND: {
    retryable: false,
    exit: 1,
    cause: 'The named thing does not exist',
    next: 'List what there is, e.g. `muster runs`',
  },
  CONFLICT: {
    retryable: false,
    exit: 1,
    cause: 'Somebody else changed it first, or its state does not allow this',
    next: 'Look at it again, then decide',
  },
  PLUGIN_INVALID: {
    retryable: false,
    exit: 2,
    cause: 'A plug-in file does not have the shape of its kind',
    next: 'Mend the file that the message names',
  },
  REDIS_UNREACHABLE: {
    retryable: true,
    exit: 3,
    cause: 'Redis does not answer',
    next: 'Check `redis.url` and that Redis runs',
  },
  BROKER_UNREACHABLE: {
    retryable: true,
    exit: 3,
    cause: 'The broker does not answer',
    next: 'Check `broker.host`, `broker.port` and that RabbitMQ runs with STOMP over TLS',
  },
  BROKER_REFUSED: {
    retryable: false,
    exit: 3,
    cause: 'The broker refused the login, the permission or the destination',
    next: 'Run `muster broker setup`, and check the certificate',
  },
  SECURITY_REJECTED: {
    retryable: false,
    exit: 1,
    cause: 'A message was not signed by whom it says, expired, replayed or meant for another',
    next: 'Compare clocks and certificates of both ends',
  },
  ATTESTATION_REFUSED: {
    retryable: false,
    exit: 1,
    cause: 'A node could not prove that it may join',
    next: 'Read the reason code in the log of the controller',
  },
  NODE_UNREACHABLE: {
    retryable: true,
    exit: 1,
    cause: 'No answer from the node before the deadline',
    next: 'Check that the machine runs and reaches the broker',
  },
  NODE_LOCKED: {
    retryable: true,
    exit: 1,
    cause: 'Another run holds the lock of this node',
    next: 'Wait for that run, or `muster run show` it',
  },
  RPC_ABORTED: {
    retryable: true,
    exit: 2,
    cause: 'The action ran on the node and failed (reply status 1)',
    next: 'Read the message of the node',
  },
  RPC_UNKNOWN_ACTION: {
    retryable: false,
    exit: 2,
    cause: 'The node has no such agent or action (reply status 2)',
    next: 'Compare the versions of node and controller',
  },
  RPC_INVALID_DATA: {
    retryable: false,
    exit: 2,
    cause: 'Input or reply does not fit the DDL (reply status 3 or 4)',
    next: 'See the DDL of the agent in docs/agents.md',
  },
  RPC_DENIED: {
    retryable: false,
    exit: 2,
    cause: 'The node does not let this caller do this',
    next: 'Ask the node which line says so: `muster policy explain CALLER AGENT#ACTION NODE`',
  },
  AUDIT_FAILED: { retryable: true, exit: 2, cause: 'Node cannot write its audit', next: 'Check its disk' },
  RPC_FAILED: {
    retryable: true,
    exit: 2,
    cause: 'The node met an error that it did not expect (reply status 5)',
    next: 'Read the log of the daemon on the node',
  },
  NO_MASTER: {
    retryable: true,
    exit: 1,
    cause: 'No Puppet master answered that can serve this node',
    next: 'Start a master with the puppetca agent; check `muster masters`',
  },
  MASTER_UNREACHABLE: {
    retryable: true,
    exit: 1,
    cause: 'The Puppet Server did not answer',
    next: 'Check puppetserver on the master',
  },
  CSR_NOT_FOUND: {
    retryable: true,
    exit: 1,
    cause: 'The master has no signing request of this name',
    next: 'Retry from send_node_csr',
  },
  CSR_MISMATCH: {
    retryable: false,
    exit: 1,
    cause: 'The signing request or certificate on the master has another key than the node showed',
    next: 'Somebody else asked for this name: find out who before you retry from clean_node_certname',
  },
  CA_REFUSED: {
    retryable: false,
    exit: 1,
    cause: 'The Puppet CA refused',
    next: 'Read the message of the CA',
  },
  PUPPET_FAILED: {
    retryable: false,
    exit: 1,
    cause: 'The Puppet run ended with failures',
    next: 'Mend the manifest, then `muster run retry`',
  },
  PUPPET_TIMEOUT: {
    retryable: false,
    exit: 1,
    cause: 'The Puppet run did not end within its time',
    next: 'Find what hangs in the last lines, then `muster run retry`',
  },
  PUPPET_MISSING: {
    retryable: false,
    exit: 1,
    cause: 'Puppet is not installed on the node',
    next: 'Install puppet-agent in the image',
  },
  NODE_IO: {
    retryable: true,
    exit: 1,
    cause: 'The node could not read or write one of its files',
    next: 'Check disk and permissions on the node',
  },
  STEP_TIMEOUT: {
    retryable: true,
    exit: 1,
    cause: 'The step did not end within its time',
    next: 'See the timeline with `muster run show`',
  },
  RUN_EXPIRED: {
    retryable: false,
    exit: 1,
    cause: 'The run was not finished within its time',
    next: 'See the timeline with `muster run show`, then `muster run retry`',
  },
  NOTIFY_REJECTED: {
    retryable: false,
    exit: 1,
    cause: 'The service refused the notice for good',
    next: 'Check the recipient and the options of its notifier',
  },
  NOTIFY_UNREACHABLE: {
    retryable: true,
    exit: 1,
    cause: 'The service did not take the notice',
    next: 'It is sent again; check the service',
  },
  EC2_UNREACHABLE: {
    retryable: true,
    exit: 3,
    cause: 'EC2 does not answer',
    next: 'Check `ec2.endpoint`, region and network',
  },
  EC2_REFUSED: {
    retryable: false,
    exit: 1,
    cause: 'EC2 refused the call',
    next: "Read AWS's code in the message",
  },
  EC2_THROTTLED: { retryable: true, exit: 1, cause: 'EC2 asks to slow down', next: 'It is tried again' },
  LAB_UNSUPPORTED: {
    retryable: false,
    exit: 3,
    cause: 'The lab needs root on Debian with namespaces and overlay mounts',
    next: 'Use such a machine; nothing was touched',
  },
  LAB_FAILED: {
    retryable: false,
    exit: 1,
    cause: 'A part of the lab did not start',
    next: 'Read the log that the message names',
  },
  INTERNAL: { retryable: true, exit: 1, cause: 'A fault in Muster itself', next: 'Report it with the log' },
} as const;

/** One of the keys of {@link ERROR_CODES}. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** True when `value` is a known error code, e.g. one that came over the wire. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERROR_CODES, value);
}

/**
 * The only error class. Compare by `code`, never by message or class. `details` are extra lines for a person (last
 * lines of output, a list of problems), without secrets.
 */
export class MusterError extends Error {
  readonly code: ErrorCode;
  readonly details: readonly string[];

  constructor(code: ErrorCode, message: string, more: { cause?: unknown; details?: readonly string[] } = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'MusterError';
    this.code = code;
    this.details = more.details ?? [];
  }

  /** May the same thing work when it is tried again? */
  get retryable(): boolean {
    return ERROR_CODES[this.code].retryable;
  }
}

/** Any thrown value as a MusterError; what is not one becomes INTERNAL with the original as cause. */
export function asMusterError(thrown: unknown): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new MusterError('INTERNAL', message, { cause: thrown });
}
