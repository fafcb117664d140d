import assert from 'node:assert/strict';
import type { ServiceEndpoints } from '@tessera/api';
import { Zone } from './zone.js';

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
    ports: [],
    ingress: [],
    endpoints: addresses.map((address, index) => ({ taskId: `t${index}`, nodeId: 'n1', slot: index + 1, address })),
    ...extra,
  };
}

const added = (services: readonly ServiceEndpoints[]) => services.map((after) => ({ id: after.id, before: undefined, after }));

function zoneOf(...services: ServiceEndpoints[]): Zone {
  const zone = new Zone();
  zone.change(added(services));
  return zone;
}

const addresses = (zone: Zone, networks: string[], name: string) => zone.lookUp(networks, name)?.addresses;

describe('the zone of a network', () => {
  const web = service('web', 'front', ['10.0.0.2', '10.0.0.3'], {
    aliases: ['WWW'],
    vip: '10.0.15.9',
    ports: [
      { name: 'HTTP', protocol: 'tcp', target: 80 },
      { protocol: 'udp', target: 53 },
    ],
  });
  const zone = zoneOf(web, service('db', 'back', []), service('web', 'back', ['10.9.0.2']));

  for (const name of ['web', 'shop_web', 'web.shop', 'www', 'WEB', 'web.']) {
    it('tells only names with the stack in them on a network that many stacks share', () => {
      const shared = zoneOf(service('web', 'http', ['10.1.0.2'], { aliases: ['www'], qualified: true }));
      for (const name of ['shop_web', 'tasks.shop_web', 'web.shop'])
        assert.deepEqual(addresses(shared, ['http'], name), ['10.1.0.2'], name);
      for (const name of ['web', 'www', 'tasks.web']) assert.equal(addresses(shared, ['http'], name), undefined, name);
    });

    it(`answers ${name} with the virtual address`, () => assert.deepEqual(addresses(zone, ['front'], name), ['10.0.15.9']));
    it(`answers tasks.${name} with the addresses of all tasks`, () =>
      assert.deepEqual(addresses(zone, ['front'], `tasks.${name}`), ['10.0.0.2', '10.0.0.3']));
    it(`answers 2.${name} with that replica alone`, () => assert.deepEqual(addresses(zone, ['front'], `2.${name}`), ['10.0.0.3']));
  }

  it('takes tasks over before the kernel does, but no virtual address that is new', () => {
    const early = zoneOf(web);
    const moved = service('db', 'front', ['10.0.0.9'], { vip: '10.0.15.7' });
    early.changeKnown(added([{ ...web, endpoints: web.endpoints.slice(0, 1) }, moved, service('plain', 'front', ['10.0.0.8'])]));
    assert.deepEqual(addresses(early, ['front'], 'tasks.web'), ['10.0.0.2']);
    assert.deepEqual(addresses(early, ['front'], 'plain'), ['10.0.0.8']);
    assert.equal(addresses(early, ['front'], 'db'), undefined);
    early.changeKnown(added([{ ...web, vip: '10.0.15.8' }]));
    assert.deepEqual(addresses(early, ['front'], 'web'), ['10.0.15.9']);
    early.change(added([{ ...web, vip: '10.0.15.8' }]));
    assert.deepEqual(addresses(early, ['front'], 'web'), ['10.0.15.8']);
  });

  it('answers a service that has no virtual address with its tasks', () =>
    assert.deepEqual(addresses(zone, ['back'], 'web'), ['10.9.0.2']));

  it('knows a replica that is not there at the moment, with no address', () => assert.deepEqual(addresses(zone, ['front'], '3.web'), []));

  it('does not know what merely ends like one of its names', () => {
    for (const name of ['x.web', 'tasks.web.example', '_http.web', 'web.example'])
      assert.equal(zone.lookUp(['front'], name), undefined, name);
  });

  it('tells where each task listens by the name or the number of a port', () => {
    const records = [
      { target: '1.web', addresses: ['10.0.0.2'], port: 80 },
      { target: '2.web', addresses: ['10.0.0.3'], port: 80 },
    ];
    for (const name of ['_http._tcp.web', '_80._tcp.web', '_HTTP._TCP.tasks.web'])
      assert.deepEqual(zone.lookUp(['front'], name)?.records, records, name);
    assert.deepEqual(zone.lookUp(['front'], '_53._udp.web.shop')?.records[0], { target: '1.web.shop', addresses: ['10.0.0.2'], port: 53 });
    assert.deepEqual(zone.lookUp(['front'], '_80._udp.web')?.records, []);
  });

  it('names tasks of global services by their ids', () => {
    const endpoints = [{ taskId: 'abc', nodeId: 'n1', address: '10.0.0.7' }];
    const global = zoneOf({ ...web, endpoints });
    assert.equal(global.lookUp(['front'], '_http._tcp.web')?.records[0]?.target, 'abc.web');
    assert.deepEqual(addresses(global, ['front'], 'abc.web'), ['10.0.0.7']);
  });

  it('knows a service without ready tasks, with no address', () => assert.deepEqual(addresses(zone, ['back'], 'db'), []));

  it('keeps networks apart', () => {
    assert.equal(zone.lookUp(['front'], 'db'), undefined);
    assert.deepEqual(addresses(zone, ['back'], 'tasks.web'), ['10.9.0.2']);
  });

  it('looks through the networks of the asker in their order', () => {
    assert.deepEqual(addresses(zone, ['front', 'back'], 'web'), ['10.0.15.9']);
    assert.deepEqual(addresses(zone, ['front', 'back'], 'db'), []);
  });

  it('joins services that share an alias', () => {
    const shared = zoneOf({ ...web, aliases: ['all'] }, service('api', 'front', ['10.0.0.8'], { aliases: ['all'] }));
    assert.deepEqual(addresses(shared, ['front'], 'all'), ['10.0.15.9', '10.0.0.8']);
  });

  it('forgets a service that is gone and takes over one that has changed (moby/moby 42833: stale names)', () => {
    const db = service('db', 'front', ['10.0.0.5']);
    const changing = zoneOf(web, db);
    changing.change([...added([service('web', 'front', ['10.0.0.9'], { aliases: ['w2'] })]), { id: db.id, before: db, after: undefined }]);
    assert.deepEqual(addresses(changing, ['front'], 'w2'), ['10.0.0.9']);
    for (const name of ['www', 'db']) assert.equal(changing.lookUp(['front'], name), undefined, name);
  });
});
