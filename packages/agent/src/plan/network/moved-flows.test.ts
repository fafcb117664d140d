import assert from 'node:assert/strict';
import { IPV4 } from './family.js';
import { balancedFlows, movingScript } from './moved-flows.js';

/** As conntrack 1.4.7 writes it. */
const listed = (port: number, zone: string, task: string): string =>
  `udp      17 29 src=192.0.2.50 dst=192.0.2.11 sport=${port} dport=8080 ${zone}[UNREPLIED] src=${task} dst=192.0.2.50 sport=7 dport=${port} mark=0 use=1`;
const KEY = '192.0.2.50 . 4000 . 192.0.2.11 . 8080';

describe('flows of datagrams that move', () => {
  it('are known by what their first datagram said and who answers it', () => {
    const list = `${listed(4000, '', '10.7.1.2')}\n${listed(4001, '[ASSURED] ', '10.7.1.3')}\n`;
    assert.deepEqual(balancedFlows(list), [
      { key: KEY, task: '10.7.1.2', zone: 0 },
      { key: KEY.replace('4000', '4001'), task: '10.7.1.3', zone: 0 },
    ]);
  });

  it('are where they went last, though the kernel has not forgotten where they were before', () => {
    const before = listed(4000, '', '10.7.1.2');
    const after = listed(4000, 'zone-orig=61440 ', '10.7.1.3');
    for (const list of [`${before}\n${after}`, `${after}\n${before}`])
      assert.deepEqual(balancedFlows(list), [{ key: KEY, task: '10.7.1.3', zone: 61_440 }]);
  });

  it('take a zone that they were in never or long ago', () => {
    const zoneAfter = (zone: number): string | undefined =>
      /(\d+) \}$/.exec(movingScript(IPV4, [{ key: KEY, task: '10.7.1.2', zone }]).trimEnd())?.[1];
    assert.deepEqual([0, 61_440, 65_534].map(zoneAfter), ['61440', '61441', '61440']);
  });
});
