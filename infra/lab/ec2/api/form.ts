import { badValue, Refusal } from '../refusal.ts';

/**
 * The parameters of one EC2 Query call. Lists arrive flat (`InstanceId.1`, `Filter.2.Value.1`), structures with dots.
 * *Source:* the `ec2Query` protocol of Smithy.
 */
export class Form {
  readonly #values: ReadonlyMap<string, string>;
  readonly #prefix: string;

  constructor(values: ReadonlyMap<string, string>, prefix = '') {
    this.#values = values;
    this.#prefix = prefix;
  }

  /** From an `application/x-www-form-urlencoded` body. */
  static parse(body: string): Form {
    return new Form(new Map(new URLSearchParams(body)));
  }

  text(name: string): string | undefined {
    return this.#values.get(this.#prefix + name);
  }

  /** @throws Refusal MissingParameter */
  required(name: string): string {
    const value = this.text(name);
    if (value === undefined || value === '') {
      throw new Refusal('MissingParameter', `The request must contain the parameter ${name}`);
    }
    return value;
  }

  /** @throws Refusal InvalidParameterValue */
  integer(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^-?\d{1,9}$/.test(value))
      throw badValue(`Value (${value}) for parameter ${name} is invalid. Expected an integer.`);
    return Number(value);
  }

  flag(name: string): boolean {
    return this.text(name) === 'true';
  }

  /** One of a few words, or undefined when absent. @throws Refusal InvalidParameterValue */
  oneOf<T extends string>(name: string, words: readonly T[]): T | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const known = words.find((word) => word === value);
    if (known === undefined) throw badValue(`Value (${value}) for parameter ${name} is invalid.`);
    return known;
  }

  /** `Name.1`, `Name.2`, … in order of their numbers. */
  list(name: string): string[] {
    return this.#numbers(name).map((number) => this.text(`${name}.${number}`) ?? '');
  }

  /** The structures `Name.1.*`, `Name.2.*`, … */
  children(name: string): Form[] {
    return this.#numbers(name).map((number) => this.child(`${name}.${number}`));
  }

  /** The structure `Name.*`. */
  child(name: string): Form {
    return new Form(this.#values, `${this.#prefix}${name}.`);
  }

  /** First parts of all names, e.g. `Filter`, `ImageId`. */
  roots(): Set<string> {
    return new Set([...this.#values.keys()].map((key) => key.split('.', 1)[0] ?? key));
  }

  /** Everything but the named parameters, in one order: equal for equal calls. */
  fingerprint(without: readonly string[]): string {
    const pairs = [...this.#values]
      .filter(([key]) => !without.includes(key))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return JSON.stringify(pairs);
  }

  #numbers(name: string): number[] {
    const start = `${this.#prefix}${name}.`;
    const numbers = new Set<number>();
    for (const key of this.#values.keys()) {
      if (!key.startsWith(start)) continue;
      const number = Number(key.slice(start.length).split('.', 1)[0]);
      if (Number.isInteger(number)) numbers.add(number);
    }
    return [...numbers].sort((a, b) => a - b);
  }
}
