import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestCluster } from './test-cluster.js';
import { provideWebImages } from './web-image.js';

/**
 * Deploys a Compose file as the stack `shop`, with an image of a small web server as `${WEB_IMAGE}`.
 * @param args of `tsctl deploy`
 * @param env what else the file's variables stand for
 */
export async function deployShop(
  cluster: TestCluster,
  compose: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  const [image = ''] = await provideWebImages(cluster.bed, ['v1']);
  await writeFile(join(cluster.tsctl.folder, 'compose.yml'), compose);
  await cluster.tsctl.succeed(['deploy', 'shop', ...args], { env: { WEB_IMAGE: image, ...env } });
}
