import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { SystemClock } from '@tessera/kit/clock/system-clock';
import { usageFailure } from './failure.js';
import type { Files, Io, Sink } from './io.js';

const DEFAULT_COLUMNS = 80;

/** The real process. */
export function processIo(): Io {
  return {
    stdout: streamSink(process.stdout),
    stderr: streamSink(process.stderr),
    readStdin,
    stdinIsTerminal: process.stdin.isTTY === true,
    env: process.env,
    workingDirectory: process.cwd(),
    files: diskFiles,
    clock: new SystemClock(),
    onInterrupt(run) {
      process.on('SIGINT', run);
      return () => void process.off('SIGINT', run);
    },
  };
}

function streamSink(stream: NodeJS.WriteStream): Sink {
  // The reader of a pipe (`tsctl ls | head -1`) went away: that is no failure, and there is nobody left to write to.
  stream.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  return {
    write: (text) => void stream.write(text),
    isTerminal: stream.isTTY === true,
    get columns() {
      return stream.columns ?? DEFAULT_COLUMNS;
    },
  };
}

async function readStdin(): Promise<Uint8Array> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const UNREADABLE: Readonly<Record<string, string>> = { EISDIR: 'it is a folder', EACCES: 'permission denied' };

const diskFiles: Files = {
  read: (path) =>
    readFile(path)
      .catch(undefinedWhenAbsent)
      .catch((error: NodeJS.ErrnoException) => {
        throw usageFailure(`${path} cannot be read: ${UNREADABLE[error.code ?? ''] ?? error.message}`, 'name a file that you may read');
      }),
  async mode(path) {
    const found = await stat(path).catch(undefinedWhenAbsent);
    return found && found.mode & 0o777;
  },
  async replace(path, text, mode) {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const temporary = `${path}.${randomBytes(6).toString('hex')}`;
    try {
      await writeFile(temporary, text, { mode, flag: 'wx' });
      await chmod(temporary, mode);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
  },
};

function undefinedWhenAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined;
  throw error;
}
