import { beforeAll, expect, test } from 'vitest';
import { checkPlan } from '../../../src/controller/check-plugins.ts';
import { readRecipients } from '../../../src/controller/recipients.ts';
import { planSchema } from '../../../src/core/config/plan.ts';
import { MusterError } from '../../../src/core/errors.ts';
import { nearest } from '../../../src/core/nearest.ts';
import type { Step } from '../../../src/core/step.ts';
import { ownSteps } from '../../kit/run-fakes.ts';
import { fakeNotifier } from '../../kit/run-notifier.ts';

let steps: Map<string, Step>;
beforeAll(async () => {
  steps = await ownSteps();
});

test("the ancestor's map of booleans is a plan in the ancestor's order, and all of its steps are there", () => {
  const map = {
    puppet_final_run: true,
    lock: true,
    set_puppet_hostname: true,
    clean_node_certname: true,
    send_node_csr: true,
    sign_node_csr: true,
    puppet_bootstrap_stage: true,
    puppet_daemonize: false,
    unlock: true,
    notify: true,
  };
  const plan = planSchema.parse(map);
  expect(plan.map(({ step }) => step)).toEqual([
    'lock',
    'set_puppet_hostname',
    'clean_node_certname',
    'send_node_csr',
    'sign_node_csr',
    'puppet_bootstrap_stage',
    'puppet_final_run',
    'disable',
  ]);
  expect(() => checkPlan(plan, steps)).not.toThrow();
});

test('an unknown step is named with its entry and the nearest known one', () => {
  const plan = planSchema.parse(['lock', 'sing_node_csr']);
  expect(() => checkPlan(plan, steps)).toThrow(
    "plan[1]: there is no step 'sing_node_csr' (did you mean 'sign_node_csr'?); there are ",
  );
});

test('an unknown option is named with the nearest known one', () => {
  const plan = planSchema.parse([{ set_puppet_hostname: { ipadress_fact: 'x' } }]);
  expect(() => checkPlan(plan, steps, 'groups.web.plan')).toThrow(
    "groups.web.plan[0].set_puppet_hostname.ipadress_fact: unknown option (did you mean 'ipaddress_fact'?); known here: ",
  );
});

test('nearest gives nothing when nothing is near', () => {
  expect(nearest('zzzzzzzz', ['lock', 'unlock'])).toBeUndefined();
});

test('a recipient is named by its place, and its URL is masked', () => {
  const notifiers = new Map([['fake', fakeNotifier('fake')]]);
  const read = (recipients: string[]) => readRecipients({ recipients, options: {} }, notifiers);
  expect([...read(['fake://user:secret@host/path']).values()][0]?.masked).toBe('fake://user:***@host/path');
  expect(() => read(['fake://ok', 'fax://x'])).toThrow(/notify\.recipients\[1\]: there is no notifier 'fax'/);
  const refusing = {
    ...fakeNotifier('fake'),
    check: () => {
      throw new MusterError('CONFIG_INVALID', 'no room given');
    },
  };
  expect(() =>
    readRecipients({ recipients: ['fake://u:secret@h'], options: {} }, new Map([['fake', refusing]])),
  ).toThrow('notify.recipients[0] (fake://u:***@h): no room given');
});
