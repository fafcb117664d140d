import assert from 'node:assert/strict';
import { type Network, networkBlockId } from '@tessera/api';
import { deployed, readyNode, serviceSpec } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import { diagnose, type Measured, measureOf, type NodeFindings } from './doctor.js';

const meta = { revision: 1, createdAt: 0, updatedAt: 0 };
const NODES = ['n1', 'n2', 'n3'];
const addressOf = (node: string): string => `192.0.2.1${node.slice(1)}`;
const blockOf = (node: string): string => `10.9.${node.slice(1)}.0/24`;

/** Three nodes of an underlay of 1500 that share a network. */
function viewOf(driverOptions: Record<string, string> = {}, subnet6?: string): IndexedView {
  const view = new IndexedView();
  const spec = {
    name: 'shop_net',
    labels: {},
    driver: 'overlay' as const,
    driverOptions,
    internal: false,
    attachable: false,
    ipv6: subnet6 !== undefined,
  };
  const network: Network = {
    id: 'net',
    ...meta,
    spec,
    allocation: { subnet: '10.9.0.0/16', ...(subnet6 !== undefined && { subnet6 }), vni: 7 },
  };
  view.apply({ kind: 'networks', id: 'net', object: network, revision: 1 });
  const web = serviceSpec('web', 1, (draft) => {
    draft.template.networks = [{ network: 'shop_net', aliases: [] }];
  });
  view.apply({ kind: 'services', id: 'web', object: { ...deployed(web, 'web').service, revision: 1 }, revision: 1 });
  for (const id of NODES) {
    const node = readyNode(id);
    const description = { ...node.description!, address: addressOf(id), underlayMtu: 1500 };
    view.apply({ kind: 'nodes', id, object: { ...node, revision: 1, description }, revision: 1 });
    const block = { id: networkBlockId('net', id), ...meta, networkId: 'net', nodeId: id, subnet: blockOf(id) };
    view.apply({ kind: 'blocks', id: block.id, object: block, revision: 1 });
  }
  return view;
}

/** What all nodes find when all is well, but for what `change` makes of it. */
function verdict(
  change: (findings: Map<string, NodeFindings>) => void = () => {},
  options?: Record<string, string>,
  subnet6?: string,
): string[] {
  const view = viewOf(options, subnet6);
  const findings = new Map(
    NODES.map((nodeId): [string, NodeFindings] => {
      const others = NODES.filter((id) => id !== nodeId);
      const asked = measureOf(view, nodeId, others);
      const peers = others.map((id) => ({ nodeId: id, answersPing: true, pathMtu: 1500 }));
      const measured: Measured = { kind: 'measured', peers, gateways: asked.gateways.map(reached), ports: asked.ports };
      return [nodeId, { nodeId, asked, measured, vxlan: others.map((id) => ({ address: addressOf(id), arrived: 5, taken: 5 })) }];
    }),
  );
  change(findings);
  return diagnose(view, [...findings.values()]).problems;
}

const reached = ({ nodeId, networkId, address6 }: ReturnType<typeof measureOf>['gateways'][number]): Measured['gateways'][number] => ({
  nodeId,
  networkId,
  ...(address6 !== undefined && { ipv6: true as const }),
});
const peer = (findings: Map<string, NodeFindings>, from: string, to: string): Measured['peers'][number] =>
  findings.get(from)!.measured.peers.find(({ nodeId }) => nodeId === to)!;
/** No overlay packet of `from` comes to `to`, and so no answer to either. */
function cutOverlay(findings: Map<string, NodeFindings>, from: string, to: string): void {
  const target = findings.get(to)!;
  target.vxlan = target.vxlan.filter(({ address }) => address !== addressOf(from));
  for (const [a, b] of [
    [from, to],
    [to, from],
  ] as const) {
    const { measured } = findings.get(a)!;
    measured.gateways = measured.gateways.filter(({ nodeId }) => nodeId !== b);
  }
}

