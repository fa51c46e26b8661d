import { MusterError } from '../../core/errors.ts';

/** Eleven days. Node's timers, in milliseconds, go to 24. */
const MAX_S = 999_999;
const DECIMAL = /^\d+(\.\d+)?$/;
const WHOLE = /^\d+$/;

/** Seconds as typed, from `min` to `max`; `whole`: without a part. Throws USAGE that names option, value and bounds. Pure. */
export function seconds(
  option: string,
  text: string,
  { min = 0, max = MAX_S, whole = false }: { min?: number; max?: number; whole?: boolean } = {},
): number {
  const value = Number(text);
  if ((whole ? WHOLE : DECIMAL).test(text) && value >= min && value <= max) return value;
  throw new MusterError(
    'USAGE',
    `${option} is '${text}'; expected ${whole ? 'whole seconds' : 'seconds'} from ${min} to ${max}`,
  );
}

const MAX_COUNT = 999_999_999;

/** A whole number from 1 on. Throws USAGE that names option, value and bounds. Pure. */
export function count(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new MusterError('USAGE', `${option} is '${text}'; expected a whole number from 1 to ${MAX_COUNT}`);
  return Number(text);
}

/** So many of a fleet: `10` or `10%`; a part is rounded up. Throws USAGE that names option, value and bounds. Pure. */
export function share(option: string, text: string): (of: number) => number {
  const [, digits, percent] = /^(\d{1,9})(%?)$/.exec(text) ?? [];
  const value = Number(digits);
  if (digits === undefined || value === 0 || (percent === '%' && value > 100))
    throw new MusterError(
      'USAGE',
      `${option} is '${text}'; expected a whole number from 1 to ${MAX_COUNT}, or a part from 1% to 100%`,
    );
  return percent === '%' ? (of) => Math.ceil((of * value) / 100) : () => value;
}
