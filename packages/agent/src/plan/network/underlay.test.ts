import assert from 'node:assert/strict';
import { type HostRoute, underlayMtu } from './underlay.js';

const ROUTES: HostRoute[] = [
  { dst: 'default', dev: 'eth0' },
  { dst: '192.0.2.0/24', dev: 'eth0' },
  { dst: '198.51.100.0/24', dev: 'wan0' },
  { dst: '198.51.100.7', dev: 'eth0', mtu: 1300 },
];
const mtuOf = (device: string): number | undefined => ({ eth0: 1500, wan0: 1420 })[device];

describe('the MTU of the underlay', () => {
  const cases: [what: string, peers: string[], mtu: number][] = [
    ["is that of the node's own interface without peers", [], 1500],
    ['stays so for peers on its LAN', ['192.0.2.7', '203.0.113.9'], 1500],
    ['is that of the narrower interface which leads to a peer', ['192.0.2.7', '198.51.100.8'], 1420],
    ['is what the most special route says', ['198.51.100.7'], 1300],
    ['is the least of all', ['198.51.100.8', '198.51.100.7'], 1300],
  ];
  for (const [what, peers, mtu] of cases) it(what, () => assert.equal(underlayMtu(1500, peers, ROUTES, mtuOf), mtu));

  it('is never more than that of the own interface', () => assert.equal(underlayMtu(1280, ['192.0.2.7'], ROUTES, mtuOf), 1280));
});
