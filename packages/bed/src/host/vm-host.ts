import { access, mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { until } from '@tessera/kit';
import { ensureBase } from '../base/base.js';
import { diskParts, makeSeedDisk } from '../base/disk.js';
import { recipeOf } from '../base/recipe.js';
import type { ExecOptions, HostProcess, SpawnOptions } from '../box/enter.js';
import { qemuScript } from '../box/qemu-script.js';
import { hostMac, PREFIX_LENGTH } from '../plan/address-plan.js';
import { portName } from '../plan/names.js';
import { type CommandResult, run } from '../run/run.js';
import { lastLines } from './box-host.js';
import { hostFiles } from './host-files.js';
import { type SshTarget, sshCheck, sshExec, sshMaster } from './ssh-command.js';
import { SystemdHost } from './systemd-host.js';

/** An emulated processor boots slowly, and the more so beside others. */
const BOOT_LIMIT_MS = 300_000;
const CONNECT_LIMIT_MS = 30_000;
const LOOK_INTERVAL_MS = 500;
/** What ssh itself ends with. */
const SSH_FAILED = 255;
const PID_FOLDER = '/run/bed/pids';

/**
 * A virtual machine with a kernel of its own (Debian's), cgroup v2 and systemd. Its processor is emulated. What runs in it was
 * started over SSH; its box holds QEMU and the SSH clients.
 */
export class VmHost extends SystemdHost {
  readonly kind = 'vm';
  #spawned = 0;

  /** @throws Error also when the command ends with 255, by which ssh tells that it has no connection. */
  override async exec(argv: readonly string[], options: ExecOptions = {}): Promise<CommandResult> {
    const result = await this.box.exec(sshExec(this.#target, argv, options), { ...options, env: {} });
    if (result.code !== SSH_FAILED) return result;
    throw new Error(`${this.name}: ${argv.join(' ')} ended with ${SSH_FAILED}, or SSH has no connection\n${result.stderr}`);
  }

  /** What is not detached goes on when this program is killed: a virtual machine ends it with its power. */
  override async spawn(argv: readonly string[], options: SpawnOptions): Promise<HostProcess> {
    const pidFile = `${PID_FOLDER}/${process.pid}-${++this.#spawned}`;
    const tellPid = `mkdir -p ${PID_FOLDER}; echo $$ > ${pidFile}; `;
    const client = await this.box.spawn(sshExec(this.#target, argv, options, tellPid), { ...options, env: {} });
    return {
      pid: client.pid,
      exited: client.exited,
      kill: async (signal = 'SIGTERM') => {
        const script = `kill -s ${signal.slice('SIG'.length)} "$(cat ${pidFile})"`;
        return (await this.exec(['sh', '-c', script])).code === 0;
      },
    };
  }

  protected async boot(signal?: AbortSignal): Promise<void> {
    const { paths, lan, share } = this.context;
    const { disk, seedDisk, consoleLog, leader: leaderFile } = this.paths;
    const { kernel, initrd, disk: backing } = diskParts(await ensureBase(paths.devDir, recipeOf('vm'), () => {}, signal));
    if (!(await isThere(disk))) await run(['qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', backing, disk], { signal });
    await this.#makeSeed(signal);
    await lan.attachTap(this.index);
    const script = qemuScript({
      name: this.name,
      disk,
      readOnlyDisks: [seedDisk, ...(share.length > 0 ? [paths.shareDisk] : [])],
      kernel,
      initrd,
      port: portName(this.index),
      mac: hostMac(lan.addresses.subnet, this.index),
      lanPid: await lan.pid(),
      consoleLog,
      leaderFile,
    });
    await this.box.start({ role: 'supervisor', script, signal });
    await this.#answersSsh(signal);
  }

  /** Its system has brought the network up by itself. */
  protected override async connect(): Promise<void> {}

  /** After a boot also the way to its Docker must be opened anew. */
  protected override async launchDocker(signal?: AbortSignal): Promise<void> {
    await this.#openConnection(signal);
    await super.launchDocker(signal);
  }

  get #target(): SshTarget {
    return { ip: this.ip, keyFile: this.context.paths.sshKey, control: this.paths.sshControl };
  }

  async #makeSeed(signal?: AbortSignal): Promise<void> {
    const { paths, lan, internet, share } = this.context;
    const { name, ip } = this;
    const { upper, seedDisk } = this.paths;
    const etc = await hostFiles({ name, ip, sockets: ['fd://'], ...lan.addresses, internet });
    const files: Record<string, string> = {
      ...Object.fromEntries(Object.entries(etc).map(([path, text]) => [`etc/${path}`, text])),
      'etc/systemd/network/eth0.network': `[Match]\nName=eth0\n[Network]\nAddress=${ip}/${PREFIX_LENGTH}\nGateway=${lan.addresses.gateway}\n`,
      'root/.ssh/authorized_keys': await readFile(`${paths.sshKey}.pub`, 'utf8'),
      share: share.map((path) => `${path}\n`).join(''),
    };
    for (const [path, text] of Object.entries(files)) {
      await mkdir(dirname(join(upper, path)), { recursive: true });
      await writeFile(join(upper, path), text);
    }
    await makeSeedDisk(upper, seedDisk, signal);
  }

  async #answersSsh(signal?: AbortSignal): Promise<void> {
    const isUp = async (): Promise<boolean> => {
      if (!(await this.isOn())) throw new Error(`QEMU of ${this.name} ended:\n${await lastLines(this.paths.consoleLog)}`);
      return (await this.box.exec(sshExec(this.#target, ['true']))).code === 0;
    };
    await until(isUp, { ...this.#patience(signal), what: `${this.name} to boot (see ${this.paths.consoleLog})`, limitMs: BOOT_LIMIT_MS });
  }

  async #openConnection(signal?: AbortSignal): Promise<void> {
    const isOpen = async (): Promise<boolean> => (await this.box.exec(sshCheck(this.#target))).code === 0;
    if (await isOpen()) return;
    await this.box.spawn(sshMaster(this.#target, this.dockerSocket), { logFile: this.paths.sshLog, detached: true });
    await until(isOpen, { ...this.#patience(signal), what: `SSH of ${this.name} (see ${this.paths.sshLog})`, limitMs: CONNECT_LIMIT_MS });
  }

  #patience(signal?: AbortSignal) {
    return { clock: this.context.clock, intervalMs: LOOK_INTERVAL_MS, signal };
  }
}

function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
