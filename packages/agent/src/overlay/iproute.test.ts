import assert from 'node:assert/strict';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IprouteKernel } from './iproute.js';

describe('iproute2', () => {
  const path = process.env.PATH;
  let folder: string;

  /** Puts another program in the place of `ip`, which prints that. */
  async function ipPrints(text: string): Promise<void> {
    const ip = join(folder, 'ip');
    await writeFile(ip, `#!/bin/sh\necho '${text}'\n`);
    await chmod(ip, 0o755);
  }

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'iproute-'));
    process.env.PATH = `${folder}:${path}`;
  });
  afterEach(async () => {
    process.env.PATH = path;
    await rm(folder, { recursive: true });
  });

  it('names no link of a kind whose module is not loaded yet, but prints an empty object for each other one', async () => {
    // iproute2 6.1 on Debian's kernel 6.1, before its first VXLAN link.
    await ipPrints('[{},{},{},{},{},{}]');
    assert.deepEqual([await new IprouteKernel().links(), await new IprouteKernel().bridges()], [[], []]);
  });
});
