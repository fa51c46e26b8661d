import { describe, expect, test } from 'vitest';
import { linkSubnet, pickSubnet } from '../../../infra/lab/subnet.ts';

describe('the link between host and lab', () => {
  test('takes the first /30 of 100.127.0.0/16 on a host that uses none of it', () => {
    expect(pickSubnet(['192.0.2.2/24', '10.0.0.0/8'])).toEqual({
      index: 0,
      hostAddress: '100.127.0.1',
      labAddress: '100.127.0.2',
    });
  });

  test('leaves out what another lab or a route covers, whatever its size', () => {
    expect(pickSubnet(['100.127.0.1/30', '100.127.0.4'])?.index).toBe(2);
    expect(pickSubnet(['100.127.0.0/24'])?.hostAddress).toBe('100.127.1.1');
  });

  test('gives up when the whole range is taken', () => {
    expect(pickSubnet(['100.64.0.0/10'])).toBeUndefined();
  });

  test('has two usable addresses in every /30', () => {
    expect(linkSubnet(16_383)).toEqual({
      index: 16_383,
      hostAddress: '100.127.255.253',
      labAddress: '100.127.255.254',
    });
  });
});
