import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Host } from '@tessera/bed';

const PROGRAMS: Readonly<Record<string, string>> = {
  tsctl: program('cli', 'tsctl'),
  'tessera-manager': program('manager', 'tessera-manager'),
  'tessera-agent': program('agent', 'tessera-agent'),
};
const LIMIT_MS = 60_000;

/** What a command printed, and how it ended; no code when a signal ended it. */
export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  cwd: string;
  env: Readonly<Record<string, string>>;
  stdin?: string | undefined;
  /** SIGTERM is sent as soon as one of these lines is printed. */
  until?: RegExp | undefined;
}

/** Runs one of Tessera's programs on this machine. */
export async function runHere(line: string, { cwd, env, stdin = '', until }: RunOptions): Promise<Ended> {
  const child = start(line, cwd, env);
  const ended = new Promise<Ended>((resolve) => {
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name]?.setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
        if (until?.test(said[name])) child.kill('SIGTERM');
      });
    }
    child.on('close', (code) => resolve({ code, ...said }));
  });
  child.stdin?.on('error', () => {}).end(stdin);
  return ended;
}

/** Runs one of Tessera's programs in a host of the cluster. */
export async function runInHost(host: Host, line: string, { env, stdin }: RunOptions): Promise<Ended> {
  return host.exec(argvOf(line), { env: { ...env }, ...(stdin !== undefined && { input: stdin }), timeoutMs: LIMIT_MS });
}

/** Starts a daemon and waits until it says that it is ready. @returns what ends it. */
export async function startBeside(line: string, { cwd, env }: RunOptions): Promise<() => Promise<void>> {
  const child = start(line, cwd, env);
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => /ready/.test(text) && resolve());
    child.once('close', () => reject(new Error(`${line} ended while it started`)));
  });
  return async () => {
    child.kill('SIGTERM');
    await closed;
  };
}

function start(line: string, cwd: string, env: Readonly<Record<string, string>>): ChildProcess {
  const [file = '', ...args] = argvOf(line);
  return spawn(file, args, { cwd, env, timeout: LIMIT_MS, killSignal: 'SIGKILL' });
}

/** Words with blanks between; single quotes hold words together. */
function argvOf(line: string): string[] {
  const words = (line.match(/(?:[^\s']+|'[^']*')+/g) ?? []).map((word) => word.replaceAll("'", ''));
  const [name = '', ...args] = words;
  const path = PROGRAMS[name];
  if (path === undefined) throw new Error(`"${name}" is none of Tessera's programs`);
  return [path, ...args];
}

function program(folder: string, name: string): string {
  return fileURLToPath(new URL(`../../../../packages/${folder}/bin/${name}.js`, import.meta.url));
}
