import { chmod, chown, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileStore, StoredFile } from '../ports/file-store.js';

const FOLDER_MODE = 0o700;
const FIRST_MODE = 0o600;

/** Files in a folder for each task, below a root that only root can enter; the engine mounts them one by one. */
export class TmpfsFileStore implements FileStore {
  readonly #root: string;

  /** @param root a folder of its own: what it does not know there, it removes. */
  constructor(root: string) {
    this.#root = root;
  }

  folder(taskId: string): string {
    return join(this.#root, taskId);
  }

  async write(taskId: string, files: readonly StoredFile[]): Promise<void> {
    if (files.length === 0) return;
    const folder = this.folder(taskId);
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    for (const file of files) {
      const path = join(folder, file.name);
      if (!(await holds(path, file.data))) await ((await isThere(path)) ? overwrite(path, file.data) : this.#writeOne(path, file));
      await chown(path, file.uid, file.gid);
      await chmod(path, file.mode);
    }
  }

  async remove(taskId: string): Promise<void> {
    await rm(this.folder(taskId), { recursive: true, force: true });
  }

  async keepOnly(taskIds: ReadonlySet<string>): Promise<void> {
    const found = await readdir(this.#root).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const taskId of found) if (!taskIds.has(taskId)) await this.remove(taskId);
  }

  /** For nobody else to read before it has its owner, and whole or not at all. */
  async #writeOne(path: string, { data }: StoredFile): Promise<void> {
    const unfinished = `${path}.new`;
    await rm(unfinished, { force: true });
    const handle = await open(unfinished, 'wx', FIRST_MODE);
    try {
      await handle.writeFile(data);
    } finally {
      await handle.close();
    }
    await rename(unfinished, path);
  }
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** In place, since a container that has the file mounted holds on to its inode. Readers may see half of it until they are told. */
async function overwrite(path: string, data: Uint8Array): Promise<void> {
  const handle = await open(path, 'r+');
  try {
    await handle.write(data, 0, data.length, 0);
    await handle.truncate(data.length);
  } finally {
    await handle.close();
  }
}

async function holds(path: string, data: Uint8Array): Promise<boolean> {
  try {
    return (await readFile(path)).equals(data);
  } catch {
    return false;
  }
}
