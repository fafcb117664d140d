import { type Static, Type } from 'typebox';
import { strictObject } from '../spec/common.js';

/**
 * Every error that the API answers with: its code, HTTP status and what it means.
 * docs/reference/errors.md is generated from this table.
 */
export const ERROR_CODES = {
  'invalid-request': { status: 400, meaning: 'The request does not have the form that the route asks for.' },
  'invalid-spec': { status: 422, meaning: 'The spec has the right form but cannot be carried out as it is.' },
  unauthenticated: { status: 401, meaning: 'No valid client certificate or token came with the request.' },
  forbidden: { status: 403, meaning: 'The certificate or token does not allow this.' },
  'invalid-token': { status: 403, meaning: 'The join token is not one of this cluster, or was rotated.' },
  'not-found': { status: 404, meaning: 'No object of this kind has this name or id.' },
  ambiguous: { status: 409, meaning: 'More than one object has an id that begins so.' },
  'already-exists': { status: 409, meaning: 'Another object of this kind has this name.' },
  conflict: { status: 409, meaning: 'The object was changed by somebody else since it was read, or its state does not allow this now.' },
  'plan-changed': { status: 409, meaning: 'The cluster has changed since the plan was made: the deploy would do something else now.' },
  'in-use': { status: 409, meaning: 'Other objects need this one.' },
  'port-in-use': { status: 409, meaning: 'Another service publishes this port.' },
  'route-in-use': { status: 409, meaning: 'Another service has this host and path, or serves the host with another certificate.' },
  exhausted: { status: 409, meaning: 'There are not so many addresses: in the pool of the cluster, or in the subnet of a network.' },
  'too-large': { status: 413, meaning: 'The request is larger than the bound of this route.' },
  'too-many-requests': { status: 429, meaning: 'The manager is asked faster than it answers.' },
  unavailable: { status: 503, meaning: 'The manager cannot reach its store, or the node cannot be reached, at the moment.' },
  timeout: { status: 504, meaning: 'The answer did not come in time.' },
  internal: { status: 500, meaning: 'A fault of Tessera itself; the manager logged it.' },
} as const;
export type ErrorCode = keyof typeof ERROR_CODES;

export const ErrorBody = strictObject({
  code: Type.String(),
  message: Type.String(),
  /** What the reader can do about it. */
  cure: Type.Optional(Type.String()),
  /** Further facts, each a line for people. */
  details: Type.Optional(Type.Array(Type.String())),
});
export type ErrorBody = Static<typeof ErrorBody>;

export interface ErrorExtras {
  cure?: string;
  details?: string[];
  cause?: unknown;
}

/** An error with a code of the contract, made by the manager and made again by the client. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly cure: string | undefined;
  readonly details: readonly string[];

  constructor(
    readonly code: ErrorCode,
    message: string,
    extras: ErrorExtras = {},
  ) {
    super(message, extras.cause === undefined ? undefined : { cause: extras.cause });
    this.cure = extras.cure;
    this.details = extras.details ?? [];
  }

  get status(): number {
    return ERROR_CODES[this.code].status;
  }

  toBody(): ErrorBody {
    return {
      code: this.code,
      message: this.message,
      ...(this.cure !== undefined && { cure: this.cure }),
      ...(this.details.length > 0 && { details: [...this.details] }),
    };
  }

  static fromBody(body: ErrorBody): ApiError {
    const code = body.code in ERROR_CODES ? (body.code as ErrorCode) : 'internal';
    return new ApiError(code, body.message, {
      ...(body.cure !== undefined && { cure: body.cure }),
      ...(body.details && { details: body.details }),
    });
  }
}
