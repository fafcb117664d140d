import { join } from 'node:path';
import { until } from '@tessera/kit';
import { initScript, lightHostSetup } from '../box/init-script.js';
import { isAlive, type ProcessIdentity, readIdentity, signalProcess } from '../box/process-identity.js';
import { BoxHost, lastLines, writeOnce } from './box-host.js';
import { hostFiles } from './host-files.js';

const DOCKER_END_LIMIT_MS = 5_000;

/** A host made of namespaces alone: it shares the machine's programs, and has its own processes, network, disk and Docker. */
export class LightHost extends BoxHost {
  readonly kind = 'light';

  async killDocker(): Promise<void> {
    const dockerd = await this.#dockerd();
    if (!dockerd || !(await signalProcess(dockerd, 'SIGKILL'))) return;
    await until(async () => !(await isAlive(dockerd)), {
      clock: this.context.clock,
      what: `dockerd of ${this.name} to end`,
      limitMs: DOCKER_END_LIMIT_MS,
    });
  }

  protected async boot(signal?: AbortSignal): Promise<void> {
    const { paths, lan, cgroup, internet } = this.context;
    const { name, ip, dockerSocket } = this;
    const sockets = ['unix:///run/docker.sock', `unix://${dockerSocket}`];
    const files = await hostFiles({ name, ip, sockets, ...lan.addresses, internet });
    for (const [path, text] of Object.entries(files)) await writeOnce(join(this.paths.upper, path), text);
    const setup = lightHostSetup({
      name,
      paths: this.paths,
      devDir: paths.devDir,
      hierarchies: cgroup.hierarchies,
      cgroup: this.box.cgroup.path,
    });
    await this.box.start({ role: 'pid-1', script: initScript(setup, this.paths.leader, this.box.cgroup.path), signal });
  }

  protected async launchDocker(): Promise<void> {
    if (await this.#dockerd()) return;
    // Unlike the socket, the pid file of a killed dockerd stands in the way when its pid is in use again.
    await this.box.exec(['rm', '-f', '/run/docker.pid']);
    await this.box.spawn(['dockerd'], {
      logFile: this.paths.dockerLog,
      detached: true,
      identityFile: this.paths.dockerd,
    });
  }

  protected async checkDocker(): Promise<void> {
    if (await this.#dockerd()) return;
    throw new Error(`Docker of ${this.name} did not start:\n${await lastLines(this.paths.dockerLog)}`);
  }

  async #dockerd(): Promise<ProcessIdentity | undefined> {
    const identity = await readIdentity(this.paths.dockerd);
    return identity && (await isAlive(identity)) ? identity : undefined;
  }
}
