import { Transform, type TransformCallback } from 'node:stream';

/** A piece of a container's output. */
export interface OutputChunk {
  stream: 'stdout' | 'stderr';
  data: Buffer;
}

const HEADER_BYTES = 8;
const STDERR = 2;
/** dockerd cuts its frames at 16 KiB to 1 MiB; more means that this is not a framed stream. */
const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/**
 * Takes Docker's multiplexed output apart: 8 bytes of header (stream, 3 zeros, big-endian length), then the payload. A Transform with
 * back-pressure, since docker-modem's `demuxStream` has none and overflows the stack on many small frames.
 * A payload is passed on as it comes, not gathered.
 */
export class FrameParser extends Transform {
  #header = Buffer.alloc(0);
  #left = 0;
  #stream: OutputChunk['stream'] = 'stdout';

  constructor() {
    super({ readableObjectMode: true });
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    try {
      this.#parse(chunk);
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  #parse(chunk: Buffer): void {
    let offset = 0;
    while (offset < chunk.length) {
      if (this.#left === 0) {
        const take = Math.min(HEADER_BYTES - this.#header.length, chunk.length - offset);
        this.#header = Buffer.concat([this.#header, chunk.subarray(offset, offset + take)]);
        offset += take;
        if (this.#header.length === HEADER_BYTES) this.#openFrame();
      } else {
        const data = chunk.subarray(offset, offset + this.#left);
        this.push({ stream: this.#stream, data } satisfies OutputChunk);
        this.#left -= data.length;
        offset += data.length;
      }
    }
  }

  #openFrame(): void {
    const length = this.#header.readUInt32BE(4);
    if (length > MAX_FRAME_BYTES) throw new Error(`log frame of ${length} bytes: the stream is not framed as expected`);
    this.#stream = this.#header[0] === STDERR ? 'stderr' : 'stdout';
    this.#left = length;
    this.#header = Buffer.alloc(0);
  }
}

/** The output of a container with a terminal: not framed, all of it stdout. */
export class RawOutput extends Transform {
  constructor() {
    super({ readableObjectMode: true });
  }

  override _transform(data: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    done(null, { stream: 'stdout', data } satisfies OutputChunk);
  }
}
