import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import fc from 'fast-check';
import { FrameParser, type OutputChunk } from './frames.js';
import { logLines } from './lines.js';

function frame(stream: 1 | 2, text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(payload.length, 4);
  return Buffer.concat([header, payload]);
}

/** Cuts `bytes` into pieces of the given lengths, over and over. */
function pieces(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const result: Buffer[] = [];
  for (let at = 0, turn = 0; at < bytes.length; turn += 1) {
    const end = at + (lengths[turn % lengths.length] ?? 1);
    result.push(bytes.subarray(at, end));
    at = end;
  }
  return result;
}

async function linesOf(bytes: Buffer, lengths: readonly number[], timestamps = false): Promise<string[]> {
  const parser = Readable.from(pieces(bytes, lengths)).pipe(new FrameParser());
  const lines: string[] = [];
  for await (const line of logLines(parser as AsyncIterable<OutputChunk>, timestamps)) {
    if (line.type === 'line') lines.push(`${line.stream} ${line.at ?? ''}|${line.text}`);
  }
  return lines;
}

describe('log frames', () => {
  it('give the same lines however the stream is cut', async () => {
    const text = fc.array(
      fc.tuple(fc.constantFrom(1 as const, 2 as const), fc.string({ unit: fc.constantFrom('a', 'ü', '😀', ' ', '\n') })),
      { maxLength: 20 },
    );
    await fc.assert(
      fc.asyncProperty(text, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }), async (frames, lengths) => {
        const bytes = Buffer.concat(frames.map(([stream, content]) => frame(stream, content)));
        assert.deepEqual(await linesOf(bytes, lengths), await linesOf(bytes, [bytes.length + 1]));
      }),
      { numRuns: 50 },
    );
  });

  it('keep the two streams apart and move the time out of the line', async () => {
    const bytes = Buffer.concat([frame(1, '2026-01-02T03:04:05.123456789Z on'), frame(2, '2026-01-02T03:04:06Z err\n'), frame(1, 'e\r\n')]);
    assert.deepEqual(await linesOf(bytes, [bytes.length], true), [
      'stderr 2026-01-02T03:04:06Z|err',
      'stdout 2026-01-02T03:04:05.123456789Z|one',
    ]);
  });

  it('hold a fast writer back while nobody reads', async () => {
    let produced = 0;
    const source = Readable.from(
      (function* () {
        for (; produced < 100_000; produced += 1) yield frame(1, 'x'.repeat(100));
      })(),
    );
    const parser = source.pipe(new FrameParser());
    const first = await new Promise((resolve) => parser.once('readable', () => resolve(parser.read())));
    assert.ok(first);
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(produced < 1_000, `${produced} frames were taken though nobody reads`);
    source.destroy();
    parser.destroy();
  });

  it('refuse a stream that is not framed', async () => {
    await assert.rejects(linesOf(Buffer.from('this is no frame at all'), [64]), /not framed/);
  });
});
