import type { Service } from '@tessera/api';
import type { Invariant } from './invariant.js';

/** Runs of a job are numbered upwards, no moment of its schedule is run twice, and where no two may overlap, none do. */
export const jobRuns: Invariant = {
  name: 'job-runs',
  watch(_, violated) {
    const newest = new Map<string, number>();
    return {
      onChange({ kind, id, object }) {
        if (kind !== 'services' || !object?.job) return;
        const problem = problemOf(object, newest.get(id) ?? 0);
        if (problem) violated(`job ${object.spec.name} ${problem}`);
        newest.set(id, Math.max(newest.get(id) ?? 0, ...object.job.runs.map(({ number }) => number)));
      },
    };
  },
};

function problemOf({ spec, job }: Service, newest: number): string | undefined {
  const runs = job?.runs ?? [];
  const numbers = runs.map(({ number }) => number);
  if (numbers.some((number, at) => at > 0 && number <= (numbers[at - 1] as number))) return `has its runs in the order ${numbers}`;
  if (numbers.length > 0 && Math.max(...numbers) < newest) return `has forgotten its run ${newest}`;
  const moments = runs.flatMap(({ scheduledAt }) => (scheduledAt === undefined ? [] : [scheduledAt]));
  if (new Set(moments).size !== moments.length) return `was run twice for one moment: ${moments}`;
  const underWay = runs.filter(({ state }) => state === 'running');
  // Those that were begun while a former spec allowed it may go on.
  const isOneNew = underWay.some(({ number }) => number > newest);
  if (isOneNew && underWay.length > 1 && spec.schedule?.concurrency !== 'allow') return `has ${underWay.length} runs under way at once`;
  return undefined;
}
