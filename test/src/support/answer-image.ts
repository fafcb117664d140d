import { join } from 'node:path';
import type { Bed } from '@tessera/bed';
import { commandOutput } from './test-bed.js';
import { provideVersions } from './version-images.js';

const SOURCE = new URL('../../testdata/answer.c', import.meta.url).pathname;

/**
 * Builds `answer:<version>` for each version and pushes it: a server that answers HTTP on TCP 80 and datagrams on UDP 7 with its version, its
 * host name and the client's address, sends lines back on TCP 9, and that ends its connections well after SIGTERM. @returns the images' names.
 */
export function provideAnswerImages(bed: Bed, versions: readonly string[]): Promise<string[]> {
  return provideVersions(bed, 'answer', versions, async (folder) => {
    await commandOutput('gcc', ['-static', '-O2', '-o', join(folder, 'answer'), SOURCE]);
    return 'COPY answer /bin/answer\nCMD ["/bin/answer"]\n';
  });
}
