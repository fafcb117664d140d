import assert from 'node:assert/strict';
import { ApiError, type Network, type NetworkSpec } from '@tessera/api';
import { clusterObject, deployed, serviceSpec } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import { changeNetwork } from './network-change.js';

const meta = { revision: 1, createdAt: 0, updatedAt: 0 };
const fresh = { now: 7, newId: () => 'new' };

function specOf(name: string, more: Partial<NetworkSpec> = {}): NetworkSpec {
  const plain = { name, labels: {}, driver: 'overlay' as const, driverOptions: {}, internal: false, attachable: false, ipv6: true };
  return { ...plain, ...more };
}

/** A view with these networks, each with what it asks for or `fd00:0:0:<place>::/64`. */
function viewOf(...specs: NetworkSpec[]): IndexedView {
  const view = new IndexedView();
  view.apply({ kind: 'clusters', id: 'cluster', object: clusterObject(), revision: 1 });
  for (const [at, spec] of specs.entries()) {
    const allocation = { subnet: `10.${at}.0.0/16`, subnet6: spec.subnet6 ?? `fd00:0:0:${at}::/64`, vni: at + 1 };
    const network: Network = { id: spec.name, ...meta, spec, allocation };
    view.apply({ kind: 'networks', id: network.id, object: network, revision: 1 });
  }
  return view;
}

function refusal(view: IndexedView, spec: NetworkSpec, before?: Network): string {
  try {
    changeNetwork(view, spec, before, fresh);
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof ApiError);
    return `${error.code}: ${error.message}; ${error.cure}`;
  }
}

describe('a network with an IPv6 subnet', () => {
  it('is accepted as it is asked for', () => {
    const network = changeNetwork(viewOf(), specOf('a', { subnet6: 'fd00:20::/64' }), undefined, fresh);
    assert.deepEqual([network.spec.subnet6, network.allocation], ['fd00:20::/64', undefined]);
    assert.equal(refusal(viewOf(), specOf('a')), 'accepted');
  });

  it('is refused without IPv6', () =>
    assert.equal(
      refusal(viewOf(), specOf('a', { ipv6: false, subnet6: 'fd00::/64' })),
      "invalid-spec: network 'a' has an IPv6 subnet and no IPv6; ask for IPv6 as well",
    ));

  it('is refused when the subnet is none, or means something else', () => {
    assert.match(refusal(viewOf(), specOf('a', { subnet6: '10.0.0.0/8' })), /^invalid-spec: network 'a': "10\.0\.0\.0\/8" is not an IPv6/);
    assert.match(refusal(viewOf(), specOf('a', { subnet6: 'fe80::/64' })), /which is link-local; choose one of fd00::\/8/);
  });

  it('is refused when it is too small for its IPv4 subnet, or for the one that will be chosen', () => {
    assert.match(refusal(viewOf(), specOf('a', { subnet: '10.9.0.0/24', subnet6: 'fd00::/121' })), /beside an IPv4 subnet of \/24/);
    assert.equal(refusal(viewOf(), specOf('a', { subnet: '10.9.0.0/24', subnet6: 'fd00::/120' })), 'accepted');
    assert.match(refusal(viewOf(), specOf('a', { subnet6: 'fd00::/115' })), /of \/18: .*give it a prefix of \/114 at most/);
    assert.equal(refusal(viewOf(), specOf('a', { subnet6: 'fd00::/114' })), 'accepted');
  });

  it('is refused when another network has part of it, chosen or asked for', () => {
    const view = viewOf(specOf('chosen'), specOf('asked', { subnet6: 'fd00:20::/64' }));
    assert.equal(
      refusal(view, specOf('a', { subnet6: 'fd00::/48' })),
      "in-use: the subnet fd00::/48 of network 'a' overlaps with that of network 'chosen'; choose another subnet, or give none to have one chosen",
    );
    assert.match(refusal(view, specOf('a', { subnet6: 'fd00:20::8000:0:0:0/65' })), /of network 'asked'/);
    assert.equal(refusal(view, specOf('a', { subnet6: 'fd00:21::/64' })), 'accepted');
  });

  it('may take the subnet of a network of its own stack, which this deploy may take away', () => {
    const view = viewOf(specOf('shop_old', { stack: 'shop', subnet6: 'fd00:20::/64' }));
    assert.equal(refusal(view, specOf('shop_new', { stack: 'shop', subnet6: 'fd00:20::/64' })), 'accepted');
    assert.match(refusal(view, specOf('x_new', { stack: 'x', subnet6: 'fd00:20::/64' })), /^in-use/);
  });
});

describe('a network that gains, loses or changes IPv6', () => {
  const attached = (view: IndexedView): IndexedView => {
    const spec = serviceSpec('web', 1, ({ template }) => void (template.networks = [{ network: 'a', aliases: [] }]));
    view.apply({ kind: 'services', id: 'web', object: deployed(spec, 'web').service, revision: 2 });
    return view;
  };
  const changes = [
    [specOf('a', { ipv6: false }), specOf('a')],
    [specOf('a'), specOf('a', { ipv6: false })],
    [specOf('a'), specOf('a', { subnet6: 'fd00:30::/64' })],
  ] as const;

  it('is another wire: refused while services are attached', () => {
    for (const [before, after] of changes) {
      const view = attached(viewOf(before));
      assert.match(refusal(view, after, view.get('networks', 'a')), /^in-use: network 'a' cannot be changed while services/);
    }
  });

  it('is allocated anew otherwise', () => {
    for (const [before, after] of changes) {
      const view = viewOf(before);
      assert.equal(changeNetwork(view, after, view.get('networks', 'a'), fresh).allocation, undefined);
    }
  });
});
