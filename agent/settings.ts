import { MusterError } from '../src/core/errors.ts';
import type { AgentHost } from './host.ts';

type Settings = Pick<AgentHost, 'config'>;

const TRUE = ['true', 'yes', '1'];
const FALSE = ['false', 'no', '0'];

/** A setting that is true or false. Throws CONFIG_INVALID that names it. */
export function flagSetting({ config }: Settings, name: string, fallback: boolean): boolean {
  const text = config.settings[name]?.trim().toLowerCase();
  if (text === undefined) return fallback;
  if (TRUE.includes(text)) return true;
  if (FALSE.includes(text)) return false;
  throw new MusterError('CONFIG_INVALID', `settings.${name} is '${text}'; expected true or false`);
}

/** A setting that is a whole number of at least 0. Throws CONFIG_INVALID that names it. */
export function numberSetting({ config }: Settings, name: string, fallback: number): number {
  const text = config.settings[name]?.trim();
  if (text === undefined) return fallback;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new MusterError('CONFIG_INVALID', `settings.${name} is '${text}'; expected a whole number`);
}

/** A setting that is a list with commas, or null when it is not set. */
export function listSetting({ config }: Settings, name: string): readonly string[] | null {
  const text = config.settings[name];
  if (text === undefined) return null;
  const words = text.split(',').map((word) => word.trim());
  return words.filter((word) => word !== '');
}
