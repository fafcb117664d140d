import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../run/run.js';

const MAKE_LIMIT_MS = 300_000;
/** ext4 keeps tables beside the files, and what grows while it is filled. */
const SPARE_BYTES = 64 * 1024 ** 2;
const SPARE_INODES = 1_000;
const SEED_BYTES = 1024 ** 2;

/** The parts of a virtual machine that all share, in the folder of their base. */
export function diskParts(base: string): { disk: string; kernel: string; initrd: string } {
  return { disk: join(base, 'disk.img'), kernel: join(base, 'vmlinuz'), initrd: join(base, 'initrd.img') };
}

/** Makes a disk of a Debian tree, and lays its kernel beside it: QEMU boots that without a boot loader. */
export async function makeDisk(tree: string, target: string, bytes: number, signal?: AbortSignal): Promise<void> {
  const { disk, kernel, initrd } = diskParts(target);
  const boot = join(tree, 'boot');
  const files = await readdir(boot);
  for (const [prefix, to] of [['vmlinuz-', kernel] as const, ['initrd.img-', initrd] as const]) {
    const file = files.find((name) => name.startsWith(prefix));
    if (!file) throw new Error(`the Debian tree has no ${prefix}* in /boot`);
    await copyFile(join(boot, file), to);
  }
  await makeFilesystem(tree, disk, bytes, signal);
}

/** Makes a small disk of a folder. */
export async function makeSeedDisk(folder: string, disk: string, signal?: AbortSignal): Promise<void> {
  await rm(disk, { force: true });
  await makeFilesystem(folder, disk, SEED_BYTES, signal);
}

/*
 * Files and folders of the machine meet in one tree by bind mounts, in a mount namespace that goes with the command. $1 is
 * where, $2 the disk, the others are the paths.
 */
const GATHER = `set -e
stage=$1 disk=$2
shift 2
mount -t tmpfs tmpfs "$stage"
for path; do
  if [ -d "$path" ]; then mkdir -p "$stage$path"; else mkdir -p "$(dirname "$stage$path")"; touch "$stage$path"; fi
  mount --bind "$path" "$stage$path"
done
bytes=$(($(du -s --block-size=4096 --apparent-size "$stage" | cut -f1) * 4096))
inodes=$(du -s --inodes "$stage" | cut -f1)
size=$((bytes / 1024 * 5 / 4 + inodes * 2 + ${SPARE_BYTES / 1024}))
exec mke2fs -q -F -t ext4 -O ^has_journal -m 0 -N $((inodes + ${SPARE_INODES})) -d "$stage" "$disk" $size`;

/** Makes a disk that holds files and folders of the machine under their own paths. Nothing is made of none. */
export async function makeShareDisk(disk: string, share: readonly string[], signal?: AbortSignal): Promise<void> {
  if (share.length === 0) return;
  const stage = `${disk}.stage`;
  await mkdir(stage, { recursive: true });
  await run(['unshare', '--mount', 'sh', '-c', GATHER, 'sh', stage, disk, ...share], { timeoutMs: MAKE_LIMIT_MS, signal });
  await rm(stage, { recursive: true });
}

async function makeFilesystem(tree: string, disk: string, bytes: number, signal?: AbortSignal): Promise<void> {
  await run(['mke2fs', '-q', '-F', '-t', 'ext4', '-m', '0', '-d', tree, disk, `${bytes / 1024}k`], { timeoutMs: MAKE_LIMIT_MS, signal });
}
