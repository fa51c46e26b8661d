import type { z } from 'zod';

/**
 * What every plug-in has: the default export of one file. `name` equals the file's stem; the loader refuses otherwise.
 * `options` is a strictObject whose fields carry `.describe()` and a default, so that `{}` is always enough or says what is missing.
 */
export interface Plugin<O> {
  /** Wire and config name, e.g. `set_puppet_hostname`, `mailto`. */
  readonly name: string;
  /** One line without a full stop: for CLI, dashboard and docs. */
  readonly summary: string;
  readonly options: z.ZodType<O>;
}
