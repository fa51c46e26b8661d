import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { externalFinder } from '../../../../src/cli/lib/discovery/external.ts';
import { readFilter } from '../../../../src/cli/lib/filter-texts.ts';
import { placeWith } from './discovery-place.ts';

/** A program with these lines, and its folder. */
async function program(...lines: string[]): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-discover-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'discover'), `${['#!/bin/sh', ...lines].join('\n')}\n`, { mode: 0o755 });
  return dir;
}

async function find(
  command: string,
  more: { waitS?: number; filter?: object; options?: object } = {},
): Promise<readonly string[]> {
  const finder = externalFinder({
    ...{ collective: 'mcollective', agent: 'rpcutil', waitS: more.waitS ?? null },
    filter: readFilter(more.filter ?? {}),
    options: { command, ...more.options },
  });
  return (await finder.find(placeWith().place)).names;
}

const REPLY = 'io.choria.choria.discovery.v1.external_reply';
const says = (json: string) => `echo '${json}' >"$CHORIA_EXTERNAL_REPLY"`;

it('a program gets its arguments, the request in a file, and four variables, and names the nodes', async () => {
  const dir = await program(
    'cp "$CHORIA_EXTERNAL_REQUEST" "$(dirname "$0")/request"',
    'echo "$1" "$4" "$(env | cut -d= -f1 | sort | tr "\\n" " ")" >"$(dirname "$0")/seen"',
    '[ "$2" = "$CHORIA_EXTERNAL_REQUEST" ] && [ "$3" = "$CHORIA_EXTERNAL_REPLY" ] || exit 3',
    says(`{"protocol":"${REPLY}","nodes":["web2","db1"]}`),
  );
  const filter = { withFact: ['role=web'], withClass: ['apache'], select: ['a or b'] };
  expect(await find(`'${dir}/discover' "an argument"`, { filter, options: { site: 'de' } })).toEqual([
    'web2',
    'db1',
  ]);
  const request = JSON.parse(await readFile(join(dir, 'request'), 'utf8'));
  expect(request).toEqual({
    $schema: 'https://choria.io/schemas/choria/discovery/v1/external_request.json',
    protocol: 'io.choria.choria.discovery.v1.external_request',
    ...{ timeout: 10, collective: 'mcollective', options: { site: 'de' } },
    filter: {
      ...{ identity: [], agent: ['rpcutil'], cf_class: ['apache'], compound: [[{ expr: 'a or b' }]] },
      fact: [{ fact: 'role', operator: '==', value: 'web' }],
    },
  });
  const seen = await readFile(join(dir, 'seen'), 'utf8');
  expect(seen).toMatch(/^an argument io\.choria\.choria\.discovery\.v1\.external_request /);
  for (const name of ['REQUEST', 'REPLY', 'PROTOCOL']) expect(seen).toContain(`CHORIA_EXTERNAL_${name} `);
  expect(seen).not.toContain('HOME ');
});

it.each([
  ['exit 7', 'ended with exit code 7'],
  ['sleep 20', 'did not end within 1 s; give it more with --dt'],
  ['true', 'gave a reply that is no JSON'],
  [says('{"protocol":"x","nodes":[]}'), 'gave a reply whose protocol is wrong'],
  [says(`{"protocol":"${REPLY}","error":"no inventory"}`), 'says: no inventory'],
  [says(`{"protocol":"${REPLY}","nodes":["WEB 1"]}`), "'WEB 1' is no name of a node"],
])('a program that does %j is told apart', async (line, message) => {
  const dir = await program(line);
  await expect(find(`${dir}/discover`, { waitS: 1 })).rejects.toThrow(message);
});

it('a program that is not there is named', async () => {
  await expect(find('/nonexistent/discover')).rejects.toMatchObject({
    code: 'USAGE',
    message: expect.stringContaining('the discovery program /nonexistent/discover does not run: '),
  });
});
