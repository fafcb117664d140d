import { ApiError } from '@tessera/api';
import type { FastifyError } from 'fastify';
import { toApiError } from '../state/committer.js';

/** What is answered to an error, whatever was thrown. The cause of an `internal` one is for the log alone. */
export function asApiError(thrown: unknown, requestId: string): ApiError {
  const error = toApiError(thrown);
  if (error instanceof ApiError) return error;
  return (
    fromFastify(error as FastifyError) ??
    new ApiError('internal', 'the manager failed', { cure: `look for request ${requestId} in the manager's log`, cause: error })
  );
}

function fromFastify(error: FastifyError): ApiError | undefined {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new ApiError('too-large', 'the body of the request is larger than this route takes');
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new ApiError('invalid-request', 'the body of the request is not said to be JSON', {
        cure: 'send the header content-type: application/json',
      });
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return new ApiError('invalid-request', 'the body of the request is empty');
    default:
  }
  if (error.statusCode === undefined || error.statusCode < 400 || error.statusCode >= 500) return undefined;
  return new ApiError('invalid-request', `the request cannot be read: ${error.message}`);
}
