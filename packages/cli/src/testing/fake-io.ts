import { VirtualClock } from '@tessera/kit/clock/virtual-clock';
import type { Io, Sink } from '../io.js';

export interface FakeIoOptions {
  files?: Record<string, string>;
  modes?: Record<string, number>;
  stdin?: string;
  stdinIsTerminal?: boolean;
  env?: Record<string, string>;
  terminal?: boolean;
  columns?: number;
  clock?: VirtualClock;
}

/** A process whose output is captured and whose files are in memory. */
export class FakeIo implements Io {
  out = '';
  err = '';
  readonly modes: Map<string, number>;
  readonly contents: Map<string, string>;
  readonly clock: VirtualClock;
  readonly env: Record<string, string>;
  readonly workingDirectory = '/work';
  readonly stdinIsTerminal: boolean;
  readonly stdout: Sink;
  readonly stderr: Sink;
  readonly #stdin: string;
  #onInterrupt: (() => void) | undefined;

  constructor({
    files = {},
    modes = {},
    stdin = '',
    stdinIsTerminal = false,
    env = {},
    terminal = false,
    columns = 80,
    clock = new VirtualClock(),
  }: FakeIoOptions = {}) {
    this.contents = new Map(Object.entries(files));
    this.modes = new Map(Object.entries(modes));
    this.env = { TESSERA_CONFIG_DIR: '/config', ...env };
    this.clock = clock;
    this.stdinIsTerminal = stdinIsTerminal;
    this.#stdin = stdin;
    this.stdout = { isTerminal: terminal, columns, write: (text) => void (this.out += text) };
    this.stderr = { isTerminal: terminal, columns, write: (text) => void (this.err += text) };
  }

  readonly files: Io['files'] = {
    read: async (path) => {
      const content = this.contents.get(path);
      return content === undefined ? undefined : new TextEncoder().encode(content);
    },
    mode: async (path) => (this.contents.has(path) ? (this.modes.get(path) ?? 0o600) : undefined),
    replace: async (path, text, mode) => {
      this.contents.set(path, text);
      this.modes.set(path, mode);
    },
  };

  async readStdin(): Promise<Uint8Array> {
    return new TextEncoder().encode(this.#stdin);
  }

  onInterrupt(run: () => void): () => void {
    this.#onInterrupt = run;
    return () => {
      this.#onInterrupt = undefined;
    };
  }

  /** Presses Ctrl-C. */
  interrupt(): void {
    this.#onInterrupt?.();
  }
}
