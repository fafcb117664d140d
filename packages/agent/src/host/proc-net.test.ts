import assert from 'node:assert/strict';
import { listeningPorts } from './proc-net.js';

const HEAD = '  sl  local_address rem_address   st tx_queue';

describe('listeningPorts', () => {
  it('finds TCP servers that others can reach', () => {
    const text = [
      HEAD,
      '   0: 00000000:0016 00000000:0000 0A 0',
      '   1: 0100007F:0CEA 00000000:0000 0A 0',
      '   2: 0101000A:1F90 0201000A:C350 01 0',
      '   3: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 0',
      '   4: 00000000000000000000000001000000:0051 00000000000000000000000000000000:0000 0A 0',
      '',
    ].join('\n');
    assert.deepEqual(listeningPorts(text, 'tcp'), [
      { protocol: 'tcp', port: 22 },
      { protocol: 'tcp', port: 80 },
    ]);
  });

  it('passes over UDP sockets of clients', () => {
    const text = [HEAD, '  0: 00000000:0035 00000000:0000 07 0', '  1: 00000000:C350 00000000:0000 07 0'].join('\n');
    assert.deepEqual(listeningPorts(text, 'udp'), [{ protocol: 'udp', port: 53 }]);
  });
});
