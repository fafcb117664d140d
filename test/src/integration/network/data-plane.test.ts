import assert from 'node:assert/strict';
import type { ServiceEndpoints } from '@tessera/api';
import { ipv6Beside } from '@tessera/api/net/ipv6';
import { assertMachineClean, type MachineSnapshot, snapshotMachine } from '../../support/leftovers.js';
import { NetLab, VNI } from '../../support/net-lab.js';
import { eventually } from '../../support/test-cluster.js';

const VIP = '10.7.240.1';
const UNSERVED_VIP = '10.7.240.9';
const IPV6_OF = (address: string): string => ipv6Beside({ subnet: '10.7.0.0/16', subnet6: 'fd00:0:0:7::/64' }, address);
const FLOW_PORT = 45_678;
/** A first packet without an answer is sent again after 1, 3 and 7 seconds. */
const RETRIES_S = 10;
/** Exit code of curl. */
const REFUSED = 7;
const READY_LIMIT_MS = 5_000;

function service(name: string, addresses: string[], extra: Partial<ServiceEndpoints>): ServiceEndpoints {
  const endpoints = addresses.map((address, index) => ({
    taskId: `t${index}`,
    nodeId: 'n',
    slot: index + 1,
    address,
    address6: IPV6_OF(address),
  }));
  const names = { id: `${name}nnet`, serviceId: name, serviceName: name, shortName: name, networkId: 'net' };
  return { ...names, aliases: [], endpointMode: 'vip', ports: [], ingress: [], endpoints, ...extra };
}

/** `published`: on node 2 only. `web`: one task on each node. */
const published = service('published', ['10.7.2.2'], {
  ingress: [
    { protocol: 'tcp', published: 8080, target: 80 },
    { protocol: 'udp', published: 8080, target: 7 },
    { protocol: 'tcp', published: 8081, target: 80, hostIp: '192.0.2.11' },
    { protocol: 'tcp', published: 8081, target: 80, hostIp: 'fd01::11' },
  ],
});
const web = service('web', ['10.7.1.2', '10.7.2.2'], { vip: VIP, vip6: IPV6_OF(VIP) });
const unserved = service('unserved', [], {
  vip: UNSERVED_VIP,
  vip6: IPV6_OF(UNSERVED_VIP),
  ingress: [{ protocol: 'tcp', published: 8099, target: 80 }],
});

