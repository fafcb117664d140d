import { EXIT } from './exit.js';

export interface FailureExtras {
  /** Exit code; 1 when absent. */
  exitCode?: number;
  /** What the reader can do about it. */
  cure?: string;
  /** Further facts, a line each. */
  details?: readonly string[];
  cause?: unknown;
}

/** An error that a command tells its user: what, why, what to do, and the exit code. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly exitCode: number;
  readonly cure: string | undefined;
  readonly details: readonly string[];

  constructor(message: string, extras: FailureExtras = {}) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.exitCode = extras.exitCode ?? EXIT.failed;
    this.cure = extras.cure;
    this.details = extras.details ?? [];
  }
}

/** Wrong use of the command line. */
export function usageFailure(message: string, cure?: string): Failure {
  return new Failure(message, { exitCode: EXIT.usage, ...(cure !== undefined && { cure }) });
}

/** Ctrl-C: the reason of the session's signal. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
}
