export { Bed, type BedSummary, type Registry } from './bed/bed.js';
export type { BedOptions, BedProgress } from './bed/options.js';
export type { ExecOptions, HostProcess, ProcessExit, SpawnOptions } from './box/enter.js';
export type { Host } from './host/host.js';
export { type ImageBuild, writeBusyboxContext } from './image/build-and-push.js';
export { checkPrerequisites } from './preflight/check-prerequisites.js';
export { describeProblems, type Problem } from './preflight/problems.js';
export type { CommandResult } from './run/run.js';
export type { HostKind } from './state/cluster-file.js';
