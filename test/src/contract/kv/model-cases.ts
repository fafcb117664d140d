import assert from 'node:assert/strict';
import type { Kv, KvCompare, KvEvent, KvOp, KvTxn } from '@tessera/manager/ports/kv';
import fc from 'fast-check';
import type { KvSubject } from './harness.js';
import { currentRevision, Recorder } from './recorder.js';

const RUNS = 15;
const KEYS = ['a', 'a/1', 'a/2', 'b', 'b/é', 'b/\u{1f600}'];

/** A txn whose compares speak of "the revision that I last saw", so that they hold about as often as not. */
interface Step {
  compares: { key: string; kind: 'missing' | 'exists' | 'seen' | 'other' }[];
  ops: KvOp<string>[];
}

const key = fc.constantFrom(...KEYS);
const op: fc.Arbitrary<KvOp<string>> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('put' as const), key, value: fc.string({ maxLength: 5 }) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('delete' as const), key }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('delete-prefix' as const), prefix: fc.constantFrom('a/', 'b', 'b/') }),
  },
);
const step: fc.Arbitrary<Step> = fc.record({
  compares: fc.array(fc.record({ key, kind: fc.constantFrom('missing', 'exists', 'seen', 'seen', 'other') }), { maxLength: 2 }),
  ops: fc.array(op, { maxLength: 4 }).filter(writesOnce),
});

function writesOnce(ops: readonly KvOp<string>[]): boolean {
  const touched = ops.flatMap((one) => {
    if (one.type !== 'delete-prefix') return [one.key];
    return [one.prefix, ...KEYS.filter((candidate) => candidate.startsWith(one.prefix))];
  });
  return new Set(touched).size === touched.length;
}

/** The store as a map, in the plainest way. */
class Model {
  readonly entries = new Map<string, { value: string; createRevision: number; modRevision: number; version: number }>();
  readonly events: KvEvent[] = [];
  /** What every revision looked like: key and value. */
  readonly snapshots = new Map<number, Record<string, string>>();
  revision: number;

  constructor(revision: number) {
    this.revision = revision;
  }

  resolve(prefix: string, { compares, ops }: Step): { txn: KvTxn<string>; holds: boolean } {
    const resolved = compares.map(({ key, kind }): { compare: KvCompare; holds: boolean } => {
      const full = prefix + key;
      const modRevision = this.entries.get(full)?.modRevision ?? 0;
      if (kind === 'missing') return { compare: { key: full, exists: false }, holds: modRevision === 0 };
      if (kind === 'exists') return { compare: { key: full, exists: true }, holds: modRevision !== 0 };
      if (kind === 'seen') return { compare: { key: full, modRevision }, holds: true };
      return { compare: { key: full, modRevision: modRevision + 1 }, holds: false };
    });
    const fullOps = ops.map((one) =>
      one.type === 'delete-prefix' ? { ...one, prefix: prefix + one.prefix } : { ...one, key: prefix + one.key },
    );
    const txn = { compares: resolved.map(({ compare }) => compare), ops: fullOps };
    return { txn, holds: resolved.every(({ holds }) => holds) };
  }

  apply(ops: readonly KvOp<string>[]): void {
    const next = this.revision + 1;
    const changed = ops.flatMap((one) => this.#applyOp(one, next));
    if (changed.length > 0) this.revision = next;
    this.events.push(...changed);
    this.snapshots.set(this.revision, Object.fromEntries([...this.entries].map(([key, { value }]) => [key, value])));
  }

  #applyOp(one: KvOp<string>, revision: number): KvEvent[] {
    if (one.type === 'put') {
      const old = this.entries.get(one.key);
      const entry = {
        value: one.value,
        createRevision: old?.createRevision ?? revision,
        modRevision: revision,
        version: (old?.version ?? 0) + 1,
      };
      this.entries.set(one.key, entry);
      return [{ type: 'put', entry: { key: one.key, ...entry } }];
    }
    const matches = (key: string): boolean => (one.type === 'delete' ? key === one.key : key.startsWith(one.prefix));
    const gone = [...this.entries.keys()].filter(matches).sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)));
    for (const key of gone) this.entries.delete(key);
    return gone.map((key) => ({ type: 'delete', key, modRevision: revision }));
  }
}

async function checkRun(subject: KvSubject, kv: Kv, prefix: string, steps: readonly Step[]): Promise<void> {
  const model = new Model(await currentRevision(kv));
  const recorder = new Recorder(kv, prefix, model.revision + 1);
  for (const one of steps) {
    const { txn, holds } = model.resolve(prefix, one);
    const result = await kv.txn(txn);
    if (holds) model.apply(txn.ops);
    assert.deepEqual(result, { succeeded: holds, revision: model.revision });
  }
  await subject.harness.until(() => recorder.events.length >= model.events.length, 'all events of the model');
  assert.deepEqual(recorder.events, model.events);
  recorder.cancel();
  const { entries } = await kv.range(prefix);
  assert.deepEqual(new Map(entries.map(({ key, ...rest }) => [key, rest])), model.entries);
  for (const [revision, expected] of model.snapshots) {
    const old = await kv.range(prefix, { revision });
    assert.deepEqual(Object.fromEntries(old.entries.map((entry) => [entry.key, entry.value])), expected);
  }
}

export function modelCases(subject: KvSubject): void {
  it('answers, keeps and tells any sequence of txns as the model does', async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), (steps) => checkRun(subject, subject.kv, `run${run++}/`, steps)),
      { numRuns: RUNS },
    );
  });
}
