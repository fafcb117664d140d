import assert from 'node:assert/strict';
import type { NetworkAssignment, ServiceEndpoints } from '@tessera/api';
import fc from 'fast-check';
import type { ServiceChange } from '../../../model/service-change.js';
import { networkOf, peersOf } from '../../../testing/builders.js';
import { IPV4, IPV6 } from '../family.js';
import { assignBuckets, BUCKETS } from './buckets.js';
import { type FragmentChanges, type Fragments, fragmentLines } from './fragment.js';
import { tableLines } from './skeleton.js';
import { TablePlanner } from './table-planner.js';

function network(vni: number, peers: number[] = [2]): NetworkAssignment {
  return networkOf(vni, { vips: `10.${vni}.240.0/20`, peers: peersOf(vni, ...peers) });
}

function service(vni: number, number: number, hosts: string[], extra: Partial<ServiceEndpoints> = {}): ServiceEndpoints {
  return {
    id: `s${number}nnet${vni}`,
    serviceId: `s${number}`,
    serviceName: `shop_s${number}`,
    shortName: `s${number}`,
    networkId: `net${vni}`,
    aliases: [],
    endpointMode: 'vip',
    vip: `10.${vni}.240.${number}`,
    ports: [],
    ingress: [],
    endpoints: hosts.map((host, index) => ({ taskId: `t${index}`, nodeId: 'n', slot: index + 1, address: `10.${vni}.${host}` })),
    ...extra,
  };
}

const web = { protocol: 'tcp', published: 8080, target: 80 } as const;
const changes = (before: readonly ServiceEndpoints[], after: readonly ServiceEndpoints[]): ServiceChange[] =>
  [...new Set([...before, ...after].map(({ id }) => id))].map((id) => ({
    id,
    before: before.find((one) => one.id === id),
    after: after.find((one) => one.id === id),
  }));
const fragmentsOf = (networks: NetworkAssignment[], services: ServiceEndpoints[], family = IPV4): Fragments => {
  const planner = new TablePlanner(family, '192.0.2.11');
  planner.change(networks, changes([], services));
  return planner.fragments;
};
const differing = (before: Fragments, after: Fragments): FragmentChanges =>
  new Map([...new Set([...before.keys(), ...after.keys()])].map((key) => [key, { before: before.get(key), after: after.get(key) }]));
const changesOf = (before: Fragments, after: Fragments): string[] => fragmentLines(IPV4, differing(before, after));
const linesOf = (...services: ServiceEndpoints[]): string[] => changesOf(new Map(), fragmentsOf([network(7)], services));
const rulesOf = (service: ServiceEndpoints, chain: string): string[] =>
  linesOf(service).flatMap((line) => line.split(`add rule ip tessera ${chain} `)[1] ?? []);

