import { mkdir, readdir, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isAlive, type ProcessIdentity, readIdentity } from '../box/process-identity.js';
import { run } from '../run/run.js';
import { makeDisk } from './disk.js';
import { type Recipe, recipeHash } from './recipe.js';

const DEBOOTSTRAP_LIMIT_MS = 1_200_000;
/** Partial builds carry their builder's identity in the name: "HASH.partial-PID-STARTTICKS". */
const PARTIAL = /\.partial-(\d+)-(\d+)$/;

/*
 * debootstrap leaves mounts and processes when it is killed. In namespaces of its own both end with this program,
 * however that ends.
 */
const CONTAINED = ['setpriv', '--pdeathsig', 'KILL', 'unshare', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

/**
 * The Debian that all hosts of a kind share, read-only: a tree or, where the recipe says so, a disk (see {@link makeDisk}). It is
 * built at the first call (a minute or two) and kept in the state directory, beside those of older recipes, which running hosts
 * may still use.
 * @param onProgress is told when a build begins and ends.
 * @throws CommandError with debootstrap's last words.
 */
export async function ensureBase(
  devDir: string,
  recipe: Recipe,
  onProgress: (message: string) => void,
  signal?: AbortSignal,
): Promise<string> {
  const tree = join(baseFolder(devDir), recipeHash(recipe));
  await mkdir(baseFolder(devDir), { recursive: true });
  await discardAbandonedTrees(devDir);
  if (await exists(tree)) return tree;
  onProgress(`building the hosts' Debian, once (a minute or two): ${recipe.packages.length} packages from ${recipe.mirror}`);
  const partial = `${tree}.partial-${await ownIdentity()}`;
  try {
    await build(recipe, partial, signal);
    await rename(partial, tree).catch(async (error: unknown) => {
      // Another process has built the same tree meanwhile: one of them is enough.
      if (!(await exists(tree))) throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  onProgress('the Debian is built');
  return tree;
}

async function build(recipe: Recipe, target: string, signal?: AbortSignal): Promise<void> {
  const { diskBytes } = recipe;
  if (diskBytes === undefined) return buildTree(recipe, target, signal);
  const tree = join(target, 'tree');
  await mkdir(target);
  await buildTree(recipe, tree, signal);
  await makeDisk(tree, target, diskBytes, signal);
  await rm(tree, { recursive: true });
}

async function buildTree(recipe: Recipe, target: string, signal?: AbortSignal): Promise<void> {
  const { suite, mirror, packages, links, files } = recipe;
  const debootstrap = ['debootstrap', '--variant=minbase', `--include=${packages.join(',')}`, suite, target, mirror];
  await run([...CONTAINED, ...debootstrap], { timeoutMs: DEBOOTSTRAP_LIMIT_MS, signal });
  await rm(join(target, 'var/cache/apt/archives'), { recursive: true, force: true });
  for (const [path, to] of Object.entries(links)) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await rm(join(target, path), { force: true });
    await symlink(to, join(target, path));
  }
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(target, path)), { recursive: true });
    await writeFile(join(target, path), text);
  }
}

/** Removes what builders that are gone have left half done. Idempotent. */
export async function discardAbandonedTrees(devDir: string): Promise<void> {
  const folder = baseFolder(devDir);
  for (const entry of await readdir(folder).catch(() => [])) {
    const builder = builderOf(entry);
    if (builder && !(await isAlive(builder))) await rm(join(folder, entry), { recursive: true, force: true });
  }
}

function baseFolder(devDir: string): string {
  return join(devDir, 'base');
}

/** Who builds a partial tree, by its folder's name. @returns `undefined` for a finished tree. */
function builderOf(entry: string): ProcessIdentity | undefined {
  const match = PARTIAL.exec(entry);
  return match ? { pid: Number(match[1]), startTicks: Number(match[2]) } : undefined;
}

async function ownIdentity(): Promise<string> {
  const self = await readIdentity('/proc/self/stat');
  if (!self) throw new Error('/proc/self/stat cannot be read: is /proc mounted?');
  return `${self.pid}-${self.startTicks}`;
}

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
