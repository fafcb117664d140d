import assert from 'node:assert/strict';
import type { ServiceEndpoints } from '@tessera/api';
import { buildZone, lookUp } from './zone.js';

function service(shortName: string, networkId: string, addresses: string[], extra: Partial<ServiceEndpoints> = {}): ServiceEndpoints {
  return {
    id: `${shortName}n${networkId}`,
    serviceId: shortName,
    serviceName: `shop_${shortName}`,
    shortName,
    stack: 'shop',
    networkId,
    aliases: [],
    endpointMode: 'vip',
    ingress: [],
    endpoints: addresses.map((address, index) => ({ taskId: `t${index}`, nodeId: 'n1', slot: index + 1, address })),
    ...extra,
  };
}

describe('the zone of a network', () => {
  const zone = buildZone([
    service('web', 'front', ['10.0.0.2', '10.0.0.3'], { aliases: ['WWW'] }),
    service('db', 'back', []),
    service('web', 'back', ['10.9.0.2']),
  ]);

  for (const name of ['web', 'shop_web', 'web.shop', 'www', 'WEB', 'web.', 'tasks.web', 'tasks.shop_web']) {
    it(`answers ${name} with the addresses of the ready tasks`, () =>
      assert.deepEqual(lookUp(zone, ['front'], name), ['10.0.0.2', '10.0.0.3']));
  }

  it('answers <slot>.<service> with that replica alone', () => {
    assert.deepEqual(lookUp(zone, ['front'], '2.web'), ['10.0.0.3']);
    assert.equal(lookUp(zone, ['front'], '3.web'), undefined);
  });

  it('knows a service without ready tasks, with no address', () => assert.deepEqual(lookUp(zone, ['back'], 'db'), []));

  it('keeps networks apart', () => {
    assert.equal(lookUp(zone, ['front'], 'db'), undefined);
    assert.deepEqual(lookUp(zone, ['back'], 'web'), ['10.9.0.2']);
  });

  it('looks through the networks of the asker in their order', () => {
    assert.deepEqual(lookUp(zone, ['front', 'back'], 'web'), ['10.0.0.2', '10.0.0.3']);
    assert.deepEqual(lookUp(zone, ['front', 'back'], 'db'), []);
  });
});
