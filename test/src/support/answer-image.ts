import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bed, writeBusyboxContext } from '@tessera/bed';
import { commandOutput } from './test-bed.js';

const SOURCE = new URL('../../testdata/answer.c', import.meta.url).pathname;

/**
 * Builds `answer:<version>` for each version and pushes it: a server that answers HTTP on TCP 80 and datagrams on UDP 7 with its version, its
 * host name and the client's address, sends lines back on TCP 9, and that ends its connections well after SIGTERM. @returns the images' names.
 */
export async function provideAnswerImages(bed: Bed, versions: readonly string[]): Promise<string[]> {
  const context = await mkdtemp(join(tmpdir(), 'answer-image-'));
  const dockerfile = join(context, 'Dockerfile');
  try {
    await writeBusyboxContext(context);
    await commandOutput('gcc', ['-static', '-O2', '-o', join(context, 'answer'), SOURCE]);
    await appendFile(dockerfile, 'COPY answer /bin/answer\nCMD ["/bin/answer"]\n');
    const images: string[] = [];
    for (const version of versions) {
      await appendFile(dockerfile, `ENV VERSION=${version}\n`);
      images.push(await bed.buildAndPush({ context, tag: `answer:${version}` }));
    }
    return images;
  } finally {
    await rm(context, { recursive: true });
  }
}
