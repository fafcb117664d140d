import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { until } from '@tessera/kit';
import { ensureBaseTree } from '../base/base-tree.js';
import { nspawnScript } from '../box/nspawn-script.js';
import { BoxHost, writeOnce } from './box-host.js';
import { hostFiles } from './host-files.js';

/** Where a host sees the folder that holds its socket for the machine. */
const SHARED_INSIDE = '/mnt/bed';
const DOCKER_END_LIMIT_MS = 5_000;
const SYSTEMD_READY_LIMIT_MS = 30_000;

/** A host with a Debian of its own, booted by its own systemd, with sshd: the stand-in for a virtual machine. */
export class FullHost extends BoxHost {
  readonly kind = 'full';

  async killDocker(): Promise<void> {
    await this.#systemctl('kill', '--kill-who=main', '--signal=KILL', 'docker.service');
    const state = async (): Promise<string> => (await this.exec(['systemctl', 'is-active', 'docker.service'])).stdout;
    await until(async () => (await state()).trim() !== 'active', {
      clock: this.context.clock,
      what: `dockerd of ${this.name} to end`,
      limitMs: DOCKER_END_LIMIT_MS,
    });
    // systemd would start dockerd again for the next client.
    await this.#systemctl('stop', 'docker.socket');
  }

  protected async boot(signal?: AbortSignal): Promise<void> {
    const { cluster, paths, lan, internet, share } = this.context;
    const { name, ip } = this;
    const { upper, work, root, shared, varLib, leader } = this.paths;
    const base = await ensureBaseTree(paths.devDir, () => {}, signal);
    const sockets = ['fd://', `unix://${SHARED_INSIDE}/docker.sock`];
    const files = await hostFiles({ name, ip, sockets, ...lan.addresses, internet });
    for (const [path, text] of Object.entries(files)) await writeOnce(join(upper, 'etc', path), text);
    await writeOnce(join(upper, 'root/.ssh/authorized_keys'), await readFile(`${paths.sshKey}.pub`, 'utf8'), 0o600);
    const binds: Record<string, string> = { [SHARED_INSIDE]: shared };
    for (const folder of ['docker', 'containerd']) {
      binds[`/var/lib/${folder}`] = join(varLib, folder);
      await mkdir(join(varLib, folder), { recursive: true });
    }
    const setup = { machine: `${cluster}-${name}`, base, upper, work, root, binds, share, leaderFile: leader };
    await this.box.start({ role: 'supervisor', script: await nspawnScript(setup), signal });
  }

  /** While systemd boots, it starts Docker by itself: the job is queued once more, and that changes nothing. */
  protected async launchDocker(signal?: AbortSignal): Promise<void> {
    const argv = ['systemctl', 'start', '--no-block', 'docker.service'];
    await until(async () => (await this.exec(argv)).code === 0, {
      clock: this.context.clock,
      what: `systemd of ${this.name} to answer (see ${this.paths.consoleLog})`,
      limitMs: SYSTEMD_READY_LIMIT_MS,
      signal,
    });
  }

  protected async checkDocker(): Promise<void> {
    const { stdout } = await this.exec(['systemctl', 'is-failed', 'docker.service']);
    if (stdout.trim() !== 'failed') return;
    const log = await this.exec(['journalctl', '--no-pager', '--lines=10', '--unit=docker.service']);
    throw new Error(`Docker of ${this.name} did not start:\n${log.stdout}`);
  }

  async #systemctl(...args: string[]): Promise<void> {
    const { code, stderr } = await this.exec(['systemctl', ...args]);
    if (code !== 0) throw new Error(`${this.name}: systemctl ${args.join(' ')} ended with code ${code}: ${stderr}`);
  }
}
