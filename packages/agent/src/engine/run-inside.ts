import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import type Docker from 'dockerode';
import { FrameParser, type OutputChunk } from './frames.js';

/** More than this of a command's output is of use to nobody. */
const MAX_OUTPUT_BYTES = 64 * 1024;

/** Runs a command in a running container. @returns its exit code and the beginning of what it printed. */
export async function runInside(container: Docker.Container, command: readonly string[]): Promise<{ exitCode: number; output: string }> {
  const exec = await container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
  const source = (await exec.start({ hijack: false, stdin: false })) as unknown as Readable;
  const parser = new FrameParser();
  pipeline(source, parser, () => {});
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const { data } of parser as AsyncIterable<OutputChunk>) {
    if (bytes < MAX_OUTPUT_BYTES) parts.push(data);
    bytes += data.length;
  }
  const { ExitCode } = await exec.inspect();
  return { exitCode: ExitCode ?? -1, output: Buffer.concat(parts).subarray(0, MAX_OUTPUT_BYTES).toString() };
}
