import assert from 'node:assert/strict';
import { ApiError, type NetworkSpec, type ServiceSpec } from '@tessera/api';
import { clusterObject, readyNode, serviceSpec } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import { refuseExhaustion } from './network-space.js';

function networkSpec(name: string, subnet?: string): NetworkSpec {
  const spec = { name, labels: {}, driver: 'overlay' as const, driverOptions: {}, internal: false, attachable: false, ipv6: false };
  return { ...spec, ...(subnet !== undefined && { subnet }) };
}

function on(network: string, replicas: number, change: (spec: ServiceSpec) => void = () => {}): ServiceSpec {
  return serviceSpec('web', replicas, (spec) => {
    spec.template.networks = [{ network, aliases: [] }];
    change(spec);
  });
}

function clusterOf(nodes: number, addressPool?: string): IndexedView {
  const view = new IndexedView();
  view.apply({ kind: 'clusters', id: 'cluster', object: clusterObject(addressPool), revision: 1 });
  for (let index = 0; index < nodes; index++) {
    const node = { ...readyNode(`n${index}`), revision: 1 };
    view.apply({ kind: 'nodes', id: node.id, object: node, revision: 1 });
  }
  return view;
}

function refusal(view: IndexedView, networks: NetworkSpec[], services: ServiceSpec[]): string {
  try {
    refuseExhaustion(view, { networks, services, removed: new Set() });
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof ApiError && error.code === 'exhausted');
    return [error.message, ...error.details].join('\n');
  }
}

// As in moby 43052 and 37338: what can never get an address must be refused, not wait for ever without a word.
describe('a deploy that needs more addresses than there are (moby/moby 43052, 37338: known only from a log)', () => {
  it('is refused with the numbers', () =>
    assert.equal(
      refusal(clusterOf(2), [networkSpec('small', '10.9.0.0/29')], [on('small', 6)]),
      "network 'small' has too few addresses: its subnet has 5 addresses for containers (1 node of 5 each), and its services want 6 tasks\nservice web: 6 tasks",
    ));

  it('is accepted as long as all fit', () =>
    assert.equal(refusal(clusterOf(2), [networkSpec('small', '10.9.0.0/29')], [on('small', 5)]), 'accepted'));

  it('counts what other services on the network want', () => {
    const view = clusterOf(1);
    const meta = { revision: 1, createdAt: 0, updatedAt: 0 };
    view.apply({ kind: 'networks', id: 'net', object: { id: 'net', ...meta, spec: networkSpec('small', '10.9.0.0/29') }, revision: 1 });
    const spec = { ...on('small', 4), name: 'api' };
    view.apply({
      kind: 'services',
      id: 'api',
      object: { id: 'api', ...meta, spec, specRevision: 1, templateHash: 'h', ports: [] },
      revision: 1,
    });
    assert.equal(refusal(view, [], [on('small', 1)]), 'accepted');
    assert.match(refusal(view, [], [on('small', 2)]), /want 6 tasks\nservice api: 4 tasks\nservice web: 2 tasks$/);
  });

  it('is refused when more nodes must take part than the subnet serves', () => {
    const published = on('small', 1, (spec) => spec.ports.push({ protocol: 'tcp', target: 80, published: 80, mode: 'ingress' }));
    assert.match(
      refusal(clusterOf(3), [networkSpec('small', '10.9.0.0/28')], [published]),
      /\(2 nodes of 5 each\), and 3 nodes must take part/,
    );
    const everywhere = on('small', 1, (spec) => {
      spec.mode = { kind: 'global' };
    });
    assert.match(refusal(clusterOf(3), [networkSpec('small', '10.9.0.0/28')], [everywhere]), /3 nodes must take part/);
  });

  it('is refused when the pool of the cluster is used up, its own networks counted', () => {
    const view = clusterOf(1, '10.0.0.0/17');
    assert.equal(refusal(view, [networkSpec('a'), networkSpec('b')], []), 'accepted');
    assert.match(
      refusal(
        view,
        ['a', 'b', 'c'].map((name) => networkSpec(name)),
        [],
      ),
      /^there is no subnet left for network 'c': 0 networks use up/,
    );
  });
});
