import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import type { Bench } from './bench.js';
import { networkBench } from './network/index.js';
import { networkMapsBench } from './network-maps.js';
import { recoveryBench } from './recovery.js';
import { schedulerBench } from './scheduler/index.js';
import { formatTable } from './text-table.js';

/** All benchmarks. A new one is a line here. */
const BENCHES: readonly Bench[] = [schedulerBench, networkMapsBench, networkBench, recoveryBench];

const USAGE = `npm run bench -- NAME [--json FILE]\n\n${BENCHES.map(({ name, summary }) => `  ${name}  ${summary}`).join('\n')}\n`;

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({ args: [...argv], options: { json: { type: 'string' } }, allowPositionals: true });
  const bench = BENCHES.find(({ name }) => name === positionals[0]);
  if (!bench || positionals.length > 1) {
    process.stderr.write(USAGE);
    return 2;
  }
  const machine = { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, memoryBytes: totalmem(), node: process.version };
  const startedMs = performance.now();
  const { tables, data } = await bench.run({ progress: (line) => void process.stderr.write(`${line}\n`) });
  for (const table of tables) process.stdout.write(`${formatTable(table)}\n`);
  const tookS = (performance.now() - startedMs) / 1_000;
  process.stdout.write(`${machine.cores} cores of ${machine.cpu}, Node ${machine.node}; the whole took ${tookS.toFixed(0)} s\n`);
  if (values.json !== undefined)
    writeFileSync(values.json, `${JSON.stringify({ bench: bench.name, machine, tookS, ...object(data) }, undefined, 2)}\n`);
  return 0;
}

function object(data: unknown): object {
  return typeof data === 'object' && data !== null ? data : { data };
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
