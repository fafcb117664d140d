import { readFile } from 'node:fs/promises';

/** A process that cannot be mistaken for a later one of the same pid. */
export interface ProcessIdentity {
  /** As the machine's root namespace sees it. */
  pid: number;
  /** Clock ticks from the machine's boot to the process's start. */
  startTicks: number;
}

/** Place of the start time in /proc/PID/stat, counted from the first field after the command's name. See proc(5). */
const START_FIELD = 19;
const STATE_FIELD = 0;

interface ProcessStat extends ProcessIdentity {
  state: string;
}

/** Reads a line of /proc/PID/stat. @returns `undefined` when it is none. */
export function parseStat(line: string): ProcessStat | undefined {
  // The command's name stands in parentheses and may itself hold spaces and parentheses.
  const close = line.lastIndexOf(')');
  const fields = line.slice(close + 2).split(' ');
  const pid = Number.parseInt(line, 10);
  const startTicks = Number(fields[START_FIELD]);
  if (close < 0 || !Number.isInteger(pid) || !Number.isInteger(startTicks)) return undefined;
  return { pid, startTicks, state: fields[STATE_FIELD] ?? '' };
}

/** Reads the identity that a process left in `path`. @returns `undefined` when there is none. */
export async function readIdentity(path: string): Promise<ProcessIdentity | undefined> {
  const stat = await readStat(path);
  return stat && { pid: stat.pid, startTicks: stat.startTicks };
}

/** Whether that very process still runs (a zombie does not). */
export async function isAlive({ pid, startTicks }: ProcessIdentity): Promise<boolean> {
  const stat = await readStat(`/proc/${pid}/stat`);
  return stat !== undefined && stat.startTicks === startTicks && stat.state !== 'Z' && stat.state !== 'X';
}

/** Signals that very process. @returns false when it is gone. */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<boolean> {
  if (!(await isAlive(identity))) return false;
  try {
    return process.kill(identity.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function readStat(path: string): Promise<ProcessStat | undefined> {
  const line = await readFile(path, 'utf8').catch(() => '');
  return parseStat(line);
}
