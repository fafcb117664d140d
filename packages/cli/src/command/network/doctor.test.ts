import assert from 'node:assert/strict';
import type { NetworkDiagnosis } from '@tessera/api';
import { FakeTransport } from '../../testing/fake-transport.js';
import { runCli } from '../../testing/run-cli.js';

const WELL: NetworkDiagnosis = { nodes: ['n1', 'n2'], links: [], problems: [], skipped: [], notes: [] };
const link = (from: string, to: string, ok: boolean) => ({ from, to, ok, networks: ['net'] });

const run = (diagnosis: Partial<NetworkDiagnosis>) =>
  runCli('network doctor', new FakeTransport().on('POST /v1/doctor/network', { ...WELL, ...diagnosis }));

describe('tsctl network doctor', () => {
  it('says that all is well', async () => {
    const { code, out } = await run({ links: [link('n1', 'n2', true), link('n2', 'n1', true)] });
    assert.equal(out, '2 nodes asked, 2 of 2 links well\nno problem found\n');
    assert.equal(code, 0);
  });

  it('prints each problem, and ends with 1', async () => {
    const problems = ['n1 -> n2: no VXLAN packet arrives (UDP 4789 blocked?)'];
    const { code, out } = await run({ links: [link('n1', 'n2', false), link('n2', 'n1', true)], problems });
    assert.equal(out, '2 nodes asked, 1 of 2 links well\nproblem: n1 -> n2: no VXLAN packet arrives (UDP 4789 blocked?)\n');
    assert.equal(code, 1);
  });

  it('does not call well what it could not look at', async () => {
    const { code, out } = await run({ skipped: ['n2: the program ping is missing on this host'] });
    assert.match(out, /\nnot looked at: n2: the program ping is missing on this host\n$/);
    assert.equal(code, 1);
  });
});
