import { describe, expect, it } from 'vitest';
import { checkDataFields } from '../../../src/cli/lib/data-fields.ts';
import { asksNodes, commandOf, commandPath, helpAsOption, inOurNames } from '../../../src/cli/lib/habits.ts';
import { buildProgram } from '../../../src/cli/main.ts';
import { compileFilter } from '../../../src/core/filter/compile.ts';
import { Filter } from '../../../src/core/messages.ts';

const program = await buildProgram();

function typed(line: string, extra = ''): string {
  const argv = line.split(' ');
  return inOurNames(commandOf(program, argv), argv, extra).join(' ');
}

describe('a command line in the manner of mco', () => {
  it.each([
    ['find --wf role=web', 'find --with-fact role=web'],
    ['find --wf=role=web', 'find --with-fact=role=web'],
    ['puppet -W role=web status', 'puppet status -W role=web'],
    ['puppet -q --ln 2 -W status disable why', 'puppet disable -q --limit 2 -W status why'],
    ['puppet --batch=2 runonce', 'puppet runonce --batch=2'],
    ['puppet -Wweb count', 'puppet count -Wweb'],
    ['puppet -W web', 'puppet -W web'],
    ['runs --ln 3', 'runs --ln 3'],
  ])('%s is read as %s', (line, ours) => {
    expect(typed(line)).toBe(ours);
  });

  it.each([
    ['find', 'find -W web'],
    ['puppet count', 'puppet count -W web'],
    ['puppet -q count', 'puppet count -W web -q'],
    ['ral find user root', 'ral find -W web user root'],
    ['runs', 'runs'],
  ])('the options of MUSTER_EXTRA_OPTS stand behind the command of %s', (line, ours) => {
    expect(typed(line, '-W web')).toBe(ours);
  });

  it.each([
    ['help', 'help'],
    ['help puppet status', 'puppet status --help'],
    ['help rpc rpcutil', 'rpc rpcutil --help'],
    ['help nosuch', 'nosuch'],
  ])('%s is read as %s', (line, meant) => {
    expect(helpAsOption(program, line.split(' ')).join(' ')).toBe(meant);
  });

  it.each([
    ['puppet nosuch', true, 'puppet'],
    ['ral find user root', true, 'ral find'],
    ['ca list', false, 'ca list'],
    ['nosuch', false, null],
  ])('of %s it is known whether it asks nodes, and what its help is', (line, asks, path) => {
    const command = commandOf(program, line.split(' '));
    expect(asksNodes(command)).toBe(asks);
    expect(commandPath(command)).toBe(path);
  });
});

describe('data functions of a filter', () => {
  const check = (compound: string) => checkDataFields(compileFilter(Filter.parse({ compound: [compound] })));

  it('pass when the plug-in says such a thing, or may be of a site', async () => {
    await check("fstat('/etc/hosts').md5=~/^0/ or not (sites('x').own=1 and role=web)");
  });

  it('are refused when no node could ever fit, and the nearest is named', async () => {
    await expect(check("role=web or not fstat('/etc/hosts').md4=1")).rejects.toThrow(
      /data plug-in fstat has no 'md4' \(did you mean 'md5'\?\); it has name, /,
    );
  });
});
