import { join } from 'node:path';
import type { DataValue } from '../src/core/data.ts';
import { asMusterError } from '../src/core/errors.ts';
import type { DataCall, FilterSubject } from '../src/core/filter/ast.ts';
import { withAnswers } from '../src/core/filter/evaluate.ts';
import type { Log } from '../src/core/log.ts';
import { type PolicyGroups, parseGroups } from '../src/trust/policy/callers.ts';
import { type Decision, decide, type PolicyAttempt } from '../src/trust/policy/decide.ts';
import { type Policy, parsePolicy } from '../src/trust/policy/parse.ts';
import { readIfThereNow } from './files.ts';

/** Where policies come from. */
export interface PolicyOptions {
  readonly dir: string;
  /** Muster's own, by name without `.policy`. */
  readonly builtIn: Readonly<Record<string, string>>;
  readonly enableDefault: boolean;
  readonly allowUnconfigured: boolean;
  /** Name and agents of this node, for conditions on them. */
  readonly node: Pick<FilterSubject, 'identity' | 'agents'>;
  /** Asks a data plug-in of this node. */
  readonly data: (call: DataCall) => Promise<DataValue | null>;
  readonly log: Log;
}

/** Who wants to do what here; facts and classes are the node's own. */
type Asked = Omit<PolicyAttempt, 'identity' | 'agents' | 'data'>;

/** What the policies of this node say, and the file that says it. */
export interface NodeDecision extends Decision {
  readonly file: string;
}

/** The policies of this node, read anew for each decision: a changed file holds at once. */
export interface Policies {
  /** Never throws: what cannot be read denies. */
  decide(agent: string, attempt: Asked): Promise<NodeDecision>;
}

interface Source {
  readonly file: string;
  readonly text: string;
}

interface Parsed extends Source {
  readonly groupsText: string;
  readonly policy: Policy;
}

const DEFAULT = 'default';
const UNCONFIGURED = 'unconfigured';

/**
 * The first that is there decides: the site's `AGENT.policy`, Muster's own for the agent, the site's `default.policy`,
 * Muster's own default. *Source:* ActionPolicy (policies folder, default policy, allow_unconfigured, groups file).
 */
export function createPolicies(options: PolicyOptions): Policies {
  const parsed = new Map<string, Parsed>();
  const parse = (source: Source, groupsText: string): Policy => {
    const known = parsed.get(source.file);
    if (known?.text === source.text && known.groupsText === groupsText) return known.policy;
    const policy = parseBoth(source.text, groupsText);
    parsed.set(source.file, { ...source, groupsText, policy });
    for (const problem of policy.problems)
      options.log.error({ file: source.file, ...problem }, 'the policy has an error: it denies everything');
    return policy;
  };
  return {
    async decide(agent, attempt) {
      let file = join(options.dir, `${agent}.policy`);
      try {
        const source = sourceOf(agent, options);
        ({ file } = source);
        const groups = readIfThereNow(join(options.dir, 'groups')) ?? '';
        const policy = parse(source, groups);
        const decision = await withAnswers(
          (data, wants) => decide(policy, { ...options.node, ...attempt, data }, wants),
          (call) => askedSafely(call, options),
        );
        return { ...decision, file };
      } catch (cause) {
        const reason = `the policy cannot be read, so all is denied: ${asMusterError(cause).message}`;
        return { verdict: 'deny', line: null, text: null, reason, file };
      }
    },
  };
}

/** A plug-in that cannot tell is no reason to let anybody in: the decision knows how to go on. */
async function askedSafely(call: DataCall, { data, log }: PolicyOptions): Promise<DataValue | null> {
  return data(call).catch((cause: unknown) => {
    log.warn(
      { data: call.name, err: asMusterError(cause).message },
      'a data plug-in could not tell a policy',
    );
    return null;
  });
}

function sourceOf(agent: string, options: PolicyOptions): Source {
  const { dir, builtIn, enableDefault, allowUnconfigured } = options;
  const fromSite = (name: string): Source | null => {
    const file = join(dir, `${name}.policy`);
    const text = readIfThereNow(file);
    return text === null ? null : { file, text };
  };
  const own = (name: string): Source | null => {
    const text = Object.hasOwn(builtIn, name) ? builtIn[name] : undefined;
    return text === undefined ? null : { file: `built-in/${name}.policy`, text };
  };
  const reserved = agent === DEFAULT || agent === UNCONFIGURED;
  return (
    fromSite(agent) ??
    (reserved ? null : own(agent)) ??
    (enableDefault ? fromSite(DEFAULT) : null) ??
    own(allowUnconfigured ? UNCONFIGURED : DEFAULT) ?? { file: 'built-in', text: '' }
  );
}

/** A groups file with an error denies too: a group may have lost members that a deny line counts on. */
function parseBoth(text: string, groupsText: string): Policy {
  const { groups, problems }: { groups: PolicyGroups; problems: Policy['problems'] } =
    parseGroups(groupsText);
  const policy = parsePolicy(text, groups);
  if (problems.length === 0 || !usesGroups(policy)) return policy;
  const named = problems.map((problem) => ({ ...problem, message: `the file 'groups': ${problem.message}` }));
  return { ...policy, problems: [...policy.problems, ...named] };
}

function usesGroups(policy: Policy): boolean {
  return (
    policy.problems.length > 0 ||
    policy.rules.some(({ callers }) => callers.some(({ text }) => /^[\w.-]+$/.test(text)))
  );
}
