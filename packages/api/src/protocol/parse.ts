import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { AgentMessage, LogFrame, ManagerMessage } from './messages.js';

/** A message that is no JSON or not of the protocol. The text says where it is wrong. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** @throws ProtocolError */
export const parseAgentMessage = parserOf<AgentMessage>(AgentMessage, 'agent message');
/** @throws ProtocolError */
export const parseManagerMessage = parserOf<ManagerMessage>(ManagerMessage, 'manager message');
/** @throws ProtocolError */
export const parseLogFrame = parserOf<LogFrame>(LogFrame, 'log frame');

/** The protocol version of a `hello` of whatever version; `undefined` for everything else. */
export function protocolOf(text: string): number | undefined {
  try {
    const { type, protocol } = JSON.parse(text) as { type?: unknown; protocol?: unknown };
    return type === 'hello' && typeof protocol === 'number' ? protocol : undefined;
  } catch {
    return undefined;
  }
}

function parserOf<T>(schema: TSchema, what: string): (text: string) => T {
  const validator = Compile(schema);
  return (text) => {
    const value = parseJson(text, what);
    if (validator.Check(value)) return value as T;
    const [first] = validator.Errors(value);
    throw new ProtocolError(
      `${what} of type ${typeOf(value)}: ${first ? `${first.instancePath || '/'} ${first.message}` : 'not of the protocol'}`,
    );
  };
}

function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ProtocolError(`${what}: not JSON`, { cause: error });
  }
}

function typeOf(value: unknown): string {
  const type = (value as { type?: unknown } | null)?.type;
  return typeof type === 'string' ? type.slice(0, 32) : 'unknown';
}
