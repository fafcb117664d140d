import type { KvHarness, KvSubject } from './harness.js';
import { leaseCases, lineCases } from './lease-cases.js';
import { modelCases } from './model-cases.js';
import { rangeCases } from './range-cases.js';
import { txnCases } from './txn-cases.js';
import { watchCases } from './watch-cases.js';

export interface KvTraits {
  /** Whether a line leads to the store that can be cut: the harness then has `cut` and `mend`. */
  hasLine: boolean;
}

/** Everything that the port `Kv` promises, for the adapter that `makeHarness` opens. */
export function kvContract(name: string, makeHarness: () => KvHarness, traits: KvTraits): void {
  describe(`${name} keeps the promises of a Kv`, function () {
    this.timeout(20_000);
    const subject = {} as KvSubject;
    beforeEach(async () => {
      subject.harness = makeHarness();
      subject.kv = await subject.harness.open();
    });
    afterEach(() => subject.harness.dispose());
    describe('txn', () => txnCases(subject));
    describe('range', () => rangeCases(subject));
    describe('watch', () => watchCases(subject));
    describe('lease', () => leaseCases(subject));
    if (traits.hasLine) describe('lease over a line that fails', () => lineCases(subject));
    describe('against a simple model', () => modelCases(subject));
  });
}