describe('the nftables table', () => {
  it('balances a virtual address over the tasks, whatever port and protocol', () => {
    const rules = rulesOf(service(7, 1, ['1.2', '2.2']), 'vip-10.7.240.1');
    assert.equal(rules[0], 'dnat ip to numgen random mod 2 map { 0 : 10.7.1.2, 1 : 10.7.2.2 } comment "shop_s1"');
  });

  it('sends a published port to the port of the tasks', () => {
    const rules = rulesOf(service(7, 1, ['1.2', '2.2'], { ingress: [web] }), 'port-tcp-8080');
    assert.equal(
      rules[0],
      'meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.7.1.2 . 80, 1 : 10.7.2.2 . 80 } comment "shop_s1"',
    );
  });

  it('sends a packet that finds the map of its rule gone to some task all the same', () => {
    const many = service(7, 1, ['1.2', '2.2'], { ingress: [web] });
    assert.deepEqual(rulesOf(many, 'vip-10.7.240.1').slice(1), ['dnat ip to 10.7.1.2 comment "while the map is replaced"']);
    assert.deepEqual(rulesOf(many, 'port-tcp-8080').slice(1), [
      'meta l4proto tcp dnat ip to 10.7.1.2:80 comment "while the map is replaced"',
    ]);
    assert.equal(rulesOf(service(7, 1, ['1.2']), 'vip-10.7.240.1').length, 1);
  });

  it('keeps a port on one address of the node apart', () => {
    const lines = linesOf(service(7, 1, ['1.2'], { ingress: [{ ...web, hostIp: '192.0.2.11' }] }));
    assert.ok(lines.includes('add element ip tessera hostports { 192.0.2.11 . tcp . 8080 : goto port-tcp-8080-192.0.2.11 }'));
    assert.ok(!lines.some((line) => line.startsWith('add element ip tessera ports')));
  });

  it('keeps the members of a network apart that has hubs, though it may have none of them at the moment', () => {
    const elements = (hubs: string[] | undefined) =>
      changesOf(new Map(), fragmentsOf([{ ...network(7), ...(hubs && { hubs }) }], [])).filter((line) => / (apart|hubs) /.test(line));
    assert.deepEqual(elements(undefined), []);
    assert.deepEqual(elements([]), ['add element ip tessera apart { "tsb7" }']);
    assert.deepEqual(elements(['10.7.1.2']), ['add element ip tessera apart { "tsb7" }', 'add element ip tessera hubs { 10.7.1.2 }']);
  });

  it('refuses ports and virtual addresses that nobody answers, in place of leading nowhere', () => {
    const lines = linesOf(service(7, 1, [], { ingress: [web, { ...web, published: 81, hostIp: '192.0.2.11' }] }));
    assert.ok(lines.includes('add element ip tessera closed { tcp . 8080 }'));
    assert.ok(lines.includes('add element ip tessera hostclosed { 192.0.2.11 . tcp . 81 }'));
    assert.ok(!lines.some((line) => /goto (vip|port)-/.test(line)));
  });

  it('notes which tasks of this node may be sent to themselves, and none of other nodes', () => {
    assert.ok(linesOf(service(7, 1, ['1.2', '2.2'])).includes('add element ip tessera hairpin { 10.7.1.2 . 10.7.1.2 }'));
  });

  it('gives tasks that are not ready traffic only while no other is there (moby/moby 35451: found before healthy)', () => {
    const joining = service(7, 1, ['1.2', '2.2']);
    joining.endpoints[0] = { ...(joining.endpoints[0] as ServiceEndpoints['endpoints'][number]), ready: false };
    assert.deepEqual(rulesOf(joining, 'vip-10.7.240.1'), ['dnat ip to 10.7.2.2 comment "shop_s1"']);
    const alone = { ...joining, endpoints: joining.endpoints.slice(0, 1) };
    assert.deepEqual(rulesOf(alone, 'vip-10.7.240.1'), ['dnat ip to 10.7.1.2 comment "shop_s1"']);
  });

  it('keeps clients in mind for a time, and forgets them when a task goes that they were sent to', () => {
    const sticky = { sticky: { keepMs: 60_000 }, ingress: [web] };
    const before = fragmentsOf([network(7)], [service(7, 1, ['1.2', '2.2'], sticky)]);
    const lines = changesOf(new Map(), before);
    assert.ok(lines.includes('add rule ip tessera port-tcp-8080 meta l4proto tcp dnat ip to ip saddr map @clients-s1nnet7 : 80'));
    assert.ok(lines.includes('add rule ip tessera record-s1nnet7 update @clients-s1nnet7 { ip saddr timeout 60s : ip daddr }'));
    const change = (hosts: string[]): string[] => changesOf(before, fragmentsOf([network(7)], [service(7, 1, hosts, sticky)]));
    assert.ok(!change(['1.2', '2.2', '2.3']).some((line) => line.startsWith('flush map')));
    assert.ok(change(['1.2']).includes('flush map ip tessera clients-s1nnet7'));
  });

  it('knows of each other node by which address of its tunnel a client from outside comes in through it', () => {
    const lines = changesOf(new Map(), fragmentsOf([network(7)], []));
    assert.ok(lines.includes('add element ip tessera vteps { "tsv7" . 02:54:0a:07:02:00 : 168231424 }'));
    assert.ok(lines.includes('add element ip tessera returns { "tsb7" . 168231424 }'));
    const inner = changesOf(new Map(), fragmentsOf([{ ...network(7), internal: true }], []));
    assert.ok(!inner.some((line) => /vteps|zones|returns/.test(line)));
  });

  it('takes from each interface of a network what has an address of the blocks behind it, and clients from outside through other nodes', () => {
    const rules = (chain: string, ...nets: NetworkAssignment[]): string[] => [
      ...(nets.flatMap((net) => fragmentsOf([net], []).get(`network ${net.id}`)?.chains[chain] ?? []) as string[]),
    ];
    const spoofed = 'counter drop comment "spoofed source"';
    assert.deepEqual(rules('from-tsb7', network(7)), ['ip saddr 10.7.1.0/24 accept', spoofed]);
    const [peers, clients, last] = rules('from-tsv7', network(7, [2, 3]));
    assert.deepEqual([peers, last], ['ip saddr { 10.7.2.0/24, 10.7.3.0/24 } accept', spoofed]);
    assert.match(clients ?? '', /^ip saddr != @overlay ct original zone set .* accept/);
    assert.deepEqual(rules('from-tsv7', { ...network(7, []), internal: true }), [spoofed]);
    assert.ok(linesOf().includes('add element ip tessera checks { "tsb7" : goto from-tsb7, "tsv7" : goto from-tsv7 }'));
  });

  it('tracks what clients from outside send through different nodes apart, whatever other nodes there are', () => {
    const zonesOf = (peers: number[]) => fragmentsOf([network(7, peers)], []).get('network net7')?.elements.zones;
    assert.deepEqual(zonesOf([3, 2]), ['"tsv7" . 02:54:0a:07:03:00 : 4', '"tsv7" . 02:54:0a:07:02:00 : 3']);
    assert.deepEqual(zonesOf([3]), ['"tsv7" . 02:54:0a:07:03:00 : 4']);
  });

  it('touches only what changed', () => {
    const planner = new TablePlanner(IPV4, '192.0.2.11');
    const net = network(7);
    const others = Array.from({ length: 50 }, (_, number) => service(7, number + 10, ['1.2']));
    const [before, after] = [service(7, 1, ['1.2'], { ingress: [web] }), service(7, 1, ['1.3'], { ingress: [web] })];
    planner.change([net], changes([], [...others, before]));
    assert.deepEqual(fragmentLines(IPV4, planner.change([net], changes([before], [after]))), [
      'delete element ip tessera hairpin { 10.7.1.2 . 10.7.1.2 }',
      'flush chain ip tessera vip-10.7.240.1',
      'flush chain ip tessera port-tcp-8080',
      'add rule ip tessera vip-10.7.240.1 dnat ip to 10.7.1.3 comment "shop_s1"',
      'add rule ip tessera port-tcp-8080 meta l4proto tcp dnat ip to 10.7.1.3:80 comment "shop_s1"',
      'add element ip tessera hairpin { 10.7.1.3 . 10.7.1.3 }',
    ]);
  });

  it('lets a port go from one service to another in one change', () => {
    const [a, b] = [service(7, 1, ['1.2'], { ingress: [web] }), service(7, 2, ['1.3'])];
    const [bare, taker] = [service(7, 1, ['1.2']), service(7, 2, ['1.3'], { ingress: [web] })];
    const kernel = new NftModel();
    const before = fragmentsOf([network(7)], [a, b]);
    kernel.run(changesOf(new Map(), before));
    kernel.run(changesOf(before, fragmentsOf([network(7)], [bare, taker])));
    assert.equal(kernel.sets.get('ports')?.get('tcp . 8080'), 'goto port-tcp-8080');
    assert.match(kernel.chains.get('port-tcp-8080')?.join() ?? '', /10\.7\.1\.3:80/);
  });

  it('comes by any change to what a whole load gives, and never points at what is not there (moby/moby 30134: stale balancing)', () => {
    const vnis = fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { maxLength: 4 });
    const stickiness = fc.constantFrom(undefined, {}, { keepMs: 5_000 });
    const one = fc.record({
      vni: fc.integer({ min: 1, max: 4 }),
      number: fc.integer({ min: 1, max: 5 }),
      hosts: fc.uniqueArray(fc.constantFrom('1.2', '1.3', '2.2', '2.3'), { maxLength: 4 }),
      published: fc.boolean(),
      sticky: stickiness,
    });
    const state = fc.record({ vnis, services: fc.uniqueArray(one, { selector: ({ vni, number }) => `${vni}/${number}`, maxLength: 8 }) });
    const made = ({ vnis: present, services }: typeof state extends fc.Arbitrary<infer T> ? T : never) => ({
      networks: present.map((vni) => network(vni)),
      services: services.map(({ vni, number, hosts, published, sticky }) =>
        service(
          vni,
          number,
          hosts.map((host) => `${host}${number}`),
          {
            ...(sticky && { sticky }),
            ingress: published ? [{ ...web, published: 8000 + vni * 10 + number }] : [],
          },
        ),
      ),
    });
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 4 }), (states) => {
        const planner = new TablePlanner(IPV4, '192.0.2.11');
        const kernel = new NftModel();
        let last: ReturnType<typeof made> = { networks: [], services: [] };
        for (const next of states.map(made)) {
          kernel.run(fragmentLines(IPV4, planner.change(next.networks, changes(last.services, next.services))));
          last = next;
        }
        const fresh = new NftModel();
        fresh.run(changesOf(new Map(), fragmentsOf(last.networks, last.services)));
        assert.deepEqual(kernel.contents(), fresh.contents());
      }),
    );
  });

  it('is a script of one table of its own', () => {
    const lines = tableLines(IPV4, fragmentsOf([network(7)], [service(7, 1, ['1.2'])]));
    assert.deepEqual(lines.slice(0, 3), ['table ip tessera', 'delete table ip tessera', 'table ip tessera {']);
    for (const line of lines.filter((one) => /^(add|flush|delete)/.test(one))) assert.match(line, /^\w+ \w+ ip tessera|^delete table/);
  });
});

