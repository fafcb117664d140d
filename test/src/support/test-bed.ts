import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type Bed, type Host, writeBusyboxContext } from '@tessera/bed';

/** A cluster name that no other run of the tests uses at the same time. */
export function testBedName(what: string): string {
  return `t-${what}-${process.pid}`;
}

/**
 * Which lines of a machine's snapshot belong to a bed: other beds may come and go meanwhile.
 * @param network of its LAN, "10.78.3.0/24", when one was made.
 */
export function concerning(name: string, network?: string): (line: string) => boolean {
  const subnet = network?.split('.')[2];
  const marks = [name, ...(subnet ? [`link tsd${subnet}`, `tessera_dev_${subnet}`, `10.78.${subnet}.`] : [])];
  return (line) => marks.some((mark) => line.includes(mark));
}

/** Builds a small image with busybox's commands and puts it into the registry and onto all hosts. @returns its name. */
export async function provideBusybox(bed: Bed): Promise<string> {
  const context = await mkdtemp(join(tmpdir(), 'busybox-'));
  try {
    await writeBusyboxContext(context);
    return await bed.buildAndPush({ context, tag: 'busybox:1', hosts: bed.hosts });
  } finally {
    await rm(context, { recursive: true });
  }
}

/** Runs a command in a host. @returns what it printed, trimmed. @throws Error with its stderr when it fails. */
export async function onHost(host: Host, ...argv: string[]): Promise<string> {
  const { code, stdout, stderr } = await host.exec(argv);
  if (code !== 0) throw new Error(`${host.name}: ${argv.join(' ')} ended with ${code}: ${stderr}`);
  return stdout.trim();
}

/** Runs a command on the machine itself. @returns what it printed, trimmed. @throws Error when it fails. */
export async function commandOutput(program: string, args: string[]): Promise<string> {
  return (await promisify(execFile)(program, args)).stdout.trim();
}

/** The machine's own address on its way to the outside. @throws Error when it has no such way. */
export async function outerAddress(): Promise<string> {
  const route = await commandOutput('ip', ['-4', 'route', 'get', '1.1.1.1']);
  const address = /\bsrc (\S+)/.exec(route)?.[1];
  if (!address) throw new Error(`no source address in "${route}"`);
  return address;
}

/** Whether one ping from a host to another is answered within a second. */
export async function reaches(from: Host, ip: string): Promise<boolean> {
  return (await from.exec(['ping', '-c', '1', '-W', '1', ip])).code === 0;
}
