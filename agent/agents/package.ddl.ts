import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl, nothing } from '../../src/core/ddl.ts';
import { packageName, packageVersion } from '../../src/core/package-schema.ts';

const name = packageName.describe('Name of the package').meta({ prompt: 'Package Name' });
const ensure = z
  .string()
  .describe('Version that is installed; absent when only its settings are left, purged when there is nothing')
  .meta({ display_as: 'Ensure' });
const state = {
  name: z.string().meta({ display_as: 'Name' }),
  ensure,
  version: z.string().nullable().describe('null when it is not installed').meta({ display_as: 'Version' }),
  arch: z.string().nullable().meta({ display_as: 'Arch' }),
  state: z
    .string()
    // Daemons of earlier versions do not say.
    .default('unknown')
    .describe("In dpkg's words: installed when all is well, or such as half-configured")
    .meta({ display_as: 'State' }),
  provider: z.literal('apt').meta({ display_as: 'Provider' }),
};
const output = z
  .string()
  .describe('Last lines of output, at most 8 KB; empty when there was nothing to do')
  .meta({ display_as: 'Output' });
const exitcode = z.number().int().meta({ display_as: 'Exit Code' });
const aggregate = [{ function: 'summary', output: 'ensure' }] as const;
const changing = {
  display: 'failed',
  input: z.strictObject({ package: name }),
  output: z.strictObject({
    ...state,
    before: z.string().describe('Ensure, before').meta({ display_as: 'Before' }),
    changed: z.boolean().meta({ display_as: 'Changed' }),
    output,
  }),
  aggregate,
} as const;

/** Packages of Debian and its kin. *Source:* the package agent of MCollective's plug-ins, agent/package.ddl. */
const ddl = defineDdl({
  name: 'package',
  description: 'Installs, updates and removes packages with apt, and tells what is installed',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 600,
  actions: {
    status: {
      description: 'Get the status of a package',
      display: 'always',
      input: z.strictObject({ package: name }),
      output: z.strictObject(state),
      aggregate: [...aggregate, { function: 'summary', output: 'arch' }],
    },
    install: {
      ...changing,
      description:
        'Install a package, or one version of it; what is installed already stays as it is, but one that is not set up to its end is',
      input: z.strictObject({
        package: name,
        version: packageVersion.optional().describe('Version to install').meta({ prompt: 'Version' }),
      }),
    },
    update: { ...changing, description: 'Update a package that is installed' },
    uninstall: { ...changing, description: 'Remove a package and leave its settings' },
    purge: { ...changing, description: 'Remove a package with its settings' },
    apt_update: {
      description: 'Fetch the lists of packages anew',
      display: 'failed',
      input: nothing,
      output: z.strictObject({ output, exitcode }),
    },
    checkupdates: {
      description:
        'Tell what an upgrade of the whole system would update, by the lists of the last apt_update',
      display: 'always',
      input: nothing,
      output: z.strictObject({
        package_manager: z.literal('apt').meta({ display_as: 'Package Manager' }),
        outdated_packages: z
          .array(
            z.strictObject({
              package: z.string(),
              version: z.string().describe('New version'),
              installed: z.string().nullable().describe('null: it would be newly installed'),
            }),
          )
          .meta({ display_as: 'Outdated Packages' }),
        count: z.number().int().describe('How many').meta({ display_as: 'Count' }),
        exitcode,
      }),
      aggregate: [{ function: 'summary', output: 'count' }],
    },
  },
});

// `package` is a reserved word: it can be the name of an export, not of a constant.
export { ddl as package };
