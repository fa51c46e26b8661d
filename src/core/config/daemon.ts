import { z } from 'zod';
import { LOG_LEVELS } from '../log.ts';
import { identityName, word } from '../names.ts';
import { VOLATILE_FACTS } from './volatile.ts';

const path = z.string().min(1);
const setting = <T>(type: z.ZodType<T>) => z.record(z.string(), type);

/** Config of the daemon on a node (`/etc/muster/daemon.yaml`). Nothing in it is secret on an unprovisioned node. */
export const DaemonConfig = z.strictObject({
  identity: identityName
    .optional()
    .describe(
      'Name on the bus of a node that holds a certificate already (a master); others get theirs from the controller',
    ),
  group: word.optional().describe('Group to ask for in the hello; without it the daemon says none'),
  token: z.string().max(512).optional().describe('Join token of the group: a filter, not a proof'),
  instance_id: z
    .string()
    .optional()
    .describe('Where there is no EC2 metadata service: the id to say hello with'),
  certname_suffix: z
    .string()
    .regex(/^(\.[a-z0-9][a-z0-9.-]*)?$/)
    .default('')
    .describe("Puppet's certname is the instance id and this"),
  broker: z
    .strictObject({
      host: z.string().min(1).describe('Host of the broker'),
      port: z.number().int().min(1).max(65_535).default(61_614).describe('Port of STOMP over TLS'),
      vhost: z.string().default('/muster').describe('Virtual host'),
      hello_user: z
        .string()
        .default('hello')
        .describe('Login of nodes that have no certificate yet; it may only say hello'),
      hello_password: z.string().default('hello').describe('Its password: public, like all of the user data'),
    })
    .describe('The broker'),
  trust: z
    .strictObject({
      ca: path.default('/etc/muster/ca.pem').describe('Certificate of the collective CA'),
      controllers: z
        .array(path)
        .default([])
        .describe('Certificates of controllers to say hello to; they are verified against the CA'),
      certificate: path.optional().describe("This node's certificate, when it was issued by hand (a master)"),
      key: path.optional().describe('Its private key'),
    })
    .prefault({})
    .describe('Who is trusted'),
  collectives: z
    .array(word)
    .default([])
    .describe('Collectives to live in; an unprovisioned node is told by the controller'),
  state_dir: path.default('/var/lib/muster').describe('Keys, certificate, Puppet runs and other state'),
  facts: z
    .strictObject({
      dir: path
        .default('/etc/muster/facts.d')
        .describe('Folder of files of facts: *.yaml, *.yml and *.json maps, *.txt with lines `name=value`'),
      files: z
        .array(path)
        .default([])
        .describe(
          'More files of facts, such as /etc/mcollective/facts.yaml or /etc/facts.txt; those of the folder win',
        ),
      facter: z
        .union([z.boolean(), path])
        .default(true)
        .describe('Ask Facter, where it is installed; or the path of it; false: never'),
      facter_every_s: z
        .number()
        .min(60)
        .default(1800)
        .describe('Seconds between two runs of Facter; it is run earlier when its external facts change'),
      volatile: z
        .array(z.string().min(1))
        .default([...VOLATILE_FACTS])
        .describe('Facts whose change is no reason to register; `*` stands for anything'),
      imds: z.boolean().default(true).describe('Read EC2 facts from the instance metadata service'),
      imds_url: z.string().default('http://169.254.169.254').describe('Its address'),
      facter_dir: z
        .string()
        .default('/etc/facter/facts.d')
        .describe('Where Facter reads external facts; empty to leave Facter alone'),
      classes_file: path
        .optional()
        .describe(
          "Classes that Puppet applied; by default where Debian's Puppet, or else Puppet's own, keeps them",
        ),
    })
    .prefault({})
    .describe('Facts'),
  puppet: z
    .strictObject({
      bin: path.optional().describe('The puppet program; found by itself in the usual places'),
      conf_dir: path.optional().describe("Puppet's confdir"),
      ssl_dir: path.optional().describe("Puppet's ssldir"),
      state_dir: path.optional().describe("Puppet's statedir: reports and locks"),
      public_dir: path.optional().describe("Puppet's publicdir: the summary of the last run"),
      server: z.string().default('puppet').describe('Name that the node uses for its master'),
      key_bits: z.number().int().min(2048).max(8192).default(2048).describe("Size of Puppet's key in bits"),
    })
    .prefault({})
    .describe('Puppet on this node'),
  puppetca: z
    .strictObject({
      url: z.string().describe('Base URL of the Puppet Server, e.g. https://puppet.example.org:8140'),
      ca: path.describe("Certificate of Puppet's CA"),
      certificate: path.describe(
        "A certificate that Puppet's CA API accepts (pp_cli_auth), such as the master's own",
      ),
      key: path.describe('Its private key'),
    })
    .optional()
    .describe('Only on a master: serve the puppetca agent'),
  agents_dir: path
    .optional()
    .describe("Folder of a site's own agents: `<name>.ts`, and external ones, `<name>.json` with a program"),
  data_dir: path.optional().describe("Folder of a site's own data plug-ins"),
  policies_dir: path
    .default('/etc/muster/policies')
    .describe("Folder of the site's policies: `AGENT.policy`, `default.policy` and `groups`"),
  policy: z
    .strictObject({
      enable_default: z
        .boolean()
        .default(true)
        .describe('An agent without a policy of its own is under `default.policy` of that folder'),
      allow_unconfigured: z
        .boolean()
        .default(false)
        .describe('An agent for which there is no policy at all may be called by controllers and operators'),
    })
    .prefault({})
    .describe('Who may do what on this node'),
  audit: z
    .strictObject({
      file: path.optional().describe('Audit of every decision; by default `audit.log` in the state folder'),
      max_mb: z
        .number()
        .min(0.01)
        .max(10_000)
        .default(10)
        .describe('Size at which a new file is begun, in MB'),
      keep: z.number().int().min(1).max(1000).default(10).describe('Older files that are kept'),
      send: z.boolean().default(true).describe('Send the lines to the controllers, too'),
    })
    .prefault({})
    .describe('Audit'),
  hello: z
    .strictObject({
      base_s: z
        .number()
        .min(0.1)
        .default(1)
        .describe('First wait between two hellos, in seconds (grows, with jitter)'),
      cap_s: z.number().min(1).default(60).describe('Longest wait between two hellos, in seconds'),
      after_refused_s: z
        .number()
        .min(1)
        .default(300)
        .describe("Seconds that the broker must refuse this node's login before it says hello again"),
    })
    .prefault({})
    .describe('Hello: how often, and when again'),
  encrypt_replies: z
    .boolean()
    .default(false)
    .describe('Encrypt every reply to its caller; secret fields are encrypted anyway'),
  registration_s: z.number().min(1).default(300).describe('Seconds between two registrations'),
  log: z
    .strictObject({ level: z.enum(LOG_LEVELS).default('info').describe('Least level that is logged') })
    .prefault({})
    .describe('Log, on standard error'),
  settings: setting(z.string())
    .default({})
    .describe(
      'Settings of agents, `agent.key: value`; followed while the daemon runs. `agent.activate_agent: false` switches an agent off',
    ),
});
export type DaemonConfig = z.output<typeof DaemonConfig>;
