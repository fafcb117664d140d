import assert from 'node:assert/strict';
import { countsOf } from './probe-table.js';

describe('counts of a watch', () => {
  it('are read by sender, before and behind the firewall', () => {
    const set = (name: string, packets: Record<string, number>) => ({
      set: { name, elem: Object.entries(packets).map(([val, count]) => ({ elem: { val, counter: { packets: count, bytes: 1 } } })) },
    });
    const json = JSON.stringify({
      nftables: [
        { metainfo: {} },
        { set: { name: 'other' } },
        set('arrived', { '192.0.2.1': 5, '192.0.2.2': 4 }),
        set('taken', { '192.0.2.1': 5 }),
      ],
    });
    assert.deepEqual(countsOf(json), [
      { address: '192.0.2.1', arrived: 5, taken: 5 },
      { address: '192.0.2.2', arrived: 4, taken: 0 },
    ]);
  });

  it('are none when nothing came', () => assert.deepEqual(countsOf('{"nftables":[{"set":{"name":"arrived"}}]}'), []));
});
