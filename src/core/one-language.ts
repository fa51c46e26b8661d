/**
 * For bundles: the file of zod that brings its messages in fifty languages, and what holds its place. Nobody asks for
 * another one here, and they are every third file of a command and memory of every node for good.
 */
export const ONE_LANGUAGE = {
  filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/,
  contents: "export { default as en } from './en.js';",
} as const;
