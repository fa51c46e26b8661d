import { Refusal } from '../refusal.ts';
import { describeInstanceAttribute, getConsoleOutput } from './attribute.ts';
import type { Action } from './call.ts';
import { describeInstances } from './describe-instances.ts';
import { describeImages, describeRegions } from './fixed.ts';
import type { Form } from './form.ts';
import { rebootInstances, startInstances, stopInstances, terminateInstances } from './power-actions.ts';
import { runInstances } from './run-instances.ts';
import { createTags, deleteTags, describeTags } from './tags.ts';

const API_VERSION = '2016-11-15';
const ALWAYS_ACCEPTED = ['Action', 'Version', 'DryRun'];

const ACTIONS: ReadonlyMap<string, Action> = new Map([
  ['CreateTags', createTags],
  ['DeleteTags', deleteTags],
  ['DescribeImages', describeImages],
  ['DescribeInstanceAttribute', describeInstanceAttribute],
  ['DescribeInstances', describeInstances],
  ['DescribeRegions', describeRegions],
  ['DescribeTags', describeTags],
  ['GetConsoleOutput', getConsoleOutput],
  ['RebootInstances', rebootInstances],
  ['RunInstances', runInstances],
  ['StartInstances', startInstances],
  ['StopInstances', stopInstances],
  ['TerminateInstances', terminateInstances],
]);

/**
 * The action that a call names. A parameter that the local EC2 would overlook is refused, so that no test believes
 * that it had an effect.
 * @throws Refusal MissingAction, InvalidAction, NoSuchVersion, UnknownParameter
 */
export function chooseAction(form: Form): { name: string; action: Action } {
  const name = form.text('Action');
  if (name === undefined) throw new Refusal('MissingAction', 'The request must contain the parameter Action');
  const action = ACTIONS.get(name);
  if (!action) throw new Refusal('InvalidAction', `The action ${name} is not valid for this web service.`);
  const version = form.text('Version');
  if (version !== API_VERSION)
    throw new Refusal('NoSuchVersion', `The requested version (${version}) does not exist`);
  const accepted = new Set([...ALWAYS_ACCEPTED, ...action.accepts]);
  const unknown = [...form.roots()].find((root) => !accepted.has(root));
  if (unknown !== undefined) {
    throw new Refusal('UnknownParameter', `The parameter ${unknown} is not recognized by the local EC2`);
  }
  return { name, action };
}
