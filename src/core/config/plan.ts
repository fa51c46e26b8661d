import { z } from 'zod';
import { word } from '../names.ts';

/** One entry of a plan: the step's name and its options, not yet checked against the step. */
export interface PlanEntry {
  readonly step: string;
  readonly options: Readonly<Record<string, unknown>>;
}

/** Order of the steps of the provisioner of 2010, whose config is a map of booleans. *Source:* mcollective-server-provisioner, runner.rb. */
const ANCESTOR_ORDER = [
  'lock',
  'set_puppet_hostname',
  'clean_node_certname',
  'send_node_csr',
  'sign_node_csr',
  'puppet_bootstrap_stage',
  'puppet_final_run',
  'puppet_daemonize',
  'disable',
];

const listForm = z.array(z.union([word, z.record(word, z.record(z.string(), z.unknown()))])).min(1);
const ancestorForm = z.partialRecord(z.enum([...ANCESTOR_ORDER, 'unlock', 'notify']), z.boolean());

/** The plan in either form, as a list of entries. The ancestor always ended with disable, and notify is no step here. */
export const planSchema = z.union([listForm, ancestorForm]).transform((value, context): PlanEntry[] => {
  if (!Array.isArray(value)) {
    const map: Partial<Record<string, boolean>> = { disable: true, ...value };
    return ANCESTOR_ORDER.filter((step) => map[step] === true).map((step) => ({ step, options: {} }));
  }
  return value.map((entry, index) => {
    if (typeof entry === 'string') return { step: entry, options: {} };
    const [first, ...others] = Object.entries(entry);
    if (first === undefined || others.length > 0) {
      context.addIssue({
        code: 'custom',
        path: [index],
        message: 'one step an entry: `name` or `name: {options}`',
      });
      return { step: '', options: {} };
    }
    return { step: first[0], options: first[1] };
  });
});
