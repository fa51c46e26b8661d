import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import type { FilterOptions } from '../../../../src/cli/lib/ask-options.ts';
import { type Discovered, discover } from '../../../../src/cli/lib/discovery/discover.ts';
import type { Wanted } from '../../../../src/cli/lib/discovery/finder.ts';
import { chooseFinder } from '../../../../src/cli/lib/discovery/method.ts';
import { namesIn } from '../../../../src/cli/lib/discovery/stdin.ts';
import { whyNobody } from '../../../../src/cli/lib/discovery/why-nobody.ts';
import { readFilter } from '../../../../src/cli/lib/filter-texts.ts';
import { selected } from '../../../../src/cli/lib/selection.ts';
import { placeWith, SOME_GONE } from './discovery-place.ts';

async function find(
  options: FilterOptions,
  at = placeWith(),
  methodOptions = {},
): Promise<Discovered & { method: string }> {
  const wanted: Wanted = {
    ...{
      filter: readFilter(options),
      agent: 'probe',
      waitS: null,
      options: methodOptions,
      collective: 'mcollective',
    },
  };
  const finder = await chooseFinder({ dm: 'registry', ...options }, wanted);
  return { ...(await discover(finder, wanted, at.place)), method: finder.method };
}

it.each([
  [{}, ['web1', 'web2', 'db1']],
  [{ withFact: ['role=web'] }, ['web1', 'web2']],
  [{ withClass: ['apache'] }, ['web1']],
  [{ withIdentity: ['/^web/'] }, ['web1', 'web2']],
  [{ select: ['not apache and role=web'] }, ['web2']],
])(
  'the registry knows who is meant by %j, of those that serve the agent and live in the collective',
  async (options, names) => {
    const at = placeWith();
    expect(await find(options, at)).toMatchObject({ names, silent: [], method: 'registry' });
    expect(at.asked).toEqual([]);
  },
);

it('nodes decide what only they can tell; those that the registry rules out are not asked, silent ones are named', async () => {
  const at = placeWith({ web1: 'match' });
  const found = await find({ select: ["probe('x').up=true and role=web"] }, at);
  expect(found).toMatchObject({ names: ['web1'], silent: ['web2'] });
  expect(at.asked[0]).toMatchObject({
    expected: ['web1', 'web2'],
    timeoutS: 2,
    filter: { identity: ['web1', 'web2'], agent: ['probe'], compound: ["probe('x').up=true and role=web"] },
  });
});

it('nodes that stopped registering are not asked and told apart, unless somebody names them', async () => {
  const at = placeWith({}, SOME_GONE);
  // Of db1, an older version, nobody knows when it should register.
  expect(await find({}, at)).toMatchObject({ names: ['db1'], gone: ['web1', 'web2'] });
  expect(await find({ withFact: ['role=db'] }, at)).toMatchObject({ names: ['db1'], gone: [] });
  expect(await find({ withIdentity: ['web1'] }, at)).toMatchObject({ names: ['web1'], gone: [] });
});

it.each([
  [
    { target: 'eu1' },
    "nobody is in the collective 'eu1' (did you mean 'eu'?); there are nodes in eu, mcollective",
  ],
  [
    { target: 'eu', select: ["fstatt('/x').size>1"] },
    "'fstatt' is no data plug-in of Muster's (did you mean 'fstat'?); only nodes that have their own one can fit",
  ],
  [{ target: 'eu', withAgent: ['dsik'] }, "no node in the collective 'eu' serves the agent 'dsik'"],
  [{ target: 'eu', withFact: ['rol=web'] }, "no node there has the fact 'rol' (did you mean 'role'?)"],
  [
    { target: 'mcollective', with: ['apachee'] },
    "no node there has the class 'apachee' (did you mean 'apache'?)",
  ],
  [{ target: 'eu', agent: 'disk' }, "no node in the collective 'eu' serves the agent 'disk'"],
])(
  'when nobody is found, %j is told what may be wrong',
  (options: FilterOptions & { agent?: string }, line) => {
    const { agent = 'probe', target: collective = '' } = options;
    const wanted = { filter: readFilter(options), collective, agent };
    expect(whyNobody(wanted, SOME_GONE, ['fstat', 'puppet'])).toEqual([line]);
  },
);

it('an empty registry says so', () => {
  const [line] = whyNobody({ filter: readFilter({}), collective: 'x', agent: 'probe' }, [], []);
  expect(line).toContain('the registry knows no node at all');
});

it('a named node that the registry does not know is asked by itself', async () => {
  const at = placeWith({ new1: 'match' });
  expect(await find({ withIdentity: ['new1', 'db1'], withFact: ['role=web'] }, at)).toMatchObject({
    names: ['new1'],
  });
});

it('exact names need neither registry nor question, and are the method when none is given', async () => {
  const at = placeWith();
  const found = await find({ withIdentity: ['web1', 'ghost'], dm: 'identities' }, at);
  expect(found).toMatchObject({ names: ['web1', 'ghost'], given: true });
  expect([at.asked.length, at.registryReads()]).toEqual([0, 0]);
  const { dm: _, ...plain } = { dm: '', withIdentity: ['web1'] };
  const wanted = {
    filter: readFilter(plain),
    agent: 'probe',
    waitS: null,
    options: {},
    collective: 'mcollective',
  };
  expect((await chooseFinder(plain, wanted)).method).toBe('identities');
});

