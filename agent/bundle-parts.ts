import type { Plugin } from 'esbuild';
import { ONE_LANGUAGE } from '../src/core/one-language.ts';

/** A file of a package and what the bundle holds in its place. */
interface Part {
  readonly filter: RegExp;
  readonly contents: string;
}

/**
 * What the daemon never uses of its packages, and what would cost every node memory for good: zod's messages in fifty
 * languages, and pino's threads (with Node's worker_threads), for the daemon writes its log by itself.
 */
const PARTS: readonly Part[] = [
  ONE_LANGUAGE,
  {
    filter: /[\\/]pino[\\/]lib[\\/]transport\.js$/,
    contents: "module.exports = () => { throw new Error('the daemon has no log transports'); };",
  },
];

/** Leaves them out of the bundle. Throws INTERNAL by way of esbuild when a package has no such file any more. */
export function withoutUnused(): Plugin {
  return {
    name: 'muster-without-unused',
    setup(build) {
      const met = new Set<Part>();
      for (const part of PARTS)
        build.onLoad({ filter: part.filter }, () => {
          met.add(part);
          return { contents: part.contents, loader: 'js' };
        });
      build.onEnd(() => ({
        errors: PARTS.filter((part) => !met.has(part)).map((part) => ({
          text: `no file matches ${part.filter}: see bundle-parts.ts`,
        })),
      }));
    },
  };
}
