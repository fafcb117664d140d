import { type LoggerOptions, pino } from 'pino';
import type { Log } from './log.js';

export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Writes JSON lines to standard error. */
export function pinoLog(name: string, level: LogLevel): Log {
  const options: LoggerOptions = {
    name,
    level,
    base: { name },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    serializers: { error: pino.stdSerializers.err },
  };
  return pino(options, pino.destination({ dest: 2, sync: true }));
}
