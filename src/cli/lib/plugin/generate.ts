import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DDL_SCHEMA_URL } from '../../../core/ddl-json/format.ts';
import { asMusterError, MusterError } from '../../../core/errors.ts';

/** Languages in which a first external agent can be written. */
export const LANGUAGES = ['python', 'sh'] as const;
/** One of {@link LANGUAGES}. */
export type Language = (typeof LANGUAGES)[number];

/** What is to be begun. */
export interface GenerateWish {
  readonly name: string;
  readonly actions: readonly string[];
  readonly language: Language;
  readonly dir: string;
}

const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * Writes the beginning of an external agent: its contract `<name>.json` and its program `<name>`, which answers every action.
 * Throws USAGE for a name that cannot be one, CONFLICT when a file is there already: then nothing is written over.
 * *Source:* Choria's external agent protocol.
 */
export async function generateAgent(wish: GenerateWish): Promise<string[]> {
  for (const name of [wish.name, ...wish.actions])
    if (!NAME.test(name))
      throw new MusterError('USAGE', `'${name}' is no name; expected lower case letters, digits and _`);
  const contract = join(wish.dir, `${wish.name}.json`);
  const program = join(wish.dir, wish.name);
  await mkdir(wish.dir, { recursive: true });
  await writeNew(contract, `${JSON.stringify(contractOf(wish), null, 2)}\n`);
  await writeNew(program, (wish.language === 'sh' ? shProgram : pythonProgram)(wish));
  await chmod(program, 0o755);
  return [contract, program];
}

async function writeNew(path: string, content: string): Promise<void> {
  await writeFile(path, content, { flag: 'wx' }).catch((cause: unknown) => {
    throw new MusterError('CONFLICT', `${path} cannot be written: ${asMusterError(cause).message}`, {
      cause,
    });
  });
}

function contractOf({ name, actions }: GenerateWish): object {
  const text = { prompt: 'Text', description: 'What is said', type: 'string', optional: true };
  return {
    $schema: DDL_SCHEMA_URL,
    metadata: {
      name,
      description: `What ${name} does, in one line`,
      author: 'You <you@example.org>',
      license: 'Apache-2.0',
      version: '0.1.0',
      url: `https://example.org/${name}`,
      timeout: 10,
      provider: 'external',
    },
    actions: actions.map((action) => ({
      action,
      description: `What ${action} does, in one line`,
      display: 'always',
      input: { text: { ...text, validation: '^[A-Za-z0-9 ]*$', maxlength: 80 } },
      output: { said: { description: 'What was said', display_as: 'Said', type: 'string', default: '' } },
    })),
  };
}

function pythonProgram({ actions }: GenerateWish): string {
  const functions = actions.map(
    (action) => `def ${action}(data):\n    return {"said": data.get("text", "")}\n`,
  );
  const table = actions.map((action) => `"${action}": ${action}`).join(', ');
  return `#!/usr/bin/env python3
"""External agent: reads a request from one file and writes the reply to another."""
import json
import os

ACTIVATION = "io.choria.mcorpc.external.v1.activation_request"


${functions.join('\n\n')}

ACTIONS = {${table}}


def answer(request):
    action = ACTIONS.get(request["action"])
    if action is None:
        return {"statuscode": 2, "statusmsg": "unknown action", "data": {}}
    try:
        return {"statuscode": 0, "statusmsg": "OK", "data": action(request["data"])}
    except Exception as error:  # the caller is told, the daemon goes on
        return {"statuscode": 1, "statusmsg": str(error), "data": {}}


def main():
    with open(os.environ["CHORIA_EXTERNAL_REQUEST"], encoding="utf-8") as file:
        request = json.load(file)
    if os.environ["CHORIA_EXTERNAL_PROTOCOL"] == ACTIVATION:
        reply = {"activate": True}
    else:
        reply = answer(request)
    with open(os.environ["CHORIA_EXTERNAL_REPLY"], "w", encoding="utf-8") as file:
        json.dump(reply, file)


main()
`;
}

/** A shell reads no JSON: the action is taken out by sed, and inputs are better left to another language. */
function shProgram({ actions }: GenerateWish): string {
  const cases = actions.map((action) => `  ${action}) reply 0 OK '{"said": "hello from ${action}"}' ;;`);
  return `#!/bin/sh
# External agent: reads a request from one file and writes the reply to another.
set -eu

reply() {
  printf '{"statuscode": %s, "statusmsg": "%s", "data": %s}\\n' "$1" "$2" "$3" >"$CHORIA_EXTERNAL_REPLY"
}

if [ "$CHORIA_EXTERNAL_PROTOCOL" = io.choria.mcorpc.external.v1.activation_request ]; then
  printf '{"activate": true}\\n' >"$CHORIA_EXTERNAL_REPLY"
  exit 0
fi

# What stands before the first { within is the daemon's word; inputs come after it.
case "$(sed -n 's/^{[^{]*"action": *"\\([a-z0-9_]*\\)".*/\\1/p' "$CHORIA_EXTERNAL_REQUEST")" in
${cases.join('\n')}
  *) reply 2 'unknown action' '{}' ;;
esac
`;
}