it('a broadcast takes whoever answers within the time, with the filter and the agent', async () => {
  const at = placeWith({ web1: 'match', new1: 'match' });
  expect(await find({ dm: 'mc', withFact: ['role=web'] }, at)).toMatchObject({
    names: ['web1', 'new1'],
    method: 'broadcast',
  });
  expect(at.asked[0]).toMatchObject({
    expected: [],
    timeoutS: 2,
    filter: { agent: ['probe'], fact: [{ fact: 'role' }] },
  });
});

async function fileWith(text: string): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'muster-nodes-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'nodes'), text);
  return join(dir, 'nodes');
}

it('a file names nodes one a line, and filters narrow them', async () => {
  const nodes = await fileWith('# ours\nweb1\n\n db1 \nghost\n');
  expect(await find({ dm: 'file', nodes })).toMatchObject({ names: ['web1', 'db1', 'ghost'] });
  const at = placeWith();
  expect(await find({ dm: 'flatfile', withFact: ['role=db'] }, at, { file: nodes })).toMatchObject({
    ...{ names: ['db1'], silent: ['ghost'] },
  });
});

it.each([
  ['a\nb', "nodes:2: 'B b' is no name of a node", 'a\nB b\n'],
  ['', 'cannot be read', null],
])('a file that does not fit is refused, naming the line (%j)', async (_, message, text) => {
  const nodes = text === null ? '/nonexistent/nodes' : await fileWith(text);
  await expect(find({ dm: 'file', nodes })).rejects.toThrow(message);
});

it.each([
  [
    { dm: 'regsitry' },
    "--dm is 'regsitry' (did you mean 'registry'?); expected registry, broadcast, identities, file, stdin, external",
  ],
  [{ dm: 'file' }, '--dm file needs a file: --nodes FILE'],
  [{ dm: 'external' }, '--dm external needs a program'],
  [{ dm: 'identities', withIdentity: ['/x/'] }, '--dm identities needs names'],
  [{ nodes: 'x' }, '--nodes x and --dm registry cannot be given together; leave out --dm'],
  [{ dm: 'mc', nodes: '-' }, '--nodes - and --dm mc cannot be given together'],
  [{ dm: 'stdin', nodes: 'x' }, '--nodes x and --dm stdin cannot be given together'],
  [{ dm: 'file', nodes: '' }, "--nodes is ''; expected a file, or - for standard input"],
])('%j is refused', async (options, message) => {
  await expect(find(options)).rejects.toThrow(message);
});

it.each([
  [{}, { fil: 'x' }, '--do fil: the method registry has no such option; it has none'],
  [
    { dm: 'file' },
    { fil: 'x' },
    "--do fil: the method file has no such option (did you mean 'file'?); it has file",
  ],
  [{ dm: 'file', nodes: 'x' }, { file: 'y' }, '--nodes x and --do file=y cannot be given together'],
])('%j with options of the method %j is refused', async (options, methodOptions, message) => {
  await expect(find(options, placeWith(), methodOptions)).rejects.toThrow(message);
});

it.each([
  ['names one a line', 'web1\nweb2\n', ['web1', 'web2']],
  [
    'rpc --json: those that answered well',
    '{"replies":[{"sender":"web1","statuscode":0},{"sender":"web2","statuscode":1}]}',
    ['web1'],
  ],
  [
    'rpc --jsonl',
    '{"kind":"discovered"}\n{"kind":"reply","sender":"web1","statuscode":0}\n{"kind":"request_stats"}\n',
    ['web1'],
  ],
  ['find --json', '{"nodes":["web1"],"no_responses":["web9"]}', ['web1']],
  [
    'facts --json',
    '{"values":[{"value":"x","nodes":["web1"]},{"value":"y","nodes":["web2"]}]}',
    ['web1', 'web2'],
  ],
  ["mco's own JSON", '[{"sender":"web1","statuscode":0},{"sender":"web2","statuscode":5}]', ['web1']],
  ['a list', '["web1","web1"]', ['web1']],
])('standard input may hold %s', (_, text, names) => {
  expect(namesIn(text)).toEqual(names);
});

it('an error of an earlier command is told, and what is neither names nor JSON is refused', () => {
  expect(() => namesIn('{"error":{"message":"no broker"}}')).toThrow('the earlier command failed: no broker');
  expect(() => namesIn('{"replies":')).toThrow('standard input: neither names nor JSON');
});

it('a choice by chance is the same for the same seed, and not always the first', () => {
  const names = ['a', 'b', 'c', 'd', 'e'];
  const choose = (seed: number | null) => selected(names, { limit: () => 2, seed });
  expect(choose(null)).toEqual(['a', 'b']);
  expect(choose(5)).toEqual(choose(5));
  expect(new Set(Array.from({ length: 20 }, (_, seed) => choose(seed + 1).join())).size).toBeGreaterThan(4);
});
