import assert from 'node:assert/strict';
import { ApiError, type NodeDescription, type ObjectChange, type PublishedPort, type Service } from '@tessera/api';
import { deployed, readyNode, serviceSpec } from '../model/testing/builders.js';
import { IndexedView } from '../model/view.js';
import { PortLedger } from './ports.js';

const port = (published: number | undefined, change: Partial<PublishedPort> = {}): PublishedPort => ({
  protocol: 'tcp',
  target: 80,
  mode: 'ingress',
  ...(published !== undefined && { published }),
  ...change,
});

/** A cluster with a service that publishes 8080, and a node that uses 22 and 30000 itself. */
function ledger(): PortLedger {
  const view = new IndexedView();
  const node = readyNode('alpha');
  const busyPorts: NodeDescription['busyPorts'] = [22, 30_000].map((busy) => ({ protocol: 'tcp', port: busy }));
  const object = { ...node, description: { ...(node.description as NodeDescription), busyPorts } };
  view.apply({ kind: 'nodes', id: object.id, object, revision: 1 } as ObjectChange);
  const { service } = deployed(serviceSpec('web', 1), 'web');
  view.apply({ kind: 'services', id: 'web', object: { ...service, ports: [port(8080)], revision: 2 }, revision: 2 });
  return new PortLedger(view, new Set());
}

function refusal(wanted: PublishedPort[], before?: Service): string {
  try {
    ledger().allocate('api', wanted, before);
    return 'accepted';
  } catch (error) {
    assert.ok(error instanceof ApiError);
    return error.message;
  }
}

describe('published ports', () => {
  it('are refused when another service has them, naming it', () =>
    assert.equal(refusal([port(8080)]), "port 8080/tcp of service 'api' is published by service 'web' already"));

  it('are refused at addresses that clash with those of others, and accepted at others', () => {
    const held = (hostIp: string | undefined, mine: string | undefined): string => {
      const ports = ledger();
      const at = (address: string | undefined) => port(9000, address === undefined ? {} : { hostIp: address });
      ports.allocate('web', [at(hostIp)], undefined);
      try {
        ports.allocate('api', [at(mine)], undefined);
        return 'accepted';
      } catch {
        return 'refused';
      }
    };
    const clashing = [
      ['::', undefined],
      ['0.0.0.0', '::'],
      ['fd00::5', 'FD00:0:0::5'],
      [undefined, 'fd00::5'],
    ] as const;
    for (const [theirs, mine] of clashing) assert.equal(held(theirs, mine), 'refused', `${theirs} and ${mine}`);
    for (const [theirs, mine] of [
      ['fd00::5', 'fd00::6'],
      ['fd00::5', '192.0.2.1'],
    ])
      assert.equal(held(theirs, mine), 'accepted');
  });

  it('are refused when a node uses them itself, naming it, since every node would answer in its place', () => {
    for (const every of [{}, { hostIp: '::' }])
      assert.equal(refusal([port(22, every)]), "port 22/tcp of service 'api' is used by node 'alpha' itself");
  });

  it('may be busy on a node that need not answer them', () => {
    assert.equal(refusal([port(22, { mode: 'host' })]), 'accepted');
    assert.equal(refusal([port(22, { hostIp: '192.0.2.1' })]), 'accepted');
    assert.equal(refusal([port(22, { protocol: 'udp' })]), 'accepted');
  });

  it('stay with a service that has them already', () => {
    const before = { ...deployed(serviceSpec('api', 1), 'api').service, ports: [port(22)] };
    assert.equal(refusal([port(22)], before), 'accepted');
  });

  it('are chosen among those that nobody uses', () =>
    assert.equal(ledger().allocate('api', [port(undefined)], undefined)[0]?.published, 30_001));
});