describe('the nftables table of IPv6', () => {
  const dual: NetworkAssignment = { ...network(7), subnet6: 'fd00:0:0:7::/64' };
  const pair = service(7, 1, ['1.2', '2.2'], { vip6: 'fd00:0:0:7::f001', ingress: [web, { ...web, published: 81, hostIp: '192.0.2.11' }] });
  const balanced: ServiceEndpoints = {
    ...pair,
    endpoints: pair.endpoints.map((one, at) => ({ ...one, address6: `fd00:0:0:7::${at + 1}02` })),
  };
  const linesTo = (before: Fragments, after: Fragments): string[] => tableLines(IPV6, after, differing(before, after));
  const lines = (networks: NetworkAssignment[], services: ServiceEndpoints[]): string[] =>
    linesTo(new Map(), fragmentsOf(networks, services, IPV6));

  it('is not there while no network has IPv6, and goes with the last one', () => {
    assert.deepEqual(lines([network(7)], [balanced]), []);
    assert.deepEqual(linesTo(fragmentsOf([dual], [], IPV6), fragmentsOf([network(7)], [], IPV6)), [
      'table ip6 tessera',
      'delete table ip6 tessera',
    ]);
  });

  it('balances over the addresses of IPv6, published ports without an address among them', () => {
    const added = lines([dual], [balanced]);
    assert.ok(added.includes('add element ip6 tessera vips { fd00:0:0:7::f001 : goto vip-fd00_0_0_7__f001 }'));
    const choice = 'numgen random mod 2 map { 0 : fd00:0:0:7::102, 1 : fd00:0:0:7::202 }';
    assert.ok(added.includes(`add rule ip6 tessera vip-fd00_0_0_7__f001 dnat ip6 to ${choice} comment "shop_s1"`));
    assert.ok(added.includes('add element ip6 tessera ports { tcp . 8080 : goto port-tcp-8080 }'));
    assert.ok(!added.some((line) => line.startsWith('add element ip6 tessera hostports')));
  });

  it('writes an address with a port in brackets', () => {
    const one = { ...balanced, endpoints: balanced.endpoints.slice(0, 1) };
    assert.ok(
      lines([dual], [one]).includes(
        'add rule ip6 tessera port-tcp-8080 meta l4proto tcp dnat ip6 to [fd00:0:0:7::102]:80 comment "shop_s1"',
      ),
    );
  });

  it('refuses what no task with an address of IPv6 answers', () => {
    assert.ok(lines([dual], [pair]).includes('add element ip6 tessera closed { tcp . 8080 }'));
  });

  it('takes from the bridge its own block and what neighbours ask each other, and from the tunnel the blocks of the peers', () => {
    const added = lines([dual], []);
    const rules = (chain: string): string[] => added.flatMap((line) => line.split(`add rule ip6 tessera ${chain} `)[1] ?? []);
    assert.deepEqual(rules('from-tsb7').slice(0, 2), [
      'ip6 saddr fd00:0:0:7::100/120 accept',
      'ip6 saddr { ::, fe80::/10 } accept comment "neighbours"',
    ]);
    assert.equal(rules('from-tsv7')[0], 'ip6 saddr { fd00:0:0:7::200/120 } accept');
  });

  it('has the hubs of its own family', () => {
    const hubs = ['10.7.1.2', 'fd00:0:0:7::102'];
    assert.ok(lines([{ ...dual, hubs }], []).includes('add element ip6 tessera hubs { fd00:0:0:7::102 }'));
  });
});

