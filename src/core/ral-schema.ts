import { z } from 'zod';

const MAX_PROPERTIES = 50;
const value = z
  .string()
  .max(4096)
  .regex(/^[\t\n\r\P{Cc}]*$/u, 'text without control characters');

/** Type of a Puppet resource, as in `puppet resource TYPE`. */
export const ralType = z
  .string()
  .max(50)
  .regex(/^[a-z][a-z0-9_]*(::[a-z][a-z0-9_]*)*$/, 'a type of resource in lower case, e.g. user')
  .describe('Type of the resource, e.g. user')
  .meta({ prompt: 'Type' });

/** Title of a Puppet resource. */
export const ralTitle = z
  .string()
  .min(1)
  .max(250)
  .regex(/^[^\p{C}]+$/u, 'one line of text')
  .describe('Name of the resource')
  .meta({ prompt: 'Name' });

/** Properties of a Puppet resource; Puppet makes numbers and booleans of their texts. */
export const ralProperties = z
  .record(
    z
      .string()
      .max(60)
      .regex(/^[a-z][a-z0-9_]*$/),
    z.union([value, z.array(value).max(100)]),
  )
  .refine((given) => Object.keys(given).length <= MAX_PROPERTIES, `at most ${MAX_PROPERTIES} properties`)
  .describe('Properties as they should be, e.g. ensure: present');
