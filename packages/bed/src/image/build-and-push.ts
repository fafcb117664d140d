import { copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host } from '../host/host.js';
import { run } from '../run/run.js';

export interface ImageBuild {
  /** Folder with a Dockerfile. No image can be pulled from the internet: start `FROM scratch`. */
  context: string;
  /** Name and tag in the registry: "web:1". */
  tag: string;
  /** Stage of the Dockerfile to build; the last one when absent. */
  target?: string;
  /** Hosts that are to have the image already. */
  hosts?: readonly Host[];
}

const BUILD_LIMIT_MS = 300_000;

/**
 * Builds an image with a host's Docker and pushes it to the registry.
 * @returns the image's full name. @throws CommandError with Docker's own words.
 */
export async function buildAndPush(builder: Host, registry: string, build: ImageBuild): Promise<string> {
  const image = `${registry}/${build.tag}`;
  const target = build.target === undefined ? [] : ['--target', build.target];
  await docker(builder, ['build', '--quiet', '--tag', image, ...target, build.context]);
  await docker(builder, ['push', '--quiet', image]);
  const others = build.hosts?.filter(({ index }) => index !== builder.index) ?? [];
  await Promise.all(others.map((host) => docker(host, ['pull', '--quiet', image])));
  return image;
}

/** Makes `folder` the context of a small image with busybox's commands in /bin. Needs Debian's busybox-static. */
export async function writeBusyboxContext(folder: string): Promise<void> {
  await copyFile('/bin/busybox', join(folder, 'busybox'));
  const lines = ['FROM scratch', 'COPY busybox /bin/busybox', 'RUN ["/bin/busybox", "--install", "-s", "/bin"]', 'CMD ["sh"]'];
  await writeFile(join(folder, 'Dockerfile'), `${lines.join('\n')}\n`);
}

/** Debian's Docker has no BuildKit client: the classic builder does. */
async function docker(host: Host, args: string[]): Promise<void> {
  const env = { ...process.env, DOCKER_HOST: `unix://${host.dockerSocket}`, DOCKER_BUILDKIT: '0' };
  await run(['docker', ...args], { env, timeoutMs: BUILD_LIMIT_MS });
}
