import { MusterError } from '../../src/core/errors.ts';
import type { PuppetPaths } from './paths.ts';
import { applyResource, nameOf, type WantedResource } from './ral.ts';

const MAX_RESULT_CHARS = 8000;

/**
 * Lets Puppet make a resource so; gives its words, at most 8000 characters, and whether anything had to change. Throws
 * PROGRAM_FAILED with them when it could not be made so, and as {@link applyResource}.
 */
export async function makeResource(
  paths: PuppetPaths,
  wanted: WantedResource,
): Promise<{ result: string; changed: boolean }> {
  const { changed, failed, lines } = await applyResource(paths, wanted);
  const result = lines.join('\n').slice(0, MAX_RESULT_CHARS) || 'no output produced';
  if (failed) throw new MusterError('PROGRAM_FAILED', `Failed to apply ${nameOf(wanted)}: ${result}`);
  return { result, changed };
}