describe('the verdict on a network', () => {
  it('asks each node for the ways to the others, the name servers of shared networks, and the packets that they need', () => {
    const asked = measureOf(viewOf(), 'n1', ['n2']);
    assert.deepEqual(asked.peers, [{ nodeId: 'n2', address: '192.0.2.12', packetBytes: 1500 }]);
    assert.deepEqual(
      asked.gateways.map(({ address }) => address),
      ['10.9.1.1', '10.9.2.1'],
    );
  });

  it('has nothing to say when all is well', () => assert.deepEqual(verdict(), []));

  it('tries IPv6 where a network has it, and names the link that carries IPv4 alone', () => {
    const subnet6 = 'fd00:0:0:9::/64';
    assert.deepEqual(
      measureOf(viewOf({}, subnet6), 'n1', ['n2']).gateways.map(({ address6 }) => address6),
      ['fd00:0:0:9::101', 'fd00:0:0:9::201'],
    );
    assert.deepEqual(verdict(undefined, {}, subnet6), []);
    const mute = (findings: Map<string, NodeFindings>): void => {
      const { measured } = findings.get('n1')!;
      measured.gateways = measured.gateways.map(({ ipv6, ...one }) => (one.nodeId === 'n2' ? one : { ...one, ...(ipv6 && { ipv6 }) }));
    };
    assert.deepEqual(verdict(mute, {}, subnet6), [
      'n1 -> n2: network shop_net answers by IPv4 and not by IPv6 (a firewall of n1 or n2: ip6tables, nft?)',
    ]);
  });

  it('names the link on which no overlay packet arrives', () =>
    assert.deepEqual(
      verdict((findings) => cutOverlay(findings, 'n2', 'n3')).filter((line) => line.startsWith('n2 -> n3')),
      ['n2 -> n3: no VXLAN packet arrives (UDP 4789 blocked?)'],
    ));

  it('tells a firewall of the receiving node from one on the way', () =>
    assert.match(
      verdict((findings) => {
        cutOverlay(findings, 'n2', 'n3');
        findings.get('n3')!.vxlan = [...findings.get('n3')!.vxlan, { address: addressOf('n2'), arrived: 5, taken: 0 }];
      })[0] ?? '',
      /^n2 -> n3: VXLAN packets arrive and are dropped by a firewall of n3/,
    ));

  it('tells a dead link from a blocked port', () =>
    assert.match(
      verdict((findings) => {
        cutOverlay(findings, 'n1', 'n2');
        peer(findings, 'n1', 'n2').answersPing = false;
      })[0] ?? '',
      /^n1 -> n2: nothing arrives: no ping is answered/,
    ));

  it('compares the path MTU with what the networks need', () =>
    assert.deepEqual(
      verdict((findings) => void (peer(findings, 'n1', 'n2').pathMtu = 1280)),
      [
        "n1 -> n2: path MTU 1280 is below the 1500 that the networks between them need (shop_net): set the MTU of the interface or the route, or the networks' com.docker.network.driver.mtu",
      ],
    ));

  it('says that a node cannot send, and why', () =>
    assert.match(
      verdict((findings) => void (peer(findings, 'n1', 'n2').refusal = 'send EPERM'))[0] ?? '',
      /^n1 -> n2: VXLAN packets cannot be sent: send EPERM/,
    ));

  it('suspects the tunnel of an encrypted network, and the agent of a plain one', () => {
    const mute = (findings: Map<string, NodeFindings>): void => {
      const { measured } = findings.get('n1')!;
      measured.gateways = measured.gateways.filter(({ nodeId }) => nodeId !== 'n2');
    };
    assert.match(
      verdict(mute, { encrypted: '' })[0] ?? '',
      /does not answer, though VXLAN packets arrive \(WireGuard, UDP 24789 blocked\?\)/,
    );
    assert.match(verdict(mute)[0] ?? '', /\(its agent or a firewall of n2\?\)/);
  });

  it("names a node's own deaf name server", () =>
    assert.deepEqual(
      verdict((findings) => {
        const { measured } = findings.get('n1')!;
        measured.gateways = measured.gateways.filter(({ nodeId }) => nodeId !== 'n1');
      }),
      ['n1: the name server of network shop_net does not answer (is the agent well?)'],
    ));
});
