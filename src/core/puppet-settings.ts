import { z } from 'zod';

/** Names with commas, or not set. */
const list = (meaning: string) =>
  z
    .string()
    .transform((text) => text.split(',').map((word) => word.trim()))
    .pipe(z.array(z.string()))
    .transform((words) => words.filter((word) => word !== ''))
    .optional()
    .describe(meaning);

const NAMES_OF_TYPE = /^resource_name_(?:white|black)list\.[a-z][a-z0-9_:]*$/;

/**
 * Settings of the agents `puppet` and `puppetral`. Beside these, `resource_name_whitelist.TYPE` or `resource_name_blacklist.TYPE`
 * lists names of one type. *Source:* mcollective-puppet-agent, its settings.
 */
export const PuppetSettings = z
  .object({
    splay: z.stringbool().default(true).describe('Wait a random time before a run, unless it is forced'),
    splaylimit: z.coerce.number().int().min(0).default(30).describe('Longest such wait, in seconds'),
    allow_server_override: z
      .stringbool()
      .default(false)
      .describe('Callers may name the Puppet server of a run'),
    resource_type_whitelist: list(
      'Types of resources that callers may have changed, with commas; none without',
    ),
    resource_type_blacklist: list(
      'Instead: types that they may not have changed; all others may be, but those that make a caller root (exec, cron, file, …)',
    ),
    resource_allow_managed_resources: z
      .stringbool()
      .default(false)
      .describe('Callers may change what Puppet manages, which changes it back'),
  })
  .catchall(z.string())
  .superRefine((given, context) => {
    for (const name of Object.keys(given)) {
      if (Object.hasOwn(PuppetSettings.shape, name) || NAMES_OF_TYPE.test(name)) continue;
      context.addIssue({ code: 'unrecognized_keys', keys: [name], input: given });
    }
    const both = given.resource_type_whitelist !== undefined && given.resource_type_blacklist !== undefined;
    if (both)
      context.addIssue({
        code: 'custom',
        message: 'give resource_type_whitelist or resource_type_blacklist, not both',
        path: ['resource_type_blacklist'],
      });
  });
/** As the node reads them. */
export type PuppetSettings = z.output<typeof PuppetSettings>;
