import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDataDdl } from '../../src/core/data.ts';
import { packageName } from '../../src/core/package-schema.ts';

/** What is installed. *Source:* the package agent of MCollective's plug-ins, data/package_data.ddl. */
const ddl = defineDataDdl({
  name: 'package',
  description: 'Checks the status of a package',
  version: '1.0.0',
  ...OF_MUSTER,
  timeoutS: 5,
  query: packageName.describe('Name of the package').meta({ prompt: 'Package Name' }),
  output: z.strictObject({
    installed: z.boolean().meta({ display_as: 'Is Installed' }),
    status: z
      .string()
      .describe(
        'Version that is installed, absent when only its settings are left, purged when there is nothing',
      )
      .meta({ display_as: 'Package Status' }),
  }),
});

// `package` is a reserved word: it can be the name of an export, not of a constant.
export { ddl as package };
