import { until } from '@tessera/kit';
import { BoxHost } from './box-host.js';

const DOCKER_END_LIMIT_MS = 5_000;
const SYSTEMD_READY_LIMIT_MS = 30_000;

/** A host whose own systemd runs its Docker. */
export abstract class SystemdHost extends BoxHost {
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
