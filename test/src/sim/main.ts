import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { runSeeds } from './pool.js';
import type { RunResult } from './run.js';

const MS_PER_HOUR = 3_600_000;
const MS_PER_MINUTE = 60_000;

/** `npm run sim -- --seed N` or `--seeds K [--from N] [--threads T]`, with `[--hours H] [--steps M] [--managers N] [--json FILE]`. */
async function main(argv: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seed: { type: 'string' },
      seeds: { type: 'string' },
      from: { type: 'string' },
      steps: { type: 'string' },
      hours: { type: 'string' },
      threads: { type: 'string' },
      managers: { type: 'string' },
      json: { type: 'string' },
      trace: { type: 'boolean' },
    },
  });
  const first = count(values.seed ?? values.from, 1, 'seed');
  const seeds = values.seed === undefined ? count(values.seeds, 1, 'seeds') : 1;
  const steps = values.steps === undefined ? {} : { steps: count(values.steps, 1, 'steps') };
  const managers = values.managers === undefined ? {} : { managers: count(values.managers, 1, 'managers') };
  const hours = values.hours === undefined ? {} : { hours: Number(values.hours) };
  if (Number.isNaN(hours.hours)) throw new Error(`--hours takes a number, not "${values.hours}"`);
  const threads = count(values.threads, availableParallelism(), 'threads');
  const startedMs = performance.now();
  const runs = Array.from({ length: seeds }, (_, at) => ({ seed: first + at, ...steps, ...hours, ...managers }));
  const again = [...(values.steps ? ['--steps', values.steps] : []), ...(values.hours ? ['--hours', values.hours] : [])];
  if (values.managers) again.push('--managers', values.managers);
  const results = await runSeeds(runs, threads, (result) => {
    if (result.violation || values.trace) report(result, again);
  });
  summarise(results, performance.now() - startedMs, Math.min(threads, seeds));
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(results.map(withoutHistory), undefined, 2));
  return results.some(({ violation }) => violation) ? 1 : 0;
}

function report({ seed, steps, violation, history, hash }: RunResult, again: readonly string[]): void {
  print(`seed ${seed}: ${violation ? `${violation.invariant} VIOLATED after ${steps} steps: ${violation.what}` : `well, ${hash}`}`);
  for (const line of history) print(`  ${line}`);
  print(`again: npm run sim -- ${['--seed', seed, ...again].join(' ')}`);
}

function summarise(results: readonly RunResult[], tookMs: number, threads: number): void {
  const failed = results.filter(({ violation }) => violation);
  const simulatedMs = results.reduce((sum, result) => sum + result.simulatedMs, 0);
  const perMinute = (amount: number): string => ((amount / tookMs) * MS_PER_MINUTE).toFixed(1);
  print(
    `${results.length} seeds in ${(tookMs / 1_000).toFixed(1)} s on ${threads} threads: ${perMinute(results.length)} seeds a minute, ` +
      `${perMinute(simulatedMs / MS_PER_HOUR)} simulated hours a minute, ${failed.length} failed` +
      (failed.length > 0 ? `: ${failed.map(({ seed, violation }) => `${seed} (${violation?.invariant})`).join(', ')}` : ''),
  );
}

function withoutHistory({ history: _, ...result }: RunResult): Omit<RunResult, 'history'> {
  return result;
}

function count(text: string | undefined, fallback: number, name: string): number {
  const value = text === undefined ? fallback : Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`--${name} takes a whole number, not "${text}"`);
  return value;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

process.exitCode = await main(process.argv.slice(2));
