import assert from 'node:assert/strict';
import { leaseTtlMs, parseOptions } from './options.js';

const parse = (...args: string[]) => parseOptions(['node', 'tessera-manager', ...args]);

describe('the options of a manager', () => {
  it('have defaults with which one host serves a cluster', () => {
    const { dataDir, store, listen, advertise, nodeTimeoutMs } = parse('--data-dir', '/srv/tessera');
    assert.deepEqual(
      { dataDir, store, listen, advertise, nodeTimeoutMs },
      {
        dataDir: '/srv/tessera',
        store: 'embedded:/srv/tessera/store',
        listen: { host: '0.0.0.0', port: 4600 },
        advertise: [],
        nodeTimeoutMs: 4_000,
      },
    );
  });

  it('say how long a node may be silent, within bounds', () => {
    assert.equal(parse('--node-timeout', '1m30s').nodeTimeoutMs, 90_000);
    for (const text of ['3s', '2h']) assert.throws(() => parse('--node-timeout', text), /a time from 4s to 1h/);
  });

  it('let managers keep their places for about as long, within ten seconds', () => {
    const ttl = (...args: string[]): number => leaseTtlMs(parse(...args));
    assert.deepEqual([ttl(), ttl('--node-timeout', '8s'), ttl('--node-timeout', '1h')], [3_000, 7_000, 10_000]);
  });
});
