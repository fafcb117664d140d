import type { ComposeFiles } from './session.js';

/** In the order in which `docker compose` prefers them. */
const BASE_FILES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const OVERRIDE_FILES = ['compose.override.yml', 'compose.override.yaml', 'docker-compose.override.yml', 'docker-compose.override.yaml'];

/** The Compose file of a folder and its override file, if there are any, as absolute paths. */
export async function findDefaultFiles(read: ComposeFiles, dir: string): Promise<string[]> {
  const base = await firstOf(read, dir, BASE_FILES);
  if (base === undefined) return [];
  const override = await firstOf(read, dir, OVERRIDE_FILES);
  return override === undefined ? [base] : [base, override];
}

async function firstOf(read: ComposeFiles, dir: string, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    const path = `${dir === '/' ? '' : dir}/${name}`;
    if ((await read.read(path)) !== undefined) return path;
  }
  return undefined;
}
