import type { Ddl } from './ddl.ts';
import { inputsOf } from './ddl-json/write.ts';

/**
 * What is missing in a contract although it would load: texts without a maximum length or without a pattern, which
 * let anything through to the code of the action. Pure. *Source:* MCollective's DDL, where both must be given.
 */
export function lintDdl(ddl: Ddl): string[] {
  return Object.entries(ddl.actions).flatMap(([action, { input }]) =>
    Object.entries(inputsOf(input)).flatMap(([name, { type, maxlength, validation }]) => {
      const where = `${ddl.name}#${action}: input ${name}`;
      if (type !== 'string') return [];
      return [
        ...(maxlength === undefined || maxlength === 0 ? [`${where} has no maximum length`] : []),
        ...(validation === undefined || validation === '.*' ? [`${where} has no pattern`] : []),
      ];
    }),
  );
}
