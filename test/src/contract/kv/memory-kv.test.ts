import { VirtualClock } from '@tessera/kit';
import type { MemoryKv } from '@tessera/manager/adapters/kv/memory/memory-kv';
import { MemoryStore } from '@tessera/manager/adapters/kv/memory/memory-store';
import type { Kv } from '@tessera/manager/ports/kv';
import type { KvHarness } from './harness.js';
import { kvContract } from './kv-contract.js';

class MemoryHarness implements KvHarness {
  readonly #clock = new VirtualClock();
  readonly #store: MemoryStore;
  #kv: MemoryKv | undefined;

  constructor(keepsObjects: boolean) {
    this.#store = new MemoryStore({ clock: this.#clock, keepsObjects });
  }

  async open(): Promise<Kv> {
    this.#kv = this.#store.connect();
    return this.#kv;
  }

  async reopen(kv: Kv): Promise<Kv> {
    await kv.close();
    return this.open();
  }

  async until(condition: () => boolean | Promise<boolean>, what: string, limitMs = 1_000): Promise<void> {
    for (let passedMs = 0; !(await condition()); passedMs += 10) {
      if (passedMs > limitMs) throw new Error(`waited ${limitMs} ms of virtual time in vain for ${what}`);
      await this.#clock.advance(10);
    }
  }

  pass(durationMs: number): Promise<void> {
    return this.#clock.advance(durationMs);
  }

  cut = (): void => this.#kv?.setReachable(false);
  mend = (): void => this.#kv?.setReachable(true);

  async dispose(): Promise<void> {
    await this.#kv?.close();
  }
}

kvContract('MemoryKv', () => new MemoryHarness(false), { hasLine: true });
kvContract('MemoryKv with objects', () => new MemoryHarness(true), { hasLine: true });
