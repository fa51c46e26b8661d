import { MusterError } from '../core/errors.ts';

/** Codes by which EC2 asks to slow down. *Source:* EC2 API reference, error codes; the SDK's own list. */
const THROTTLE_CODES: ReadonlySet<string> = new Set([
  ...['RequestLimitExceeded', 'Throttling', 'ThrottlingException', 'ThrottledException', 'RequestThrottled'],
  ...['RequestThrottledException', 'TooManyRequestsException', 'EC2ThrottledException', 'SlowDown'],
]);

/** The parts of an SDK error that say what happened. */
interface SdkError {
  readonly name: string;
  readonly message: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/**
 * What the SDK threw as a MusterError: EC2_THROTTLED, EC2_REFUSED (AWS's code leads the message) or EC2_UNREACHABLE
 * (no answer, or 5xx). A MusterError stays what it is. `what` says what was tried, e.g. `launch in eu-west-1`.
 */
export function ec2Error(thrown: unknown, what: string): MusterError {
  if (thrown instanceof MusterError) return thrown;
  const error = asSdkError(thrown);
  const message = `${what}: ${error.name}: ${error.message}`;
  if (THROTTLE_CODES.has(error.name)) return new MusterError('EC2_THROTTLED', message, { cause: thrown });
  const status = error.$metadata?.httpStatusCode;
  if (isRefusal(error.name, status)) return new MusterError('EC2_REFUSED', message, { cause: thrown });
  return new MusterError('EC2_UNREACHABLE', `${what}: ${error.message || error.name}`, { cause: thrown });
}

/** AWS's code behind an error of this folder, e.g. `InvalidInstanceID.NotFound`; undefined when AWS sent none. */
export function awsCode(error: unknown): string | undefined {
  if (!(error instanceof MusterError) || error.code === 'EC2_UNREACHABLE') return undefined;
  return error.cause === undefined ? undefined : asSdkError(error.cause).name;
}

function isRefusal(name: string, status: number | undefined): boolean {
  // Without credentials nothing is even sent; and want of capacity comes as 500, though EC2 understood the call well.
  if (name === 'CredentialsProviderError' || name.startsWith('Insufficient')) return true;
  return status !== undefined && status >= 400 && status < 500;
}

function asSdkError(thrown: unknown): SdkError {
  return thrown instanceof Error ? thrown : { name: 'Error', message: String(thrown) };
}
