import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { GrantStore } from '../ports/grant-store.js';

const MODE = 0o600;

/** A file in memory: written about once a second while fenced tasks run. It is void after a boot, as the monotonic clock begins anew with it. */
export class TmpfsGrantStore implements GrantStore {
  readonly #path: string;
  readonly #bootId: string;

  /** @param path of a file in memory */
  constructor(path: string, bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()) {
    this.#path = path;
    this.#bootId = bootId;
  }

  load(): number | undefined {
    try {
      const [bootId, at] = readFileSync(this.#path, 'utf8').split(' ');
      const moment = Number(at);
      return bootId === this.#bootId && at !== undefined && Number.isFinite(moment) ? moment : undefined;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  save(monotonicMs: number): void {
    mkdirSync(dirname(this.#path), { recursive: true, mode: 0o700 });
    writeFileSync(`${this.#path}.new`, `${this.#bootId} ${monotonicMs}`, { mode: MODE });
    renameSync(`${this.#path}.new`, this.#path);
  }
}
