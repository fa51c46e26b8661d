import { describe, expect, test } from 'vitest';
import { planSchema } from '../../../../src/core/config/plan.ts';

const steps = (value: unknown) => planSchema.parse(value).map(({ step }) => step);

describe('a plan as a list', () => {
  test('keeps its order, and takes names and names with options', () => {
    expect(
      planSchema.parse(['lock', { set_puppet_hostname: { ipaddress_fact: 'ec2_local_ipv4' } }, 'disable']),
    ).toEqual([
      { step: 'lock', options: {} },
      { step: 'set_puppet_hostname', options: { ipaddress_fact: 'ec2_local_ipv4' } },
      { step: 'disable', options: {} },
    ]);
  });

  test('takes steps of a site, whose names it cannot know', () => {
    expect(steps(['lock', 'register_in_cmdb'])).toEqual(['lock', 'register_in_cmdb']);
  });

  test.each([
    ['no step', []],
    ['an entry without a step', ['lock', {}]],
    ['two steps in one entry', [{ lock: {}, disable: {} }]],
    ['a name that is none', ['Lock!']],
    ['options that are no map', [{ lock: true }]],
    ['a number', [7]],
    ['a text', 'lock'],
    ['nothing', null],
  ])('with %s is refused', (_title, value) => {
    expect(planSchema.safeParse(value).success).toBe(false);
  });

  test('says which entry is wrong', () => {
    const issues = planSchema.safeParse(['lock', {}]).error?.issues ?? [];
    expect(issues).toMatchObject([{ path: [1], message: expect.stringContaining('one step an entry') }]);
  });
});

describe('a plan as the map of booleans of the provisioner of 2010', () => {
  const all = {
    lock: true,
    set_puppet_hostname: true,
    clean_node_certname: true,
    send_node_csr: true,
    sign_node_csr: true,
    puppet_bootstrap_stage: true,
    puppet_final_run: true,
    puppet_daemonize: true,
    unlock: true,
    notify: true,
  };

  test('has the order of that provisioner, whatever the order of its keys', () => {
    const reversed = Object.fromEntries(Object.entries(all).reverse());
    expect(steps(reversed)).toEqual([
      'lock',
      'set_puppet_hostname',
      'clean_node_certname',
      'send_node_csr',
      'sign_node_csr',
      'puppet_bootstrap_stage',
      'puppet_final_run',
      'puppet_daemonize',
      'disable',
    ]);
  });

  test('leaves out what is false or not there, and always ends with disable', () => {
    expect(steps({ lock: true, puppet_daemonize: false, puppet_final_run: true })).toEqual([
      'lock',
      'puppet_final_run',
      'disable',
    ]);
    expect(steps({})).toEqual(['disable']);
  });

  test('takes notify and unlock without a step for them', () => {
    expect(steps({ notify: true, unlock: true })).toEqual(['disable']);
  });

  test.each([
    ['an unknown step', { lock: true, dance: true }],
    ['a value that is no boolean', { lock: 'yes' }],
  ])('with %s is refused', (_title, value) => {
    expect(planSchema.safeParse(value).success).toBe(false);
  });
});
