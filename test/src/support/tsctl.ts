import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const TSCTL = fileURLToPath(new URL('../../../packages/cli/bin/tsctl.js', import.meta.url));
/** Of what the command prints: a listing of many tasks with their specs. */
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export interface Run {
  code: number;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  input?: string;
  env?: Record<string, string>;
}

/** `tsctl` as a person runs it: a process of its own, with a folder and contexts of its own. */
export class Tsctl {
  private constructor(readonly folder: string) {}

  static async create(): Promise<Tsctl> {
    return new Tsctl(await mkdtemp(join(tmpdir(), 'tsctl-')));
  }

  /** Runs it to its end, whatever that is. */
  run(args: readonly string[], { input = '', env = {} }: RunOptions = {}): Promise<Run> {
    const options = {
      cwd: this.folder,
      maxBuffer: MAX_OUTPUT_BYTES,
      env: { ...process.env, TESSERA_CONFIG_DIR: join(this.folder, 'config'), ...env },
    };
    return new Promise((resolve) => {
      const child = execFile(process.execPath, [TSCTL, ...args], options, (error, stdout, stderr) => {
        resolve({ code: error ? Number(error.code ?? 1) : 0, stdout, stderr });
      });
      child.stdin?.end(input);
    });
  }

  /** Starts it and lets it run: the caller ends it. */
  start(args: readonly string[]): ChildProcess {
    const env = { ...process.env, TESSERA_CONFIG_DIR: join(this.folder, 'config') };
    return spawn(process.execPath, [TSCTL, ...args], { cwd: this.folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** @returns what it printed. @throws AssertionError with its errors when it does not end with 0. */
  async succeed(args: readonly string[], options?: RunOptions): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, options);
    assert.equal(code, 0, `tsctl ${args.join(' ')} ended with ${code}: ${stderr}`);
    return stdout;
  }

  /** Runs it with `-o json`. The caller says what the command answers. */
  async json<T>(...args: string[]): Promise<T> {
    return JSON.parse(await this.succeed([...args, '-o', 'json'])) as T;
  }

  remove(): Promise<void> {
    return rm(this.folder, { recursive: true, force: true });
  }
}
