import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimedSubnets, claimSubnet, releaseSubnet } from './subnet-claims.js';

describe('subnet claims', () => {
  let dir: string;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'bed-claims-'));
  });

  afterEach(() => rm(dir, { recursive: true }));

  it('give each of many clusters that ask at once a number of its own', async () => {
    const names = Array.from({ length: 20 }, (_, i) => `c${i}`);
    const subnets = await Promise.all(names.map((name) => claimSubnet(dir, name, new Set())));
    assert.equal(new Set(subnets).size, 20);
  });

  it('step over what the machine uses', async () => {
    assert.equal(await claimSubnet(dir, 'dev', new Set([0, 1])), 2);
  });

  it('are found by the owner after a crash, and can be given back twice', async () => {
    await claimSubnet(dir, 'other', new Set());
    const mine = await claimSubnet(dir, 'dev', new Set());
    assert.deepEqual(await claimedSubnets(dir, 'dev'), [mine]);
    await releaseSubnet(dir, mine);
    await releaseSubnet(dir, mine);
    assert.deepEqual(await claimedSubnets(dir, 'dev'), []);
    assert.equal(await claimSubnet(dir, 'next', new Set()), mine);
  });

  it('tell what to do when all are taken', async () => {
    const all = new Set(Array.from({ length: 255 }, (_, i) => i));
    await assert.rejects(claimSubnet(dir, 'dev', all), /no subnet .* is free: "tsctl dev ls"/);
  });
});
