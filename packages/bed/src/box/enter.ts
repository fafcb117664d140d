import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import type { Clock } from '@tessera/kit';
import { killIfThere } from '../run/kill.js';
import { type CommandResult, ignoreClosedInput } from '../run/run.js';
import { searchPath } from '../run/search-path.js';
import { type ProcessIdentity, parseStat, signalProcess } from './process-identity.js';

/** Where a command is to run: the namespaces of a box's pid 1, and its cgroups. */
export interface Place {
  /** For error messages: "node1". */
  name: string;
  leader: ProcessIdentity;
  /** The cgroup.procs files that a process joins. */
  cgroupProcs: readonly string[];
}

export interface ExecOptions {
  /** Set on top of PATH and HOME; nothing else is inherited. */
  env?: Record<string, string>;
  /** Written to the command's standard input. */
  input?: string;
  /** The command is killed after so many milliseconds. */
  timeoutMs?: number;
  /** Called with each piece of output as it comes. */
  onOutput?: (text: string, stream: 'stdout' | 'stderr') => void;
}

export interface SpawnOptions {
  /** Set on top of PATH and HOME; nothing else is inherited. */
  env?: Record<string, string>;
  /** Takes stdout and stderr; appended to. */
  logFile: string;
  /** Let the process live on when this one ends. Otherwise it is killed then. */
  detached?: boolean;
  /** The process leaves its identity here, for other programs to find it. */
  identityFile?: string;
}

export interface ProcessExit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A process in a box. */
export interface HostProcess {
  /** As the machine's root namespace sees it. */
  readonly pid: number;
  /** Settles when the process has ended. */
  readonly exited: Promise<ProcessExit>;
  /** @returns false when it has ended already. */
  kill(signal?: NodeJS.Signals): Promise<boolean>;
}

const DEFAULT_EXEC_TIMEOUT_MS = 60_000;

/*
 * First the cgroups, since what is forked later inherits them. Then nsenter forks into the namespaces, where the last sh
 * tells its identity on descriptor 3. It reads that through the machine's /proc, kept open as descriptor 9, since its own
 * /proc knows only its pid in the box.
 */
const INSIDE = `read -r stat < /proc/self/fd/9/self/stat
if [ -n "$TESSERA_BED_IDENTITY" ]; then echo "$stat" > "$TESSERA_BED_IDENTITY"; fi
echo "$stat" >&3
unset TESSERA_BED_IDENTITY
exec 3>&- 9<&-
exec "$@"`;
const OUTSIDE = `set -e
for procs in $TESSERA_BED_CGROUPS; do echo $$ > "$procs"; done
unset TESSERA_BED_CGROUPS
leader=$1; shift
exec 9< /proc
exec nsenter --target "$leader" --mount --uts --ipc --net --pid --cgroup --root --wd sh -c '${INSIDE}' sh "$@"`;

/** Processes that end with this program. */
const attended = new Set<ProcessIdentity>();
process.on('exit', () => {
  for (const { pid } of attended) killIfThere(pid);
});

/**
 * Runs a command in a box and waits for its end.
 * @throws Error when it cannot be started, is killed, or runs longer than its limit.
 */
export async function execIn(place: Place, argv: readonly string[], clock: Clock, options: ExecOptions = {}): Promise<CommandResult> {
  const { timeoutMs = DEFAULT_EXEC_TIMEOUT_MS, input = '', onOutput } = options;
  const child = launch(place, argv, { env: options.env, stdio: ['pipe', 'pipe', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text;
      onOutput?.(text, stream);
    });
  }
  child.stdin?.on('error', ignoreClosedInput);
  child.stdin?.end(input);
  const identity = identityFrom(child);
  let late = false;
  const timer = clock.timer(timeoutMs, async () => {
    late = true;
    const running = await identity;
    if (running) await signalProcess(running, 'SIGKILL');
  });
  const { code, signal } = await ended(child, 'close').finally(() => timer.cancel());
  if (code !== null) return { code, ...output };
  const cause = late ? `did not end within ${timeoutMs} ms` : `was ended by ${signal}`;
  throw new Error(`${place.name}: ${argv.join(' ')} ${cause}\n${output.stderr}`);
}

/** Starts a daemon in a box. @throws Error when the box cannot be entered. */
export async function spawnIn(place: Place, argv: readonly string[], options: SpawnOptions): Promise<HostProcess> {
  const log = openSync(options.logFile, 'a', 0o600);
  const env = { ...options.env, ...(options.identityFile ? { TESSERA_BED_IDENTITY: options.identityFile } : {}) };
  const child = launch(place, argv, { env, stdio: ['ignore', log, log, 'pipe'] });
  closeSync(log);
  const exited = ended(child, 'exit');
  exited.catch(() => {});
  const identity = await identityFrom(child);
  if (!identity) {
    await exited;
    throw new Error(`${place.name}: ${argv.join(' ')} could not be started: see ${options.logFile}`);
  }
  if (options.detached) child.unref();
  else attend(identity, exited);
  return { pid: identity.pid, exited, kill: (signal = 'SIGTERM') => signalProcess(identity, signal) };
}

interface LaunchOptions {
  env?: Record<string, string>;
  stdio: ('pipe' | 'ignore' | number)[];
}

function launch(place: Place, argv: readonly string[], { env, stdio }: LaunchOptions): ChildProcess {
  return spawn('sh', ['-c', OUTSIDE, 'sh', String(place.leader.pid), ...argv], {
    stdio,
    detached: true,
    env: {
      PATH: searchPath(),
      HOME: process.env.HOME ?? '/root',
      ...env,
      TESSERA_BED_CGROUPS: place.cgroupProcs.join(' '),
    },
  });
}

function attend(identity: ProcessIdentity, exited: Promise<ProcessExit>): void {
  attended.add(identity);
  const forget = (): void => void attended.delete(identity);
  exited.then(forget, forget);
}

/**
 * What the process tells on descriptor 3; the pipe itself stays open for as long as nsenter waits outside.
 * @returns `undefined` when it ends without a word.
 */
function identityFrom(child: ChildProcess): Promise<ProcessIdentity | undefined> {
  const pipe = child.stdio[3] as Readable;
  return new Promise((resolve) => {
    let text = '';
    pipe.setEncoding('utf8');
    pipe.on('data', (chunk: string) => {
      text += chunk;
      if (text.endsWith('\n')) pipe.destroy();
    });
    pipe.on('close', () => resolve(parseStat(text)));
    child.on('error', () => resolve(undefined));
  });
}

function ended(child: ChildProcess, event: 'close' | 'exit'): Promise<ProcessExit> {
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on(event, (code: number | null, signal: NodeJS.Signals | null) => resolve({ code, signal }));
  });
}
