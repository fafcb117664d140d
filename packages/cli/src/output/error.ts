import type { ApiError, ErrorCode } from '@tessera/api';
import { EXIT } from '../exit.js';
import { Failure, Interrupted } from '../failure.js';
import type { Style } from './style.js';

/** Exit codes of the API's errors; what is not here is 1. */
const EXIT_OF: Readonly<Partial<Record<ErrorCode, number>>> = {
  'invalid-request': EXIT.usage,
  'invalid-spec': EXIT.usage,
  'too-large': EXIT.usage,
  ambiguous: EXIT.usage,
  'not-found': EXIT.notFound,
  'plan-changed': EXIT.planChanged,
  unavailable: EXIT.unreachable,
  timeout: EXIT.timeout,
};

export interface ErrorReport {
  lines: string[];
  exitCode: number;
}

/** One line that says what, then why and what to do; a stack trace only for `debug`. */
export function reportOf(error: unknown, style: Style, debug: boolean): ErrorReport {
  const report = describe(error, style);
  return debug && error instanceof Error ? { ...report, lines: [...report.lines, style.dim(error.stack ?? '')] } : report;
}

function describe(error: unknown, style: Style): ErrorReport {
  if (error instanceof Interrupted) return { lines: error.message === '' ? [] : [error.message], exitCode: EXIT.interrupted };
  if (error instanceof Failure)
    return { lines: explain(error.message, error.details, causeOf(error), error.cure, style), exitCode: error.exitCode };
  if (isApiError(error))
    return { lines: explain(error.message, error.details, causeOf(error), error.cure, style), exitCode: exitCodeOf(error) };
  const message = error instanceof Error ? error.message : String(error);
  const cure = isSystemError(error) ? undefined : 'this is a fault of tsctl: run it again with TESSERA_DEBUG=1 and report what it prints';
  return { lines: explain(message, [], undefined, cure, style), exitCode: EXIT.failed };
}

function explain(message: string, details: readonly string[], cause: string | undefined, cure: string | undefined, style: Style): string[] {
  return [
    `${style.red('error:')} ${message}`,
    ...details.map((detail) => `  ${detail}`),
    ...(cause === undefined ? [] : [`  cause: ${cause}`]),
    ...(cure === undefined ? [] : [`  cure: ${cure}`]),
  ];
}

/** What lies behind an error, unless the error itself has said it. */
function causeOf(error: Error): string | undefined {
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  return cause === undefined || error.message.includes(cause) ? undefined : cause;
}

export function exitCodeOf(error: ApiError): number {
  return EXIT_OF[error.code] ?? EXIT.failed;
}

/** By name: importing the contract's schemas only to recognise an error would slow every start. */
export function isApiError(error: unknown, code?: ErrorCode): error is ApiError {
  return error instanceof Error && error.name === 'ApiError' && (code === undefined || (error as ApiError).code === code);
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
