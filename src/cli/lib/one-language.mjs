import { registerHooks } from 'node:module';

const LOCALES = /\/zod\/v4\/locales\/index\.js$/;

/**
 * Lets zod load its messages in English and not in fifty more languages, which nobody asks for here: that is every third
 * file of a command, and each of them takes its time. The same is left out of the daemon's bundle. Never throws; should
 * zod move the file, a command is slower and nothing else.
 */
export function loadOneLanguage() {
  registerHooks({
    load: (url, context, nextLoad) =>
      LOCALES.test(url)
        ? { format: 'module', source: "export { default as en } from './en.js';", shortCircuit: true }
        : nextLoad(url, context),
  });
}
