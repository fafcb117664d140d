const MEGABYTE = 1_000_000;

interface Layer {
  done: boolean;
  bytes: number;
  totalBytes: number;
}

/** Adds up the engine's messages about single layers to one line for people. */
export class PullProgress {
  readonly #layers = new Map<string, Layer>();

  /** Takes one message of the stream; returns the line when it is about a layer. */
  take(message: Record<string, unknown>): string | undefined {
    const { id, status } = message;
    if (typeof id !== 'string' || typeof status !== 'string' || !isLayer(status)) return undefined;
    const detail = (message.progressDetail ?? {}) as { current?: number; total?: number };
    const layer = this.#layers.get(id) ?? { done: false, bytes: 0, totalBytes: 0 };
    if (status === 'Downloading' && detail.total !== undefined) {
      layer.bytes = detail.current ?? 0;
      layer.totalBytes = detail.total;
    }
    if (status === 'Download complete' || status === 'Pull complete' || status === 'Already exists') {
      layer.done = true;
      layer.bytes = layer.totalBytes;
    }
    this.#layers.set(id, layer);
    return this.#line();
  }

  #line(): string {
    const layers = [...this.#layers.values()];
    const bytes = layers.reduce((sum, layer) => sum + layer.bytes, 0);
    const totalBytes = layers.reduce((sum, layer) => sum + layer.totalBytes, 0);
    const size = totalBytes > 0 ? `, ${megabytes(bytes)} of ${megabytes(totalBytes)} MB` : '';
    return `pulling image: ${layers.filter(({ done }) => done).length} of ${layers.length} layers${size}`;
  }
}

function isLayer(status: string): boolean {
  return /^(Pulling fs layer|Waiting|Downloading|Verifying Checksum|Download complete|Extracting|Pull complete|Already exists)$/.test(
    status,
  );
}

function megabytes(bytes: number): string {
  return (bytes / MEGABYTE).toFixed(1);
}
