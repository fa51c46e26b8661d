import type { Role } from './names.ts';

/** Who signed a message, computed from the verified certificate and never read from a field. */
export interface Sender {
  /** Common name: the identity of a node, the name of a caller. */
  readonly name: string;
  readonly role: Role;
}

/** Signs messages as one identity. */
export interface Sealer {
  readonly name: string;
  seal(payload: Readonly<Record<string, unknown>>): Buffer;
}

/** What came out of a message whose signature holds. The payload still has to be checked against a schema. */
export interface Opened {
  readonly payload: unknown;
  readonly sender: Sender;
  /** SHA-256, hex, of the message as it arrived: what a reply is bound to. */
  readonly sha256: string;
}

/** Verifies messages against the collective CA. `open` throws SECURITY_REJECTED with a message that begins with a fixed reason word. */
export interface Opener {
  open(message: Uint8Array): Opened;
}

/** Remembers message ids until they expire. `seen` gives true when the id was there already, else remembers it. */
export interface ReplayCache {
  seen(id: string, expiresAtMs: number): boolean;
}
