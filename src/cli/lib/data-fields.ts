import { asMusterError, MusterError } from '../../core/errors.ts';
import type { Expression } from '../../core/filter/ast.ts';
import { dataCalls } from '../../core/filter/evaluate.ts';
import { amongKnown } from '../../core/nearest.ts';

/**
 * Does each data plug-in of a filter say what it is asked for? Else no node would ever fit, and nobody would be told why. A plug-in
 * that Muster does not know may be a site's own, so it passes. Throws USAGE that names what there is. *Source:* MCollective checks
 * the outputs of data functions against their DDL before anything is sent.
 */
export async function checkDataFields(expression: Expression): Promise<void> {
  const calls = dataCalls(expression);
  if (calls.length === 0) return;
  const { loadDataDdl } = await import('./ddls.ts');
  for (const { name, field } of calls) {
    const ddl = await loadDataDdl(name).catch((thrown: unknown) => {
      if (asMusterError(thrown).code === 'NOT_FOUND') return null;
      throw thrown;
    });
    if (ddl === null || Object.hasOwn(ddl.output.shape, field)) continue;
    const known = Object.keys(ddl.output.shape);
    throw new MusterError(
      'USAGE',
      `the data plug-in ${name} has no '${field}'${amongKnown(field, known, 'it has')}`,
    );
  }
}