describe('the buckets of sticky services', () => {
  const owners = (addresses: string[]): string[] =>
    assignBuckets(addresses).flatMap(({ first, last, address }) => new Array<string>(last - first + 1).fill(address));
  const ten = Array.from({ length: 10 }, (_, index) => `10.7.1.${index + 2}`);

  it('cover every client, in shares that are about equal', () => {
    const all = owners(ten);
    assert.equal(all.length, BUCKETS);
    for (const address of ten) {
      const share = all.filter((owner) => owner === address).length;
      assert.ok(share > 25 && share < 85, `${address} has ${share}`);
    }
  });

  it('change hands only where the task is the one that came or went', () => {
    const [before, after] = [owners(ten), owners(ten.slice(1))];
    for (const [bucket, owner] of before.entries()) if (owner !== ten[0]) assert.equal(after[bucket], owner);
  });

  it('do not depend on the order of the tasks', () => assert.deepEqual(owners(ten), owners([...ten].reverse())));
});

/** A model of the kernel that takes the lines of a script as strictly as nft does. */
class NftModel {
  readonly sets = new Map<string, Map<string, string>>();
  readonly chains = new Map<string, string[]>();
  readonly maps = new Set<string>();

  run(lines: readonly string[]): void {
    for (const line of lines) this.#one(line);
    for (const [set, elements] of this.sets)
      for (const [key, value] of elements)
        if (value.startsWith('goto ')) assert.ok(this.chains.has(value.slice(5)), `${set} ${key} leads to ${value}`);
    for (const rule of [...this.chains.values()].flat())
      for (const [, map = ''] of rule.matchAll(/@(clients-\S+)/g)) assert.ok(this.maps.has(map), `${rule} uses ${map}`);
  }

