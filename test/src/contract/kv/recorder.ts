import assert from 'node:assert/strict';
import type { Kv, KvEvent, KvWatch } from '@tessera/manager/ports/kv';

export function keyOf(event: KvEvent): string {
  return event.type === 'put' ? event.entry.key : event.key;
}

export function revisionOf(event: KvEvent): number {
  return event.type === 'put' ? event.entry.modRevision : event.modRevision;
}

/** Records what a watch delivers and checks what holds for every delivery. */
export class Recorder {
  readonly events: KvEvent[] = [];
  readonly ends: string[] = [];
  deliveries = 0;
  readonly #watch: KvWatch;
  #lastRevision = 0;
  #cancelled = false;

  constructor(kv: Kv, prefix: string, fromRevision: number) {
    this.#watch = kv.watch(prefix, {
      fromRevision,
      onEvents: (events, revision) => this.#receive(prefix, fromRevision, events, revision),
      onEnd: (reason) => this.ends.push(reason),
    });
  }

  cancel(): void {
    this.#cancelled = true;
    this.#watch.cancel();
  }

  /** The events as short text: "put key=value" or "delete key". */
  get texts(): string[] {
    return this.events.map((event) => (event.type === 'put' ? `put ${event.entry.key}=${event.entry.value}` : `delete ${event.key}`));
  }

  #receive(prefix: string, fromRevision: number, events: readonly KvEvent[], revision: number): void {
    assert.equal(this.#cancelled, false, 'events came after cancel');
    assert.deepEqual(this.ends, [], 'events came after the end');
    assert.ok(events.length > 0, 'a delivery without events');
    const revisions = events.map(revisionOf);
    assert.ok((revisions[0] ?? 0) > this.#lastRevision, `revision ${revisions[0]} came in parts or twice`);
    assert.deepEqual(
      revisions,
      revisions.toSorted((left, right) => left - right),
      'events out of order',
    );
    assert.equal(revisions.at(-1), revision, 'the delivery names its last revision');
    for (const event of events) {
      assert.ok(keyOf(event).startsWith(prefix), `${keyOf(event)} does not begin with ${prefix}`);
      assert.ok(revisionOf(event) >= fromRevision, `revision ${revisionOf(event)} was not asked for`);
    }
    this.#lastRevision = revision;
    this.deliveries++;
    this.events.push(...events);
  }
}

export function put(key: string, value: string, leaseId?: string) {
  return { type: 'put' as const, key, value, ...(leaseId !== undefined && { leaseId }) };
}

export function del(key: string) {
  return { type: 'delete' as const, key };
}

/** Writes one key without conditions. @returns the revision of the write. */
export async function write(kv: Kv, key: string, value: string, leaseId?: string): Promise<number> {
  const { revision } = await kv.txn({ compares: [], ops: [put(key, value, leaseId)] });
  return revision;
}

/** Deletes one key without conditions. @returns the store's revision. */
export async function remove(kv: Kv, key: string): Promise<number> {
  const { revision } = await kv.txn({ compares: [], ops: [del(key)] });
  return revision;
}

export async function currentRevision(kv: Kv): Promise<number> {
  return (await kv.range('', { limit: 1 })).revision;
}
