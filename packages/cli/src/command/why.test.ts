import assert from 'node:assert/strict';
import { ApiError, type WhyAnswer } from '@tessera/api';
import { id } from '../testing/builders.js';
import { FakeTransport } from '../testing/fake-transport.js';
import { assertGolden, runCli } from '../testing/run-cli.js';

const stuck: WhyAnswer = {
  kind: 'service',
  id: id('sweb'),
  name: 'shop_web',
  summary: '1 of 4 tasks run',
  findings: [
    {
      code: 'unplaceable',
      level: 'problem',
      about: ['shop_web.2', 'shop_web.3'],
      text: 'no node takes it: 0/3 nodes: 2 not enough memory (need 8 GiB, best has 3.1 GiB), 1 drained',
      details: [
        'node1, node2: not enough memory (need 8 GiB, best has 3.1 GiB)',
        'node3: drained',
        'counts as failed in 8m (x-progress-deadline 10m)',
      ],
      cure: 'free some, add a node, or reserve less: deploy.resources.reservations',
    },
    {
      code: 'back-off',
      level: 'waiting',
      about: ['shop_web.4'],
      text: 'restarts in 40s, the 6th time in a row',
      details: ['the last one ended so: exit code 1'],
    },
    {
      code: 'autoscale',
      level: 'note',
      about: ['shop_web'],
      text: 'autoscaled between 2 and 10, 4 now: cpu 58% of 60% target over 30 s',
      details: [],
    },
  ],
};

describe('tsctl why', () => {
  it('prints what is wrong first, with the cure', async () => {
    const { code, out } = await runCli('why shop_web', new FakeTransport().on('GET /v1/why/shop_web', stuck));
    assert.equal(code, 0);
    assertGolden('why', out);
  });

  it('ends with 1 for problems when it is asked to, and not for what passes', async () => {
    const passing = { ...stuck, findings: stuck.findings.slice(1) };
    const transport = new FakeTransport().on('GET /v1/why/shop_web', stuck, passing);
    assert.equal((await runCli('why --exit-code shop_web', transport)).code, 1);
    assert.equal((await runCli('why --exit-code shop_web', transport)).code, 0);
  });

  it('says when nothing is in the way', async () => {
    const fine = { ...stuck, summary: '4 of 4 tasks run as asked', findings: [] };
    const { out } = await runCli('why --kind service shop_web', new FakeTransport().on('GET /v1/why/shop_web?kind=service', fine));
    assert.equal(out, 'service shop_web: 4 of 4 tasks run as asked\nnothing is in its way\n');
  });

  it('ends with 4 for what there is not', async () => {
    const { code, err } = await runCli('why nope', new FakeTransport().on('GET /v1/why/nope', new ApiError('not-found', 'no')));
    assert.equal(code, 4);
    assert.match(err, /there is no service, task or node "nope"/);
  });
});
