import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock, silentLog, sleep } from '@tessera/kit';
import { until } from '@tessera/kit/wait/until';
import { EmbeddedKv } from '@tessera/manager/adapters/kv/embedded/embedded-kv';
import type { Kv } from '@tessera/manager/ports/kv';
import type { KvHarness } from './harness.js';
import { kvContract } from './kv-contract.js';

const clock = new SystemClock();

/** There is no line to a store inside the process, so nothing can be cut: a renewal fails only with the process. */
class EmbeddedHarness implements KvHarness {
  #directory = '';
  #kv: EmbeddedKv | undefined;

  async open(): Promise<Kv> {
    this.#directory ||= await mkdtemp(join(tmpdir(), 'tessera-kv-'));
    this.#kv = new EmbeddedKv({ directory: this.#directory, clock, log: silentLog });
    return this.#kv;
  }

  async reopen(kv: Kv): Promise<Kv> {
    await kv.close();
    return this.open();
  }

  async until(condition: () => boolean | Promise<boolean>, what: string, limitMs = 5_000): Promise<void> {
    await until(condition, { clock, what, limitMs, intervalMs: 5 });
  }

  pass(durationMs: number): Promise<void> {
    return sleep(clock, durationMs);
  }

  async dispose(): Promise<void> {
    await this.#kv?.close();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

kvContract('EmbeddedKv', () => new EmbeddedHarness(), { hasLine: false });
