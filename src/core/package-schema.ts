import { z } from 'zod';

/**
 * Name of a Debian package, with its architecture if need be. It never ends in a dash, which apt-get reads as "remove it".
 * *Source:* Debian policy 5.6.1.
 */
export const packageName = z
  .string()
  .max(90)
  .regex(
    /^[a-z0-9][a-z0-9+.-]*[a-z0-9+.](:[a-z0-9-]*[a-z0-9])?$/,
    'a name of a Debian package such as nginx or libc6:i386',
  );

/** Version of a Debian package. *Source:* Debian policy 5.6.12. */
export const packageVersion = z
  .string()
  .max(120)
  .regex(/^([0-9]+:)?[0-9][A-Za-z0-9.+~-]*$/, 'a version such as 1.22.1-9+deb12u1');
