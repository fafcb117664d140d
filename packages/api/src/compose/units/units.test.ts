import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseNanoCpus } from './cpus.js';
import { parseDurationMs } from './duration.js';
import { parseSize } from './size.js';

describe('A size', () => {
  const cases: [text: string, bytes: number | undefined][] = [
    ['100b', 100],
    ['100', 100],
    ['1k', 1024],
    ['1KB', 1024],
    ['1KiB', 1024],
    ['512M', 536_870_912],
    ['1.5g', 1_610_612_736],
    ['1 g', 1_073_741_824],
    ['2t', 2_199_023_255_552],
    ['0', 0],
    ['', undefined],
    ['g', undefined],
    ['-1', undefined],
    ['1x', undefined],
    ['1gg', undefined],
    ['9999999p', undefined],
  ];
  for (const [text, bytes] of cases) it(`"${text}" is ${bytes ?? 'none'}`, () => assert.equal(parseSize(text), bytes));

  it('written in any unit is that many times 1024', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4000 }), fc.constantFrom('b', 'k', 'm', 'g', 't'), (amount, unit) => {
        assert.equal(parseSize(`${amount}${unit}`), amount * 1024 ** 'bkmgt'.indexOf(unit));
      }),
    );
  });
});

describe('A duration', () => {
  const cases: [text: string, ms: number | undefined][] = [
    ['1m30s', 90_000],
    ['1h', 3_600_000],
    ['100ms', 100],
    ['1.5s', 1500],
    ['0', 0],
    ['0s', 0],
    ['1h0m0.5s', 3_600_500],
    ['10us', 1],
    ['1ns', 1],
    ['', undefined],
    ['10', undefined],
    ['-5s', undefined],
    ['5d', undefined],
    ['5 s', undefined],
    ['s', undefined],
    ['9000h', undefined],
  ];
  for (const [text, ms] of cases)
    it(`"${text}" is ${ms === undefined ? 'none' : `${ms} ms`}`, () => assert.equal(parseDurationMs(text), ms));

  it('is the sum of its parts', () => {
    fc.assert(
      fc.property(fc.nat(100), fc.nat(59), fc.nat(59), fc.nat(999), (hours, minutes, seconds, ms) => {
        assert.equal(parseDurationMs(`${hours}h${minutes}m${seconds}s${ms}ms`), ((hours * 60 + minutes) * 60 + seconds) * 1000 + ms);
      }),
    );
  });
});

describe('A number of cpus', () => {
  const cases: [text: string, nanos: number | undefined][] = [
    ['0.5', 500_000_000],
    ['2', 2_000_000_000],
    ['.25', 250_000_000],
    ['1.', 1_000_000_000],
    ['0.000000001', 1],
    ['0.10', 100_000_000],
    ['0.0000000001', undefined],
    ['', undefined],
    ['.', undefined],
    ['-1', undefined],
    ['1e3', undefined],
    ['two', undefined],
  ];
  for (const [text, nanos] of cases)
    it(`"${text}" is ${nanos === undefined ? 'none' : `${nanos} billionths`}`, () => assert.equal(parseNanoCpus(text), nanos));

  it('is exact to the last of nine decimals', () => {
    fc.assert(
      fc.property(fc.nat(4096), fc.nat(999_999_999), (whole, nanos) => {
        assert.equal(parseNanoCpus(`${whole}.${String(nanos).padStart(9, '0')}`), whole * 1e9 + nanos);
      }),
    );
  });
});