/** What the agent plans for a node, in real kernels: three nodes, tasks c1 on n1 and c2 on n2, another container d1 on n1, and a client. */
describe('the data plane', () => {
  let lab: NetLab;
  let machine: MachineSnapshot;

  before(async () => {
    machine = await snapshotMachine();
    lab = await NetLab.create();
    await lab.apply([published, web, unserved]);
    await eventually(() => lab.ask('d1', 'http://10.7.2.2/'), 'the servers to answer', READY_LIMIT_MS);
  });

  after(async () => {
    await lab?.destroy();
    await assertMachineClean(machine, (line) => line.includes(`tslab${process.pid}`));
  });

  /** What the agent of a node does when a task is gone. */
  const forget = (node: string, address: string): Promise<string> => {
    const script = `const [{ forgetFlows }, { FAMILIES }] = [await import('@tessera/agent/overlay/conntrack'), await import('@tessera/agent/plan/network/family')];
      await forgetFlows(FAMILIES, (address) => address === '${address}');`;
    return lab.exec(node, process.execPath, '--input-type=module', '--eval', script);
  };

  /** Who answered and which address it saw. */
  const seen = async (from: string, url: string): Promise<string | undefined> => {
    const [server, , client] = (await lab.ask(from, url))?.split(' ') ?? [];
    return server && `${server} saw ${client}`;
  };

  /** How curl ends when nothing comes back for some seconds, or a refusal. */
  const refusal = (from: string, url: string): Promise<unknown> =>
    lab.exec(from, 'curl', '-s', '-m', '5', url).catch((error: { code?: number }) => error.code);

  const rows: Array<[string, string, string, string]> = [
    ['a client of the node that runs the task', 'client', 'http://192.0.2.12:8080/', 'c2 saw 192.0.2.50'],
    ['a client of another node', 'client', 'http://192.0.2.11:8080/', 'c2 saw 192.0.2.50'],
    ['a client of one address of a node', 'client', 'http://192.0.2.11:8081/', 'c2 saw 192.0.2.50'],
    ['a node that asks itself', 'n1', 'http://192.0.2.11:8080/', 'c2 saw 192.0.2.11'],
    ['a node that asks another one', 'n1', 'http://192.0.2.12:8080/', 'c2 saw 192.0.2.11'],
    ['a node that asks itself on localhost', 'n1', 'http://127.0.0.1:8080/', 'c2 saw 10.7.1.1'],
    ['a node that asks another one for its own task', 'n2', 'http://192.0.2.11:8080/', 'c2 saw 10.7.1.1'],
    ['a container of the network', 'd1', 'http://192.0.2.11:8080/', 'c2 saw 10.7.1.3'],
    ['the task itself, at its own node', 'c2', 'http://192.0.2.12:8080/', 'c2 saw 10.7.2.1'],
    ['the task itself, at another node', 'c2', 'http://192.0.2.11:8080/', 'c2 saw 10.7.1.1'],
    ['a client of the node that runs the task, by IPv6', 'client', 'http://[fd01::12]:8080/', 'c2 saw fd01::50'],
    ['a client of another node, by IPv6', 'client', 'http://[fd01::11]:8080/', 'c2 saw fd01::50'],
    ['a client of one address of a node, by IPv6', 'client', 'http://[fd01::11]:8081/', 'c2 saw fd01::50'],
    ['a node that asks itself, by IPv6', 'n1', 'http://[fd01::11]:8080/', 'c2 saw fd00:0:0:7::101'],
    ['a node that asks another one, by IPv6', 'n1', 'http://[fd01::12]:8080/', 'c2 saw fd01::11'],
    ['a node that asks another one for its own task, by IPv6', 'n2', 'http://[fd01::11]:8080/', 'c2 saw fd00:0:0:7::101'],
    ['a container of the network, by IPv6', 'd1', 'http://[fd01::11]:8080/', 'c2 saw fd00:0:0:7::103'],
    ['the task itself, at its own node, by IPv6', 'c2', 'http://[fd01::12]:8080/', 'c2 saw fd00:0:0:7::201'],
    ['the task itself, at another node, by IPv6', 'c2', 'http://[fd01::11]:8080/', 'c2 saw fd00:0:0:7::101'],
  ];
  for (const [who, from, url, expected] of rows)
    it(`serves ${who} at a published port`, async () => assert.equal(await seen(from, url), expected));

  it('refuses localhost by IPv6 at once, so that clients go on to that of IPv4 (moby/moby 53091)', async () => {
    assert.equal(await refusal('n1', 'http://[::1]:8080/'), REFUSED);
    assert.equal(await seen('n1', 'http://localhost:8080/'), 'c2 saw 10.7.1.1');
  });

  it('keeps connections apart that a client opens from one port to several nodes', async () => {
    const nodes = ['192.0.2.11', '192.0.2.13', '192.0.2.12'];
    for (const [hosts, port] of [
      [nodes, 41_001],
      [nodes.toReversed(), 41_002],
      // The first ones are closed, but not yet forgotten.
      [nodes, 41_002],
    ] as const) {
      const answers = await lab.askFromOnePort('client', hosts, 8080, port);
      assert.deepEqual(
        answers.map((answer) => answer.replace(/^(\S+) \S+/, '$1')),
        Array(6).fill('c2 192.0.2.50'),
      );
    }
  });

  it('keeps the address of a client also for datagrams (moby/moby 25526)', async () => {
    for (const node of ['192.0.2.11', '192.0.2.12'])
      assert.match((await lab.askDatagram('client', node, 8080)) ?? '', /^c2 \S+ 192\.0\.2\.50/);
    for (const node of ['fd01::11', 'fd01::12']) assert.match((await lab.askDatagram('client', node, 8080)) ?? '', /^c2 \S+ fd01::50/);
  });

  it('does not answer a port of one address on others (moby/moby 26696)', async () =>
    assert.equal(await seen('client', 'http://192.0.2.12:8081/'), undefined));

  it('balances a virtual address over all tasks, the one that asks included, and keeps the address of who asks', async () => {
    for (const [from, address] of [
      ['d1', '10.7.1.3'],
      ['c1', '10.7.1.2'],
    ] as const) {
      const answers = await Promise.all(Array.from({ length: 24 }, () => seen(from, `http://${VIP}/`)));
      const [byOther, bySelf] = [`c2 saw ${address}`, from === 'c1' ? 'c1 saw 10.7.1.1' : `c1 saw ${address}`];
      assert.deepEqual([...new Set(answers)].sort(), [bySelf, byOther].sort());
      const by6 = await Promise.all(Array.from({ length: 24 }, () => seen(from, `http://[${IPV6_OF(VIP)}]/`)));
      assert.deepEqual([...new Set(by6)].sort(), [bySelf, byOther].map((one) => one.replace(/10\..*/, IPV6_OF)).sort());
    }
    assert.match((await lab.askDatagram('d1', VIP, 7)) ?? '', /^c[12] \S+ 10\.7\.1\.3/);
  });

  it('refuses at once what no task serves', async () => {
    for (const [from, url] of [
      ['client', 'http://192.0.2.11:8099/'],
      ['d1', `http://${UNSERVED_VIP}/`],
      ['n1', `http://${UNSERVED_VIP}/`],
      ['client', 'http://[fd01::11]:8099/'],
      ['d1', `http://[${IPV6_OF(UNSERVED_VIP)}]/`],
      ['n1', `http://[${IPV6_OF(UNSERVED_VIP)}]/`],
    ] as const) {
      assert.equal(await refusal(from, url), REFUSED, `${from} at ${url}`);
    }
  });

  it('lets members of a network that keeps them apart reach hubs and be reached by them, and nobody else, on one node and across', async () => {
    const who = { d1: '10.7.1.3', c1: '10.7.1.2', c2: '10.7.2.2' };
    const reached = async (from: 'd1' | 'c1', to: string): Promise<boolean> => (await lab.ask(from, `http://${to}/`)) !== undefined;
    const way = async (from: 'd1' | 'c1', to: string): Promise<boolean> => {
      const both = await Promise.all([to, `[${IPV6_OF(to)}]`].map((address) => reached(from, address)));
      assert.equal(both[0], both[1], `${from} to ${to}, by IPv4 and IPv6`);
      return both.every(Boolean);
    };
    const ways = () => Promise.all([way('d1', who.c1), way('d1', who.c2), way('c1', who.c2)]);
    const only = (address: string) => ({ ...web, endpoints: web.endpoints.filter((endpoint) => endpoint.address === address) });
    await lab.apply([published, only(who.c2), unserved], { hubs: [who.d1, IPV6_OF(who.d1)] });
    assert.deepEqual([...(await ways()), await reached('d1', VIP), await reached('c1', VIP)], [true, true, false, true, false]);
    await lab.apply([published, only(who.c2), unserved], { hubs: [who.c2, IPV6_OF(who.c2)] });
    assert.deepEqual(await ways(), [false, true, true]);
    assert.equal(await seen('client', 'http://192.0.2.11:8080/'), 'c2 saw 192.0.2.50', 'published ports are not concerned');
    await lab.apply([published, web, unserved]);
    assert.deepEqual(await ways(), [true, true, true]);
  });

  it('does not let outsiders at virtual addresses', async () => {
    await lab.exec('client', 'ip', 'route', 'replace', '10.7.0.0/16', 'via', '192.0.2.11');
    await lab.exec('client', 'ip', '-6', 'route', 'replace', 'fd00:0:0:7::/64', 'via', 'fd01::11');
    for (const url of [`http://${VIP}/`, 'http://10.7.1.2/', `http://[${IPV6_OF(VIP)}]/`, `http://[${IPV6_OF('10.7.1.2')}]/`])
      assert.equal(await seen('client', url), undefined, url);
  });

  it('drops what a container sends from an address that is not its own', async () => {
    await lab.exec('d1', 'ip', 'address', 'add', '198.51.100.7/32', 'dev', 'eth0');
    const curl = ['curl', '-s', '-m', '1', '--interface', '198.51.100.7', 'http://10.7.2.2/'];
    await assert.rejects(lab.exec('d1', ...curl));
    await lab.exec('d1', 'ip', 'address', 'add', '2001:db8::7/128', 'dev', 'eth0', 'nodad');
    await assert.rejects(lab.exec('d1', 'curl', '-s', '-m', '1', '--interface', '2001:db8::7', `http://[${IPV6_OF('10.7.2.2')}]/`));
    for (const family of ['ip', 'ip6'])
      assert.match(
        await lab.exec('n1', 'nft', 'list', 'chain', family, 'tessera', `from-tsb${VNI}`),
        /packets [1-9]\d* bytes \d+ drop comment "spoofed source"/,
      );
  });

  it('sends a client of a sticky service to one task, the same from every node', async () => {
    const sticky = { ...web, ingress: [{ protocol: 'tcp' as const, published: 8082, target: 80 }], sticky: { keepMs: 60_000 } };
    await lab.apply([sticky]);
    const nodes = ['192.0.2.11', '192.0.2.12'];
    const by6 = await Promise.all(Array.from({ length: 16 }, (_, at) => seen('client', `http://[fd01::1${1 + (at % 2)}]:8082/`)));
    assert.equal(new Set(by6).size, 1, by6.join());
    assert.match(by6[0] ?? '', /saw fd01::50$/);
    const answers = await Promise.all(Array.from({ length: 16 }, (_, at) => seen('client', `http://${nodes[at % 2]}:8082/`)));
    assert.equal(new Set(answers).size, 1, answers.join());
    assert.match(answers[0] ?? '', /saw 192\.0\.2\.50$/);
    assert.match(await lab.exec('n1', 'nft', 'list', 'map', 'ip', 'tessera', 'clients-webnnet'), /192\.0\.2\.50/);
  });

  for (const [node, gone] of [
    ['192.0.2.12', '10.7.2.2'],
    ['fd01::12', IPV6_OF('10.7.2.2')],
  ] as const)
    it(`moves a flow of datagrams to ${node} once it is forgotten`, async () => {
      const moved = service('published', ['10.7.1.2'], { ingress: published.ingress });
      const ask = () => lab.askDatagram('client', node, 8080, FLOW_PORT);
      await lab.apply([published]);
      assert.match((await ask()) ?? '', /^c2/);
      await lab.apply([moved]);
      assert.match((await ask()) ?? '', /^c2/);
      await forget('n2', gone);
      assert.match((await ask()) ?? '', /^c1/);
    });

  it('moves a connection that its task has not answered yet, once it is forgotten', async () => {
    const at = (address: string) => ({ ...published, endpoints: [{ ...published.endpoints[0]!, address }] });
    await lab.apply([at('10.7.1.99')]);
    const asking = lab.ask('client', 'http://192.0.2.12:8080/', RETRIES_S);
    const isWaiting = () => lab.exec('n2', 'conntrack', '-L', '-p', 'tcp', '--state', 'SYN_SENT', '--reply-src', '10.7.1.99');
    await eventually(() => isWaiting().then((list) => list !== ''), 'the first packet', READY_LIMIT_MS);
    await lab.apply([at('10.7.1.2')]);
    await forget('n2', '10.7.1.99');
    assert.match((await asking) ?? '', /^c1/);
  });
});
