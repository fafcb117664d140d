import assert from 'node:assert/strict';
import { codeOnly, linesWith, productSources } from './source-tree.js';

/** Real time, real timers and real chance. `new Date(value)` only converts; `new Date()` reads the clock. */
const IMPURE: Readonly<Record<string, RegExp>> = {
  'Date.now()': /\bDate\.now\b/g,
  'new Date()': /\bnew Date\(\s*\)/g,
  'performance.now()': /\bperformance\.now\b/g,
  'process.hrtime': /\bprocess\.hrtime\b/g,
  'Math.random()': /\bMath\.random\b/g,
  'randomUUID()': /\brandomUUID\b/g,
  'randomBytes()': /\brandomBytes\s*\(/g,
  'setTimeout()': /(?<!\.)\bsetTimeout\s*\(/g,
  'setInterval()': /(?<!\.)\bsetInterval\s*\(/g,
  'setImmediate()': /\bsetImmediate\s*\(/g,
};

/** Where it is allowed, and why. Everything else takes `Clock` and `Random`. */
const ALLOWED: Readonly<Record<string, string>> = {
  'packages/kit/src/clock/system-clock.ts': 'the adapter of the port Clock',
  'packages/kit/src/clock/virtual-clock.ts': 'lets what is ready run between two virtual moments; reads no time',
  'packages/kit/src/random/system-random.ts': 'the adapter of the port Random',
  'packages/kit/src/pki/data-dir.ts': 'the name of a draft file, which is renamed at once',
  'packages/cli/src/process-io.ts': 'the name of a draft file, which is renamed at once',
  'packages/agent/src/task-db/seal.ts': 'key and nonces of the encryption at rest, inside an adapter',
  'packages/manager/src/adapters/kv/embedded/group-commit.ts': 'gathers the writes of one turn of the event loop; reads no time',
};

describe('Time and chance', () => {
  const findings = productSources().flatMap(({ path, text }) => {
    const code = codeOnly(text);
    return Object.entries(IMPURE).flatMap(([name, pattern]) =>
      linesWith(code, pattern).map((line) => ({ path, place: `${path}:${line}: ${name}` })),
    );
  });

  it('come from Clock and Random, but in the files that are named here', () => {
    assert.deepEqual(
      findings.filter(({ path }) => !(path in ALLOWED)).map(({ place }) => place),
      [],
    );
  });

  it('are still used in every file that is named here', () => {
    const used = new Set(findings.map(({ path }) => path));
    assert.deepEqual(
      Object.keys(ALLOWED).filter((path) => !used.has(path)),
      [],
    );
  });
});
