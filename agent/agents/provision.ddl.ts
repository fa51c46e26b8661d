import { z } from 'zod';
import { OF_MUSTER } from '../../src/core/contract.ts';
import { defineDdl, nothing } from '../../src/core/ddl.ts';
import { word } from '../../src/core/names.ts';
import { puppetRun, puppetRunName, puppetRunTimeoutS } from '../../src/core/puppet-run-schema.ts';

const pem = z
  .string()
  .max(16_384)
  .regex(/-----BEGIN CERTIFICATE-----/, 'a certificate in PEM');
const owner = z
  .string()
  .max(200)
  .regex(/^[\x21-\x7e]+$/, 'a word');

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
  ...OF_MUSTER,
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
        run: puppetRunName.optional(),
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
        run: puppetRunName.optional(),
        environment: word.default('production').describe('Puppet environment'),
        timeout_s: puppetRunTimeoutS.default(3600).describe('Seconds after which the run is ended'),
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
      input: z.strictObject({ owner: owner.describe('Who holds the lock: the run id') }),
      output: z.strictObject({ owner: z.string().meta({ display_as: 'Lock Owner' }), changed: z.boolean() }),
    },
    unlock_deploy: {
      description: 'Release the lock',
      display: 'failed',
      input: z.strictObject({
        owner: owner.optional().describe('Release only if this run holds it'),
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
