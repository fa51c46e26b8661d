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
  /**
   * The signed message inside one that was encrypted to this identity; one that came in clear is given back as it is.
   * Nothing of it is verified. Throws SECURITY_REJECTED.
   */
  unwrap(message: Uint8Array): { readonly signed: Uint8Array; readonly encrypted: boolean };
}

/** Encrypts a message so that only the holder of one verified certificate can read it. */
export type Encrypt = (message: Uint8Array) => Buffer;

/** What came out of a message whose signature holds. The payload still has to be checked against a schema. */
export interface Opened {
  readonly payload: unknown;
  readonly sender: Sender;
  /** SHA-256, hex, of the signed message: what a reply is bound to. */
  readonly sha256: string;
  /** To the sender: with the key of the certificate that was verified. */
  readonly encrypt: Encrypt;
}

/** Verifies messages against the collective CA. `open` throws SECURITY_REJECTED with a message that begins with a fixed reason word. */
export interface Opener {
  open(message: Uint8Array): Opened;
}

/** Remembers message ids until they expire. `seen` gives true when the id was there already, else remembers it. */
export interface ReplayCache {
  seen(id: string, expiresAtMs: number): boolean;
  /** Fulfilled when all ids so far would survive a power cut: to be waited for before what must not happen twice. Throws NODE_IO. */
  kept?(): Promise<void>;
}
