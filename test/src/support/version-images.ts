import { appendFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Bed, writeBusyboxContext } from '@tessera/bed';

/**
 * Builds `<name>:<version>` for each version, of busybox and what `lines` of a Dockerfile add, with the version in VERSION, and pushes it.
 * @param lines what they copy goes into the folder first
 * @returns the images' names
 */
export async function provideVersions(
  bed: Bed,
  name: string,
  versions: readonly string[],
  lines: (folder: string) => string | Promise<string>,
): Promise<string[]> {
  const context = await mkdtemp(join(tmpdir(), `${name}-image-`));
  const dockerfile = join(context, 'Dockerfile');
  try {
    await writeBusyboxContext(context);
    await appendFile(dockerfile, await lines(context));
    const images: string[] = [];
    for (const version of versions) {
      await appendFile(dockerfile, `ENV VERSION=${version}\n`);
      images.push(await bed.buildAndPush({ context, tag: `${name}:${version}` }));
    }
    return images;
  } finally {
    await rm(context, { recursive: true });
  }
}
