import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Bed, writeBusyboxContext } from '@tessera/bed';
import { commandOutput } from './test-bed.js';

const CADDY = '/usr/bin/caddy';

/** Builds `caddy:2` of Debian's Caddy and the libraries that it needs, and pushes it. @returns the image's name. */
export async function provideCaddyImage(bed: Bed): Promise<string> {
  const context = await mkdtemp(join(tmpdir(), 'caddy-image-'));
  try {
    await writeBusyboxContext(context);
    for (const file of [CADDY, ...(await librariesOf(CADDY))]) {
      const copy = join(context, 'root', file);
      await mkdir(dirname(copy), { recursive: true });
      await copyFile(file, copy);
    }
    const lines = ['FROM scratch', 'COPY busybox /bin/busybox', 'RUN ["/bin/busybox", "--install", "-s", "/bin"]', 'COPY root /'];
    const path = 'ENV PATH=/usr/bin:/bin';
    await writeFile(join(context, 'Dockerfile'), `${[...lines, path].join('\n')}\n`);
    return await bed.buildAndPush({ context, tag: 'caddy:2' });
  } finally {
    await rm(context, { recursive: true });
  }
}

async function librariesOf(program: string): Promise<string[]> {
  const lines = await commandOutput('ldd', [program]);
  return [...lines.matchAll(/(\/\S+) \(0x/g)].map(([, file = '']) => file);
}
