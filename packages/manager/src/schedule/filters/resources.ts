import { formatBytes, formatCpus } from '../units.js';
import { type Filter, PASS } from './filter.js';

const CPU = 0;
const MEMORY = 1;
const FIRST_GENERIC = 2;

/** Enough processor, memory and generic resources that no other task has reserved. */
export const resourceFilter: Filter = {
  name: 'resources',
  prepare({ claim }, table) {
    const { nanoCpus, memoryBytes, generic } = claim;
    if (nanoCpus === 0 && memoryBytes === 0 && generic.length === 0) return undefined;
    const most = (indices: readonly number[], free: (index: number) => number): number =>
      indices.reduce((found, index) => Math.max(found, free(index)), 0);
    return {
      helpedByRoom: true,
      refuse(index) {
        if (nanoCpus > 0 && table.freeCpus[index]! < nanoCpus) return CPU;
        if (memoryBytes > 0 && table.freeMemory[index]! < memoryBytes) return MEMORY;
        if (generic.length === 0) return PASS;
        const missing = generic.findIndex(({ kind, count }) => table.genericFree(index, kind) < count);
        return missing < 0 ? PASS : FIRST_GENERIC + missing;
      },
      explain(reason, indices) {
        if (reason === CPU)
          return `not enough CPU (need ${formatCpus(nanoCpus)}, best has ${formatCpus(most(indices, (index) => table.freeCpus[index]!))})`;
        if (reason === MEMORY)
          return `not enough memory (need ${formatBytes(memoryBytes)}, best has ${formatBytes(most(indices, (index) => table.freeMemory[index]!))})`;
        const { kind, count } = generic[reason - FIRST_GENERIC]!;
        return `not enough ${kind} (need ${count}, best has ${most(indices, (index) => table.genericFree(index, kind))})`;
      },
    };
  },
};
