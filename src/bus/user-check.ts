import type { BrokerWish, Finding } from './broker-check.ts';
import type { BrokerState } from './broker-state.ts';
import { USER_LIMITS } from './limits.ts';
import { controllerGrant, type Grant, helloGrant, nodeGrant, operatorGrant } from './permissions.ts';

type User = BrokerState['users'][number];

/** What is open about users: guest, passwords, rights, limits. Pure. */
export function userFindings(state: BrokerState, wish: BrokerWish): Finding[] {
  return state.users.flatMap((user) => [
    ...loginFindings(user, wish),
    ...(user.name === wish.managementUser ? [] : rightFindings(user, state, wish)),
    ...limitFindings(user, state),
  ]);
}

function loginFindings({ name, password_hash: hash, tags }: User, wish: BrokerWish): Finding[] {
  if (name === 'guest')
    return [
      {
        code: 'GUEST',
        severity: 'high',
        what: 'the user guest is there',
        next: 'run `muster broker setup`, or `rabbitmqctl delete_user guest`',
      },
    ];
  const findings: Finding[] = [];
  if (hash !== '' && name !== wish.managementUser && name !== wish.helloUser)
    findings.push({
      code: 'PASSWORD',
      severity: 'high',
      what: `the user ${name} has a password: it can log in without a certificate`,
      next: `run \`rabbitmqctl clear_password ${name}\`, or delete the user if nobody of ours needs it`,
    });
  if (name !== wish.managementUser && tags.some((tag) => /^(administrator|policymaker)$/.test(tag)))
    findings.push({
      code: 'ADMINISTRATOR',
      severity: 'high',
      what: `the user ${name} may change the broker`,
      next: `run \`rabbitmqctl set_user_tags ${name}\` without tags, or delete it`,
    });
  return findings;
}

/** Each right must be one that setup gives: wider or other ones are findings, and so is a key permission that is missing. */
function rightFindings({ name, tags }: User, state: BrokerState, wish: BrokerWish): Finding[] {
  const next = `run \`rabbitmqctl delete_user ${name}\`; a node gets its user back by its next hello, others by \`muster broker setup\``;
  const wide = (what: string): Finding => ({ code: 'TOO_WIDE', severity: 'high', what, next });
  const possible = possibleGrants(name, tags, wish);
  return state.permissions
    .filter((permission) => permission.user === name)
    .flatMap((permission): Finding[] => {
      const { vhost, configure, write, read } = permission;
      if (vhost !== wish.vhost) return [wide(`the user ${name} has rights on the virtual host ${vhost} too`)];
      const grants = possible.filter(
        (grant) => grant.configure === configure && grant.write === write && grant.read === read,
      );
      if (grants.length === 0)
        return [
          wide(
            `the user ${name} has rights that setup never gives: write ${write}, read ${read}, configure ${configure}`,
          ),
        ];
      const topics = state.topics.filter((topic) => topic.user === name && topic.vhost === vhost);
      if (grants.some((grant) => sameTopics(grant, topics))) return [];
      return [
        wide(
          `the user ${name} may use keys that are not its own: its topic permissions are not those of setup`,
        ),
      ];
    });
}

function sameTopics({ topics: wanted }: Grant, found: BrokerState['topics']): boolean {
  return wanted.every((topic) =>
    found.some(
      (one) => one.exchange === topic.exchange && one.write === topic.write && one.read === topic.read,
    ),
  );
}

function possibleGrants(name: string, tags: readonly string[], { collectives }: BrokerWish): Grant[] {
  if (tags.includes('muster_hello')) return [helloGrant()];
  if (tags.includes('muster_controller')) return [controllerGrant(name, collectives)];
  if (tags.includes('muster_operator')) return [operatorGrant(name, collectives)];
  if (tags.includes('muster_node')) return subsets(collectives).map((some) => nodeGrant(name, some));
  return [];
}

function subsets(names: readonly string[]): string[][] {
  const [first, ...rest] = names;
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((some) => [some, [first, ...some]]);
}

function limitFindings({ name, tags }: User, { limits }: BrokerState): Finding[] {
  const kind = Object.keys(USER_LIMITS).find((tag) => tags.includes(tag));
  if (kind === undefined || limits === null) return [];
  const own = limits.find((limit) => limit.user === name)?.value;
  if (own !== undefined && 'max-connections' in own && 'max-channels' in own) return [];
  return [
    {
      code: 'USER_UNLIMITED',
      severity: kind === 'muster_hello' ? 'medium' : 'low',
      what: `the user ${name} may open any number of connections`,
      next: 'run `muster broker setup`; a node gets its limit by its next hello',
    },
  ];
}