  contents(): unknown {
    const sorted = <T>(map: ReadonlyMap<string, T>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
    const sets = [...this.sets].map(([name, elements]) => [name, sorted(elements)] as const).filter(([, elements]) => elements.length > 0);
    return { sets: sorted(new Map(sets)), chains: sorted(this.chains), maps: [...this.maps].sort() };
  }

  #one(line: string): void {
    const [verb, noun, , , name = ''] = line.split(' ');
    const body = line.slice(line.indexOf(name) + name.length + 1);
    if (noun === 'element') this.#element(verb as string, name, body);
    else if (noun === 'map') this.#map(verb as string, name);
    else if (verb === 'add' && noun === 'rule') this.#chain(name).push(body);
    else if (verb === 'add') assert.ok(!this.chains.has(name) && this.chains.set(name, []), line);
    else if (verb === 'flush') this.#chain(name).length = 0;
    else assert.ok(this.#chain(name).length === 0 && this.#isUnused(name) && this.chains.delete(name), line);
  }

  #isUnused(chain: string): boolean {
    return ![...this.sets.values()].some((elements) => [...elements.values()].includes(`goto ${chain}`));
  }

  #chain(name: string): string[] {
    const chain = this.chains.get(name);
    assert.ok(chain, `there is no chain ${name}`);
    return chain;
  }

  #element(verb: string, set: string, body: string): void {
    let elements = this.sets.get(set);
    if (!elements) this.sets.set(set, (elements = new Map()));
    for (const element of body.slice(2, -2).split(', ')) {
      const [key = '', value = ''] = element.split(' : ');
      if (verb === 'delete') assert.ok(elements.delete(key), `${set} has no ${key}`);
      else {
        assert.ok(!elements.has(key), `${set} has ${key} already`);
        if (value.startsWith('goto ')) this.#chain(value.slice(5));
        elements.set(key, value);
      }
    }
  }

  #map(verb: string, name: string): void {
    if (verb === 'add') this.maps.add(name);
    else if (verb === 'delete') assert.ok(this.maps.delete(name), `there is no map ${name}`);
    else assert.ok(this.maps.has(name), `there is no map ${name}`);
  }
}
