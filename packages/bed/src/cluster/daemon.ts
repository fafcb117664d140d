import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Clock, until } from '@tessera/kit';
import type { HostProcess } from '../box/enter.js';
import type { Host } from '../host/host.js';
import { clusterPaths } from '../state/paths.js';

export interface DaemonOptions {
  bed: string;
  host: Host;
  /** Names the log file: `<host's folder>/<name>.log`. */
  name: string;
  argv: readonly string[];
  /** Lives on when this process ends. */
  detached: boolean;
}

/** A daemon in a host of a bed. */
export interface Daemon {
  process: HostProcess;
  /** What it was started with. */
  argv: readonly string[];
  logFile: string;
  /** Waits until the condition holds. @throws Error with the end of the log when the daemon ends first or `limitMs` passes. */
  until(
    condition: () => Promise<boolean>,
    what: string,
    limits: { clock: Clock; limitMs: number; signal?: AbortSignal | undefined },
  ): Promise<void>;
}

export async function startDaemon({ bed, host, name, argv, detached }: DaemonOptions): Promise<Daemon> {
  const logFile = join(clusterPaths(bed).host(host.name).dir, `${name}.log`);
  const process = await host.spawn(argv, { logFile, detached });
  let ended = false;
  const onEnd = (): void => {
    ended = true;
  };
  process.exited.then(onEnd, onEnd);
  return {
    process,
    argv,
    logFile,
    async until(condition, what, { clock, limitMs, signal }) {
      const look = async (): Promise<boolean> => {
        if (ended) throw new Error(`${name} of ${host.name} ended while it started`);
        return condition();
      };
      await until(look, { clock, what, limitMs, intervalMs: 50, ...(signal && { signal }) }).catch(async (error: Error) => {
        throw new Error(`${error.message}\n${await lastLines(logFile)}`, { cause: error });
      });
    },
  };
}

async function lastLines(path: string): Promise<string> {
  const text = await readFile(path, 'utf8').catch(() => '(no log)');
  return text.trimEnd().split('\n').slice(-10).join('\n');
}
