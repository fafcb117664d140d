import { dirname, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** From this file to the root of a checkout: src or dist, the package, "packages". */
const LEVELS_TO_CHECKOUT = 4;

/** This Node, and the folder that holds Tessera with all it depends on. */
export function ownPrograms(): string[] {
  return [process.execPath, programTree(fileURLToPath(import.meta.url))];
}

/** @param file of this package: in a checkout its root is meant, in an installation the outermost node_modules. */
export function programTree(file: string): string {
  const marker = `${sep}node_modules${sep}`;
  const at = file.indexOf(marker);
  if (at >= 0) return file.slice(0, at + marker.length - 1);
  let folder = dirname(file);
  for (let level = 0; level < LEVELS_TO_CHECKOUT; level++) folder = dirname(folder);
  return folder;
}
