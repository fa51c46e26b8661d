import { type Import, importClosure, importsOf } from './imports.ts';
import type { Source } from './sources.ts';

/** Which part of the house may import which others; each may import itself. As in the design, section 3. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ddl: ['core'],
  bus: ['core'],
  trust: ['core'],
  ec2: ['core'],
  notifiers: ['core'],
  userdata: ['core'],
  provisioners: ['core', 'ddl'],
  agent: ['core', 'bus', 'trust', 'ddl'],
  controller: ['core', 'bus', 'trust', 'ec2', 'ddl'],
  fleet: ['core', 'bus', 'controller', 'ddl'],
  http: ['core', 'controller', 'fleet'],
  cli: ['core', 'bus', 'trust', 'ec2', 'controller', 'fleet', 'http', 'agent', 'userdata', 'ddl', 'lab'],
  lab: ['core'],
  infra: ['core'],
};

/** Packages that have one door, and the folders that are it. */
const DOORS: readonly { readonly packages: RegExp; readonly doors: readonly string[] }[] = [
  { packages: /^(bullmq|ioredis)$/, doors: ['src/controller/'] },
  { packages: /^stompit$/, doors: ['src/bus/'] },
  { packages: /^@aws-sdk\//, doors: ['src/ec2/'] },
  { packages: /^node-forge$/, doors: ['src/trust/', 'infra/lab/'] },
  { packages: /^(node:)?child_process$/, doors: ['agent/', 'infra/', 'src/cli/'] },
];

/** Of the controller, fleet may use these only. */
const FLEET_USES = /^src\/controller\/(registry|governor)/;

/** Files that only the loader may bring in: one a plug-in, named as the plug-in. */
const PLUGIN =
  /^(provisioners|notifiers|src\/controller\/pickers|src\/trust\/attestors|agent\/agents)\/[^/]+\.ts$/;

/** The files that import what a program computed: the loader, the reader of DDLs for help and docs, the packer of packages. */
const LOADERS = ['src/core/load.ts', 'src/cli/lib/ddls.ts', 'infra/one-file-packages.ts'];

/** What the daemon must never take in: the queue, the AWS SDK, the controller. */
const NOT_IN_DAEMON = /^(bullmq$|ioredis$|@aws-sdk\/|src\/controller\/)/;

/** Every wrong arrow, as `path:line: what is wrong`; empty when all are right. Pure. */
export function wrongArrows(files: readonly Source[]): string[] {
  return files.flatMap(importsOf).flatMap((entry) => {
    const problem = problemOf(entry);
    return problem === null ? [] : [`${entry.at}: ${problem}`];
  });
}

/** What the daemon takes in and must not, as `path:line: what is wrong`. Pure. */
export function wrongInDaemon(files: readonly Source[], entry = 'agent/main.ts'): string[] {
  const reached = [...importClosure(files, entry)];
  return reached
    .filter(([name]) => NOT_IN_DAEMON.test(name))
    .map(([name, at]) => `${at}: brings ${name} into the daemon`);
}

function problemOf(entry: Import): string | null {
  if (entry.to === null)
    return LOADERS.includes(entry.from) ? null : 'imports a computed name; only the loader may';
  return entry.relative ? wrongNeighbour(entry.from, entry.to) : wrongDoor(entry.from, entry.to);
}

function wrongNeighbour(from: string, to: string): string | null {
  if (PLUGIN.test(to) && !to.endsWith('.ddl.ts')) return `imports the plug-in ${to}; only the loader may`;
  const [left, right] = [areaOf(from), areaOf(to)];
  if (left === null) return 'is in a folder that the arrows do not know';
  if (right === null) return `imports ${to}, which is no part of the house`;
  if (left !== right && !ARROWS[left]?.includes(right)) return `${left} may not import ${right} (${to})`;
  if (left === 'fleet' && right === 'controller' && !FLEET_USES.test(to)) {
    return `fleet may import the registry and the governor of the controller only, not ${to}`;
  }
  return null;
}

function wrongDoor(from: string, name: string): string | null {
  const found = DOORS.find(({ packages }) => packages.test(name));
  if (found === undefined || found.doors.some((door) => from.startsWith(door))) return null;
  return `imports ${name}, whose door is ${found.doors.join(' or ')}`;
}

/** The part of the house that a file belongs to, or null. package.json is data that anybody may read. */
function areaOf(path: string): string | null {
  if (path.endsWith('.ddl.ts')) return 'ddl';
  if (path === 'package.json') return 'core';
  if (path.startsWith('infra/lab/')) return 'lab';
  const area = /^(?:src\/)?([a-z0-9]+)\//.exec(path)?.[1] ?? '';
  return Object.hasOwn(ARROWS, area) ? area : null;
}
