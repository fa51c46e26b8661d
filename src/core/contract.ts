/** What every contract says of itself, of an agent or of a data plug-in. *Source:* the metadata of MCollective's DDL. */
export interface ContractHead {
  /** Wire name, lower case with underscores; the file is `<name>.ddl.ts`. */
  readonly name: string;
  readonly description: string;
  readonly version: string;
  readonly author: string;
  readonly license: string;
  readonly url: string;
  /** Seconds that one call or look may take before the node gives it up. */
  readonly timeoutS: number;
}

/** What Muster's own contracts have in common. */
export const OF_MUSTER = {
  author: 'Muster',
  license: 'Apache-2.0',
  url: 'https://example.org/muster',
} as const;
