import assert from 'node:assert/strict';
import { defaultService, formatRange, type Network, parseIpv4, parseRange, rangeSize, type Service, type Vip } from '@tessera/api';
import fc from 'fast-check';
import { divisionOf } from '../model/subnet.js';
import { IndexedView } from '../model/view.js';
import type { Change } from './plan.js';
import { planVips } from './vips.js';

const meta = { revision: 1, createdAt: 0, updatedAt: 0 };
const network: Network = {
  id: 'net',
  ...meta,
  spec: { name: 'shop_net', labels: {}, driver: 'overlay', driverOptions: {}, internal: false, attachable: false, ipv6: false },
  allocation: { subnet: '10.9.0.0/24', vni: 1 },
};
const range = parseRange('10.9.0.240/28')!;

function service(id: string, change: (service: Service) => void = () => {}): Service {
  const spec = defaultService(id, 'app:1');
  spec.template.networks = [{ network: 'shop_net', aliases: [] }];
  const made: Service = { id, ...meta, spec, specRevision: 1, templateHash: 'h', ports: [] };
  change(made);
  return made;
}

class World {
  readonly view = new IndexedView();
  #revision = 1;

  put(kind: 'services' | 'vips', object: Service | Vip): void {
    const revision = ++this.#revision;
    this.view.apply({ kind, id: object.id, object: { ...object, revision }, revision } as Parameters<IndexedView['apply']>[0]);
  }

  remove(kind: 'services' | 'vips', id: string): void {
    this.view.apply({ kind, id, object: undefined, revision: ++this.#revision });
  }

  /** Carries a plan out, and expects the next one to be empty. @returns what it said. */
  settle(): { changes: Change[]; problems: string[] } {
    const plan = planVips(this.view, network, range, 7);
    for (const change of plan.changes) {
      if (change.type === 'delete') this.remove('vips', change.id);
      else {
        assert.equal(this.view.get('vips', change.object.id), undefined, 'an address is given out twice');
        this.put('vips', change.object as Vip);
      }
    }
    assert.deepEqual(planVips(this.view, network, range, 8).changes, []);
    return plan;
  }

  addresses(): Record<string, string> {
    return Object.fromEntries([...this.view.vipsOfNetwork('net')].map((vip) => [vip.serviceId, vip.address]));
  }
}

describe('the range of virtual addresses', () => {
  const of = (subnet: string): string | undefined => {
    const { vips } = divisionOf(subnet)!;
    return vips && formatRange(vips);
  };

  it('is the top sixteenth of a large subnet', () => assert.equal(of('10.128.0.0/18'), '10.128.60.0/22'));
  it('is one block of a small one', () => assert.equal(of('10.9.0.0/26'), '10.9.0.56/29'));
  it('is nothing where the subnet has one or two blocks', () =>
    assert.deepEqual([of('10.9.0.0/28'), of('10.9.0.0/29')], [undefined, undefined]));

  it('begins where the last block of nodes ends', () => {
    for (let prefix = 8; prefix <= 27; prefix++) {
      const { vips, range: subnet, blocks, prefix: blockPrefix } = divisionOf(`10.0.0.0/${prefix}`)!;
      assert.ok(vips && blocks >= 1);
      assert.equal(vips.base, subnet.base + blocks * rangeSize(blockPrefix));
      assert.equal(vips.base + rangeSize(vips.prefix), subnet.base + rangeSize(prefix));
    }
  });
});

describe('planning virtual addresses', () => {
  it('gives one to each service of the network that wants one', () => {
    const world = new World();
    world.put('services', service('web'));
    world.put(
      'services',
      service('own', (one) => Object.assign(one.spec, { endpointMode: 'dnsrr' })),
    );
    world.put(
      'services',
      service('job', (one) => Object.assign(one.spec, { mode: { kind: 'global-job' } })),
    );
    world.put(
      'services',
      service('elsewhere', (one) => Object.assign(one.spec.template, { networks: [] })),
    );
    world.settle();
    assert.deepEqual(Object.keys(world.addresses()), ['web']);
  });

  it('takes it back when the service is removed or wants none any more', () => {
    const world = new World();
    for (const id of ['web', 'db', 'api']) world.put('services', service(id));
    world.settle();
    const { api } = world.addresses();
    world.remove('services', 'web');
    world.put(
      'services',
      service('db', (one) => Object.assign(one.spec, { endpointMode: 'dnsrr' })),
    );
    world.settle();
    assert.deepEqual(world.addresses(), { api });
  });

  it('says which services got none when they are used up, and gives them one when there is one again', () => {
    const world = new World();
    for (let number = 10; number < 27; number++) world.put('services', service(`s${number}`));
    const { problems } = world.settle();
    assert.equal(Object.keys(world.addresses()).length, 15);
    assert.equal(problems.length, 2);
    assert.match(problems[0] ?? '', /network shop_net has no virtual address left for service s2\d: all 15 are taken/);
    for (const id of ['s10', 's11']) world.remove('services', id);
    assert.deepEqual(world.settle().problems, []);
  });

  it('keeps one of two addresses of the same service, and takes back what lies outside of the range', () => {
    const world = new World();
    world.put('services', service('web'));
    for (const address of ['10.9.0.241', '10.9.0.242', '10.9.0.7'])
      world.put('vips', { id: `netv${parseIpv4(address)}`, ...meta, networkId: 'net', serviceId: 'web', address });
    world.settle();
    assert.deepEqual(world.addresses(), { web: '10.9.0.241' });
  });

  it('gives no address twice, keeps those that are in use, and never the broadcast address', () => {
    const step = fc.record({ add: fc.boolean(), id: fc.integer({ min: 10, max: 40 }) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const world = new World();
        for (const { add, id } of steps) {
          const before = world.addresses();
          if (add) world.put('services', service(`s${id}`));
          else if (world.view.get('services', `s${id}`)) world.remove('services', `s${id}`);
          world.settle();
          const after = world.addresses();
          for (const [key, address] of Object.entries(after)) assert.ok(before[key] === undefined || before[key] === address);
          assert.equal(new Set(Object.values(after)).size, Object.keys(after).length);
          assert.ok(!Object.values(after).includes('10.9.0.255'));
        }
      }),
    );
  });
});
