import { MusterError } from '../core/errors.ts';

/**
 * Texts of RabbitMQ's ERROR frames that mean "no, and not later either". Anything else (a broker that stops, an internal
 * error) may work when it is tried again. *Source:* RabbitMQ 3.10 rabbit_stomp_processor.erl, seen on the wire.
 */
const REFUSAL =
  /Bad CONNECT|Access refused|access_refused|not_found|not_allowed|precondition_failed|resource_locked|Authentication failure|Unsupported|Version mismatch|Invalid|Unknown destination|Missing/i;

/** Ends of a TLS handshake that another try does not mend: a certificate of one side is not taken by the other. */
const TLS_REFUSAL =
  /^(ERR_SSL_.*(ALERT|CERTIFICATE|UNKNOWN_CA|KEY_VALUES).*|ERR_TLS_CERT_ALTNAME_INVALID|SELF_SIGNED_CERT_IN_CHAIN|DEPTH_ZERO_SELF_SIGNED_CERT|UNABLE_TO_.*|CERT_.*|ERR_OSSL_.*)$/;

/** An ERROR frame as our error: BROKER_REFUSED with the broker's own words, or BROKER_UNREACHABLE when it went away. */
export function errorOfFrame(message: string, body: string): MusterError {
  const text = [message.trim(), body.trim()].filter((part) => part !== '').join(': ');
  return new MusterError(
    REFUSAL.test(text) ? 'BROKER_REFUSED' : 'BROKER_UNREACHABLE',
    `the broker says: ${text}`,
  );
}

/** What a socket or the protocol met, as our error. */
export function errorOfConnection(cause: unknown): MusterError {
  if (cause instanceof MusterError) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const message = cause instanceof Error ? cause.message : String(cause);
  return TLS_REFUSAL.test(code)
    ? new MusterError('BROKER_REFUSED', `TLS with the broker failed: ${code}: ${message}`, { cause })
    : new MusterError('BROKER_UNREACHABLE', `no connection to the broker: ${message}`, { cause });
}
