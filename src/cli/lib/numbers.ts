import { MusterError } from '../../core/errors.ts';

/** Seconds as typed. Throws USAGE that names the option. Pure. */
export function seconds(option: string, text: string, { min = 0 } = {}): number {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value) || value < 0 || (min === 0 ? false : value < min))
    throw new MusterError(
      'USAGE',
      `${option} is '${text}'; expected ${min > 0 ? `seconds, at least ${min}` : 'seconds'}`,
    );
  return value;
}

/** A whole number from 1 on. Throws USAGE that names the option. Pure. */
export function count(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text))
    throw new MusterError('USAGE', `${option} is '${text}'; expected a number from 1 on`);
  return Number(text);
}

/** So many of a fleet: `10` or `10%`; a part is rounded up. Throws USAGE that names the option. Pure. */
export function share(option: string, text: string): (of: number) => number {
  const [, digits, percent] = /^(\d{1,9})(%?)$/.exec(text) ?? [];
  const value = Number(digits);
  if (digits === undefined || value === 0 || (percent === '%' && value > 100))
    throw new MusterError(
      'USAGE',
      `${option} is '${text}'; expected a number from 1 on, or a part such as 10%`,
    );
  return percent === '%' ? (of) => Math.ceil((of * value) / 100) : () => value;
}
