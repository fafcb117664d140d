import type { Clock } from '@tessera/kit/clock/clock';

/** Where text goes. */
export interface Sink {
  write(text: string): void;
  /** A person reads along: colours, redrawn lines. */
  readonly isTerminal: boolean;
  /** Width in characters; of no meaning when it is not a terminal. */
  readonly columns: number;
}

/** The few things that commands do with files. Paths are absolute or relative to the working directory. */
export interface Files {
  /** @returns undefined when there is no such file. */
  read(path: string): Promise<Uint8Array | undefined>;
  /** Permission bits of a file. @returns undefined when there is no such file. */
  mode(path: string): Promise<number | undefined>;
  /** Replaces the file as a whole, making its folder (0700) if it is absent: readers see the old or the new content. */
  replace(path: string, text: string, mode: number): Promise<void>;
}

/** The outside of the process, so that every command also runs in a test. */
export interface Io {
  readonly stdout: Sink;
  readonly stderr: Sink;
  /** All of standard input. */
  readStdin(): Promise<Uint8Array>;
  readonly stdinIsTerminal: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
  readonly files: Files;
  readonly clock: Clock;
  /** Calls `run` at each Ctrl-C. @returns a function that ends this. */
  onInterrupt(run: () => void): () => void;
}
