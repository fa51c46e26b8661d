import { z } from 'zod';
import { LOG_LEVELS } from '../log.ts';
import { word } from '../names.ts';
import { planSchema } from './plan.ts';

const path = z.string().min(1);

/** What the broker needs to be known by: used by controller and operator commands. */
const BrokerConfig = z.strictObject({
  host: z.string().min(1).describe('Host of the broker'),
  port: z.number().int().min(1).max(65_535).default(61_614).describe('Port of STOMP over TLS'),
  vhost: z.string().default('/muster').describe('Virtual host'),
  management_url: z.url().describe("RabbitMQ's management API: nodes get their broker user there"),
  management_user: z.string().default('muster').describe('Its user'),
  management_password_file: path.describe('File that holds its password'),
});

const Group = z.strictObject({
  attestor: word.default('token').describe('Who proves the identity of the nodes of this group'),
  options: z.record(z.string(), z.unknown()).default({}).describe('Options of the attestor'),
  certname_suffix: z
    .string()
    .regex(/^(\.[a-z0-9][a-z0-9.-]*)?$/)
    .default('')
    .describe('The certname of a node is its instance id and this'),
  plan: planSchema.optional().describe('Plan of this group, instead of the common one'),
});

/** Config of the controller and of the operator's commands (`/etc/muster/muster.yaml`). */
export const ControllerConfig = z.strictObject({
  redis: z
    .strictObject({
      url: z
        .string()
        .regex(/^rediss?:\/\//, 'redis:// or rediss:// URL')
        .default('redis://127.0.0.1:6379')
        .describe('Redis'),
      password_file: path.optional().describe('File that holds the password of Redis'),
      prefix: z
        .string()
        .regex(/^[a-z][a-z0-9-]*$/)
        .default('muster')
        .describe('Beginning of every key in Redis'),
    })
    .prefault({})
    .describe('Redis, where runs and claims are kept'),
  broker: BrokerConfig.describe('RabbitMQ, over which everybody speaks'),
  trust: z
    .strictObject({
      dir: path
        .default('/etc/muster/pki')
        .describe('Folder of the collective CA: ca.pem and, where certificates are issued, ca.key'),
      certificate: path.describe('Certificate of this controller or operator'),
      key: path.describe('Its private key'),
      node_days: z
        .number()
        .min(0.01)
        .max(3650)
        .default(7)
        .describe(
          'Days that a certificate of a node is valid; the daemon renews it after two thirds of them',
        ),
      old_keys: z
        .array(path)
        .default([])
        .describe(
          'Private keys of earlier certificates, to which instances of older user data still say hello',
        ),
    })
    .describe('Certificates of the collective CA'),
  collectives: z
    .strictObject({
      provisioning: word.default('provisioning').describe('Where new nodes are'),
      production: word.default('mcollective').describe('Where provisioned nodes and masters live'),
    })
    .prefault({})
    .describe('Names of the collectives'),
  groups: z.record(word, Group).default({}).describe('Groups of nodes that may join, by name'),
  master: z
    .strictObject({
      picker: word.default('criteria').describe('Who picks the master'),
      options: z.record(z.string(), z.unknown()).default({}).describe('Options of the picker'),
      discovery_s: z
        .number()
        .min(0.1)
        .max(60)
        .default(2)
        .describe('Longest wait for the masters to answer, in seconds'),
      puppet_runs: z
        .number()
        .int()
        .min(1)
        .max(10_000)
        .default(4)
        .describe('Puppet runs that one master is given at a time'),
      max_moves: z
        .number()
        .int()
        .min(0)
        .max(20)
        .default(2)
        .describe('How often a run may leave a dead master for another'),
    })
    .prefault({})
    .describe('Choice of the Puppet master'),
  plan: planSchema
    .prefault([
      'lock',
      'set_puppet_hostname',
      'clean_node_certname',
      'send_node_csr',
      'sign_node_csr',
      'puppet_bootstrap_stage',
      'puppet_final_run',
      'disable',
    ])
    .describe(
      'Steps in order: names, or `name: {option: value}`; the map of booleans of the provisioner of 2010 is read too',
    ),
  runs: z
    .strictObject({
      concurrency: z
        .number()
        .int()
        .min(1)
        .max(1000)
        .default(50)
        .describe('Runs that this controller walks at a time'),
      attempts: z
        .number()
        .int()
        .min(1)
        .max(100)
        .default(5)
        .describe('Tries of one step before the run fails'),
      backoff_s: z
        .number()
        .min(0.05)
        .max(3600)
        .default(2)
        .describe('First wait before a step is tried again, in seconds (grows, with jitter)'),
      deadline_s: z
        .number()
        .min(10)
        .max(172_800)
        .default(7200)
        .describe('Seconds from hello after which a run fails'),
      keep_days: z.number().min(1).max(3650).default(30).describe('Days that ended runs are kept'),
    })
    .prefault({})
    .describe('Runs'),
  audit: z
    .strictObject({
      keep_entries: z
        .number()
        .int()
        .min(100)
        .max(100_000_000)
        .default(200_000)
        .describe('Audit lines that are kept for each collective, for controllers and for refusals, about'),
    })
    .prefault({})
    .describe('Central audit'),
  notify: z
    .strictObject({
      recipients: z
        .array(z.string())
        .default([])
        .describe('URLs whose scheme names the notifier, e.g. mailto:oncall@example.org'),
      options: z
        .record(word, z.record(z.string(), z.unknown()))
        .default({})
        .describe('Options of notifiers, by name'),
    })
    .prefault({})
    .describe('Who is told'),
  userdata: z
    .strictObject({
      mirror_url: z.url().optional().describe('HTTPS folder where `muster bundle` was put'),
      mirror_ca: z
        .enum(['system', 'collective'])
        .default('system')
        .describe('Which CA the certificate of the mirror is verified against'),
      bundle_dir: path
        .default('dist/bundle')
        .describe('Folder that `muster bundle` wrote: its checksums go into the user data'),
      controllers: z
        .array(path)
        .default([])
        .describe(
          'Certificates of controllers to say hello to, tried in turn: two while a key is changed (default: trust.certificate)',
        ),
      broker_host: z.string().optional().describe('Host of the broker as nodes see it, where it differs'),
      facts: z.record(z.string(), z.string()).default({}).describe('Facts of your own for every node'),
    })
    .prefault({})
    .describe('User data of new instances'),
  ec2: z
    .strictObject({
      endpoint: z.url().optional().describe('Another EC2 endpoint, such as the lab'),
      credentials_file: path
        .optional()
        .describe("Credentials in AWS's own file form; without it, the SDK's own search"),
    })
    .prefault({})
    .describe('EC2'),
  plugins: z
    .strictObject({
      steps_dir: path.optional().describe("Folder of a site's own steps"),
      notifiers_dir: path.optional().describe("Folder of a site's own notifiers"),
      pickers_dir: path.optional().describe("Folder of a site's own pickers"),
      attestors_dir: path.optional().describe("Folder of a site's own attestors"),
      agents_dir: path
        .optional()
        .describe(
          "Folder of the contracts (`<agent>.json`) of a site's own agents, for the commands that call them",
        ),
    })
    .prefault({})
    .describe('Plug-ins of a site'),
  log: z
    .strictObject({ level: z.enum(LOG_LEVELS).default('info').describe('Least level that is logged') })
    .prefault({})
    .describe('Log, on standard error'),
});
export type ControllerConfig = z.output<typeof ControllerConfig>;
