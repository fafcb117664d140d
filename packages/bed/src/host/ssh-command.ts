import type { ExecOptions } from '../box/enter.js';
import { quoted } from '../box/init-script.js';

export interface SshTarget {
  ip: string;
  keyFile: string;
  /** Socket of the connection that all commands go through. */
  control: string;
}

/** Where Debian's root finds programs. */
const PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const CONNECT_LIMIT_S = 5;

/** A host of a bed is whoever has its address: its key is made with it, and nobody else is on the LAN. */
function options({ keyFile, control }: SshTarget): string[] {
  const settings = {
    BatchMode: 'yes',
    StrictHostKeyChecking: 'no',
    UserKnownHostsFile: '/dev/null',
    LogLevel: 'ERROR',
    ConnectTimeout: CONNECT_LIMIT_S,
    ControlPath: control,
  };
  return ['-i', keyFile, ...Object.entries(settings).flatMap(([key, value]) => ['-o', `${key}=${value}`])];
}

/** Runs a command as root, with nothing of sshd's environment. @param before shell commands to run first, in the same process */
export function sshExec(target: SshTarget, argv: readonly string[], { env = {} }: Pick<ExecOptions, 'env'> = {}, before = ''): string[] {
  const variables = Object.entries({ PATH, HOME: '/root', ...env }).map(([key, value]) => `${key}=${value}`);
  const command = `${before}exec env -i ${[...variables, ...argv].map(quoted).join(' ')}`;
  return ['ssh', ...options(target), `root@${target.ip}`, command];
}

/** Opens the connection that the others go through, and lets a socket of the machine lead to the host's Docker. Runs as long as that. */
export function sshMaster(target: SshTarget, dockerSocket: string): string[] {
  const forward = ['-o', 'StreamLocalBindUnlink=yes', '-L', `${dockerSocket}:/run/docker.sock`];
  return ['ssh', ...options(target), '-M', '-N', ...forward, `root@${target.ip}`];
}

/** Ends with 0 when the connection is there. */
export function sshCheck(target: SshTarget): string[] {
  return ['ssh', ...options(target), '-O', 'check', `root@${target.ip}`];
}
