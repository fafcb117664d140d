import { EngineError, type EngineErrorKind } from '../ports/engine.js';

/** Error of docker-modem: an HTTP answer of the engine, or a failed connection. */
interface ModemError extends Error {
  statusCode?: number;
  code?: string;
  json?: { message?: string };
}

const MODEM_PREFIX = /^\(HTTP code \d+\) [^-]*- /;
const CONNECTION_CODES = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOENT', 'EPIPE', 'ECONNABORTED', 'ERR_STREAM_PREMATURE_CLOSE']);

/**
 * Kinds by words of dockerd's messages (20.10 to 29), first match wins. Words, since the engine answers an unreachable
 * registry, a taken port and a broken spec all with HTTP 500.
 */
const BY_MESSAGE: readonly [EngineErrorKind, RegExp][] = [
  ['port-in-use', /port is already allocated|address already in use|bind for .* failed/i],
  ['disk-full', /no space left on device/i],
  [
    'registry-unreachable',
    /dial tcp|no such host|i\/o timeout|connection refused|connection reset|TLS handshake|x509:|certificate|server gave HTTP response|Client\.Timeout|server misbehaving|unexpected EOF|deadline exceeded|network is unreachable|no route to host|received unexpected HTTP status: 5/i,
  ],
  ['unauthorized', /unauthorized|no basic auth credentials|access to the resource is denied|authentication required|access denied/i],
  ['mount-source-missing', /bind source path does not exist/i],
  [
    'image-not-found',
    /no such image|manifest unknown|manifest for .* not found|pull access denied|repository .* not found|no matching manifest|name unknown/i,
  ],
  ['name-conflict', /is already in use by container/i],
  ['no-such-network', /network .* not found|no such network/i],
  [
    'invalid-spec',
    /invalid |unknown runtime|unsupported|not supported|conflicting options|must be|could not select device driver|no such device|error gathering device information/i,
  ],
];

/** The engine's own words, without what docker-modem puts before them. */
export function engineMessage(error: unknown): string {
  const failure = error as ModemError;
  return (failure.json?.message ?? failure.message ?? String(error)).replace(MODEM_PREFIX, '').trim();
}

/** The runtime's report of a program that it cannot start, without the chain of programs that passed it on. */
const PROGRAM = /exec: "([^"]+)": (?:stat .*: )?(executable file not found|no such file or directory|permission denied)/;

const SOURCE = /bind source path does not exist: (\S+)/;

function plain(message: string): string {
  const source = SOURCE.exec(message)?.[1];
  if (source !== undefined) return `${source} is not on this node, and a mount needs it: create it there, or use a named volume`;
  const [, program, why] = PROGRAM.exec(message) ?? [];
  if (program === undefined) return message;
  return why === 'permission denied'
    ? `"${program}" in the image may not be executed: check its mode, or the command and entrypoint of the service`
    : `the image has no program "${program}": check the command and entrypoint of the service`;
}

/** The engine's error in our terms; `action` says what was tried, as in "create container web.1.x". */
export function engineError(action: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const failure = error as ModemError;
  const message = engineMessage(error);
  const kind = kindOf(failure, message);
  const text = kind === 'gone' ? `cannot ${action}: the Docker engine does not answer (${message})` : `cannot ${action}: ${plain(message)}`;
  return new EngineError(kind, text, { cause: error });
}

function kindOf({ statusCode, code, message: raw }: ModemError, message: string): EngineErrorKind {
  if (statusCode === undefined && ((code && CONNECTION_CODES.has(code)) || /socket hang up|aborted/.test(raw))) return 'gone';
  const found = BY_MESSAGE.find(([, pattern]) => pattern.test(message))?.[0];
  if (found) return found;
  if (statusCode === 404) return 'not-found';
  if (statusCode === 400) return 'invalid-spec';
  if (statusCode === 503) return 'gone';
  return 'other';
}

/** A failed pull, said as what it is: the image's name, the registry, and what to do. */
export function pullError(reference: string, registry: string, message: string, cause?: unknown): EngineError {
  const kind = kindOf({ name: 'Error', message }, message);
  switch (kind) {
    case 'registry-unreachable':
      return new EngineError(kind, `registry ${registry} cannot be reached for image ${reference}: ${message}`, { cause });
    case 'unauthorized':
      return new EngineError(
        kind,
        `registry ${registry} refuses image ${reference}: ${message}; log in on this node (docker login ${registry})`,
        { cause },
      );
    case 'image-not-found':
      return new EngineError(kind, `image ${reference} is not in registry ${registry}: ${message}`, { cause });
    case 'disk-full':
      return new EngineError(kind, `no room on this node's disk for image ${reference}: ${message}`, { cause });
    default:
      return new EngineError(kind === 'invalid-spec' ? kind : 'other', `cannot pull image ${reference}: ${message}`, { cause });
  }
}
