import { z } from 'zod';
import { defineDdl, nothing } from '../../src/core/ddl.ts';
import { word } from '../../src/core/names.ts';

const runName = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,119}$/)
  .describe(
    'Name of this Puppet run: asked again with the same name, the node tells how that run stands instead of starting another',
  );
const pem = z.string().max(16_384);

/** How a Puppet run stands. The verdict is from this run's exit code and report alone. */
const puppetRun = z.strictObject({
  run: z.string().describe('Name of the run'),
  state: z.enum(['running', 'finished']).meta({ display_as: 'State' }),
  verdict: z
    .enum(['good', 'bad'])
    .nullable()
    .describe('Exit code 0 or 2 and the right environment: good; null while it runs')
    .meta({ display_as: 'Verdict' }),
  reason: z.string().nullable().describe('Why it is bad').meta({ display_as: 'Reason' }),
  exitcode: z.number().int().nullable().meta({ display_as: 'Exit Code' }),
  environment: z
    .string()
    .nullable()
    .describe('Environment that was applied, from the report')
    .meta({ display_as: 'Environment' }),
  failed_resources: z
    .array(z.strictObject({ resource: z.string(), message: z.string() }))
    .meta({ display_as: 'Failed Resources' }),
  output: z.string().describe('Last lines of output, at most 8 KB').meta({ display_as: 'Output' }),
  started_at_ms: z.number().int(),
  ended_at_ms: z.number().int().nullable(),
});
/** How a Puppet run stands, as the DDL declares it. */
export type PuppetRun = z.output<typeof puppetRun>;

/** Settings `provision.*` of the daemon. */
export const ProvisionSettings = z.strictObject({
  hosts_file: z
    .string()
    .regex(/^\//, 'expected an absolute path')
    .default('/etc/hosts')
    .describe('Where the name of the Puppet server is pointed at the master'),
});

/**
 * The eleven actions of the provisioner of 2010, mended. *Source:* mcollective-server-provisioner, agent/provision.ddl.
 */
export const provision = defineDdl({
  name: 'provision',
  description: 'Assist in provisioning a new node',
  version: '1.0.0',
  author: 'Muster',
  license: 'Apache-2.0',
  url: 'https://example.org/muster',
  timeoutS: 60,
  settings: ProvisionSettings,
  actions: {
    set_puppet_host: {
      description: 'Point the name of the Puppet server at a master, in this line of /etc/hosts alone',
      display: 'failed',
      input: z.strictObject({
        ipaddress: z
          .union([z.ipv4(), z.ipv6()])
          .describe('Address of the master')
          .meta({ prompt: 'Master address' }),
        hostname: z
          .string()
          .max(253)
          .regex(/^[a-z0-9][a-z0-9.-]*$/)
          .default('puppet')
          .describe('Name that the node uses for it'),
      }),
      output: z.strictObject({
        changed: z.boolean().describe('False when it was there already').meta({ display_as: 'Changed' }),
      }),
    },
    request_certificate: {
      description: "Send this node's signing request, made before its first word, to the master",
      display: 'failed',
      input: z.strictObject({
        ca_pem: pem
          .describe("Certificate of the master's CA: TLS is verified against it and Puppet gets it")
          .meta({ prompt: 'CA certificate' }),
        server: z
          .string()
          .max(253)
          .regex(/^[a-z0-9][a-z0-9.:-]*$/)
          .default('puppet')
          .describe('Name of the master, in its certificate'),
        port: z.number().int().min(1).max(65_535).default(8140).describe('Port of the master'),
      }),
      output: z.strictObject({
        output: z.string().meta({ display_as: 'Output' }),
        exitcode: z.number().int().describe('0 sent or waiting already').meta({ display_as: 'Exit Code' }),
        spki_sha256: z
          .string()
          .describe('SHA-256 of the public key in the request')
          .meta({ display_as: 'Public Key' }),
      }),
    },
    bootstrap_puppet: {
      description: 'Start the run of the bootstrap environment, or tell how it stands',
      display: 'failed',
      input: z.strictObject({
        run: runName.optional(),
        environment: word.default('bootstrap').describe('Puppet environment'),
        timeout_s: z
          .number()
          .int()
          .min(10)
          .max(86_400)
          .default(1800)
          .describe('Seconds after which the run is ended'),
      }),
      output: puppetRun,
    },
    run_puppet: {
      description: 'Start a run of the production environment, or tell how it stands',
      display: 'failed',
      input: z.strictObject({
        run: runName.optional(),
        environment: word.default('production').describe('Puppet environment'),
        timeout_s: z
          .number()
          .int()
          .min(10)
          .max(86_400)
          .default(3600)
          .describe('Seconds after which the run is ended'),
      }),
      output: puppetRun,
    },
    daemonize_puppet: {
      description: 'Leave a resident Puppet agent behind',
      display: 'failed',
      input: nothing,
      output: z.strictObject({
        output: z.string().meta({ display_as: 'Output' }),
        exitcode: z.number().int().meta({ display_as: 'Exit Code' }),
      }),
    },
    has_cert: {
      description: 'Does the node hold a Puppet certificate that fits its key, its name and the CA?',
      display: 'always',
      input: z.strictObject({
        ca_pem: pem.optional().describe('CA that must have signed it; without it, the one on disk'),
      }),
      output: z.strictObject({
        has_cert: z.boolean().meta({ display_as: 'Has Certificate' }),
        reason: z.string().describe('Why not').meta({ display_as: 'Reason' }),
      }),
    },
    lock_deploy: {
      description: 'Lock the node for one run',
      display: 'failed',
      input: z.strictObject({ owner: z.string().min(1).max(200).describe('Who holds the lock: the run id') }),
      output: z.strictObject({ owner: z.string().meta({ display_as: 'Lock Owner' }), changed: z.boolean() }),
    },
    unlock_deploy: {
      description: 'Release the lock',
      display: 'failed',
      input: z.strictObject({
        owner: z.string().max(200).optional().describe('Release only if this run holds it'),
      }),
      output: z.strictObject({ unlocked: z.boolean().meta({ display_as: 'Unlocked' }) }),
    },
    is_locked: {
      description: 'Is the node locked, and by whom?',
      display: 'always',
      input: nothing,
      output: z.strictObject({
        locked: z.boolean().meta({ display_as: 'Locked' }),
        owner: z.string().nullable().meta({ display_as: 'Lock Owner' }),
      }),
    },
    disable_provisioner: {
      description:
        'Provisioning is over: leave the provisioning collective and do not serve this agent any more',
      display: 'failed',
      input: z.strictObject({
        collective: word.optional().describe('Collective that the node lives in from now on'),
      }),
      output: z.strictObject({ disabled: z.boolean().meta({ display_as: 'Disabled' }) }),
    },
    is_disabled: {
      description: 'Is provisioning disabled on this node?',
      display: 'always',
      input: nothing,
      output: z.strictObject({ disabled: z.boolean().meta({ display_as: 'Disabled' }) }),
    },
  },
});
