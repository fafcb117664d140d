import type { Kv } from '@tessera/manager/ports/kv';

/** What the contract suite needs to know of an adapter. One harness is opened for each test. */
export interface KvHarness {
  /** Opens the store, empty as far as this harness can see. */
  open(): Promise<Kv>;
  /** Closes `kv` and opens the same store again. */
  reopen(kv: Kv): Promise<Kv>;
  /** Waits (or moves time) until `condition` holds. @throws Error after `limitMs`. */
  until(condition: () => boolean | Promise<boolean>, what: string, limitMs?: number): Promise<void>;
  /** Lets time pass. */
  pass(durationMs: number): Promise<void>;
  /** Cuts the line to the store. Missing where there is no line. */
  cut?(): void;
  /** Mends the line. */
  mend?(): void;
  /** Closes everything and removes what is left. */
  dispose(): Promise<void>;
}

/** The store under test, opened anew before each test. */
export interface KvSubject {
  kv: Kv;
  harness: KvHarness;
}
