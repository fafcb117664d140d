import type { StatusChange } from '../model/task-record.js';
import type { EngineErrorKind } from '../ports/engine.js';

/** What went wrong in a step, in the engine's words. */
export interface StepFailure {
  /** `spec`: the assignment itself cannot be carried out. */
  kind: EngineErrorKind | 'spec';
  message: string;
}

/** Pass by themselves: the step is tried again. */
const TRANSIENT: ReadonlySet<StepFailure['kind']> = new Set(['gone', 'timeout', 'not-found', 'no-such-network']);

/**
 * The task's end after a failed step, or `undefined` when it is to be tried again. What this node cannot do is `rejected`: no successor
 * here, the manager looks for another node. A container that was made and then would not start has `failed`: its restart policy counts.
 */
export function failureStatus(step: 'prepare' | 'start', { kind, message }: StepFailure): StatusChange | undefined {
  if (TRANSIENT.has(kind)) return undefined;
  if (step === 'start' && (kind === 'other' || kind === 'invalid-spec'))
    return { state: 'failed', message: 'failed to start', error: message };
  return { state: 'rejected', message: 'rejected', error: message };
}
