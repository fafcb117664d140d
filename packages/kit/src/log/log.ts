/** Structured logging as a port. Never hand it a secret: fields are written as they are. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A log whose lines all carry `fields`. */
  child(fields: LogFields): Log;
}

/** `error` is written with its stack. */
export type LogFields = { error?: unknown } & Record<string, unknown>;

/** Drops everything: for unit tests. */
export const silentLog: Log = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};
