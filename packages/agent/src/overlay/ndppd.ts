import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type InterfaceIdentity, type NeighbourRange, ndppdConfig } from '../plan/network/neighbours.js';
import type { NeighbourProxy } from '../ports/neighbour-proxy.js';
import { run } from './run.js';
import { hasSystemd, isUnitActive, startUnit, stopUnit } from './systemd.js';

const CONFIG = '.conf';
const MOST_CPU = 'CPUQuota=20%';

/**
 * {@link NeighbourProxy} by ndppd, one for each bridge, outside of the agent, so that they outlive it. The file of its configuration
 * says what each answers for. It spins when its bridge goes away: it must go before, and where somebody else takes the bridge away, it may not have much
 * of the processor until the agent has seen that.
 */
export class Ndppd implements NeighbourProxy {
  /** @param folder for configurations and process ids, in memory: what is there after a restart of the host would be wrong */
  constructor(private readonly folder: string) {}

  async isAvailable(): Promise<boolean> {
    const isThere = await run('sh', ['-c', 'command -v ndppd']).catch(() => '');
    const disabled = await readFile('/proc/sys/net/ipv6/conf/all/disable_ipv6', 'utf8').catch(() => '1');
    return isThere !== '' && disabled.trim() === '0';
  }

  async apply(ranges: readonly NeighbourRange[]): Promise<void> {
    const wanted = new Map<string, string>();
    for (const range of ranges) wanted.set(range.bridge, ndppdConfig(range, await identityOf(range.bridge)));
    const held = (await readdir(this.folder).catch(() => [])).filter((name) => name.endsWith(CONFIG));
    for (const bridge of held.map((name) => name.slice(0, -CONFIG.length))) if (!wanted.has(bridge)) await this.#stop(bridge);
    for (const [bridge, config] of wanted) await this.#ensure(bridge, config);
  }

  async #ensure(bridge: string, config: string): Promise<void> {
    const held = await readFile(this.#configFile(bridge), 'utf8').catch(() => '');
    if (held === config && (await this.#isRunning(bridge))) return;
    await this.#stop(bridge);
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    await writeFile(this.#configFile(bridge), config);
    await this.#start(bridge);
  }

  async #start(bridge: string): Promise<void> {
    const command = ['ndppd', '-c', this.#configFile(bridge)];
    if (await hasSystemd()) await startUnit(unitOf(bridge), command, [MOST_CPU]);
    else await run(command[0] as string, [...command.slice(1), '-d', '-p', this.#pidFile(bridge)]);
  }

  async #stop(bridge: string): Promise<void> {
    if (await hasSystemd()) await stopUnit(unitOf(bridge));
    const pid = await this.#pid(bridge);
    if (pid !== undefined) killIfThere(pid);
    await rm(this.#configFile(bridge), { force: true });
    await rm(this.#pidFile(bridge), { force: true });
  }

  async #isRunning(bridge: string): Promise<boolean> {
    return (await hasSystemd()) ? isUnitActive(unitOf(bridge)) : (await this.#pid(bridge)) !== undefined;
  }

  /** Of a process that is really ours: the number may have been given to another one since. */
  async #pid(bridge: string): Promise<number | undefined> {
    const pid = Number(await readFile(this.#pidFile(bridge), 'utf8').catch(() => ''));
    if (!pid) return undefined;
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command.split('\0').includes(this.#configFile(bridge)) ? pid : undefined;
  }

  #configFile(bridge: string): string {
    return join(this.folder, `${bridge}${CONFIG}`);
  }

  #pidFile(bridge: string): string {
    return join(this.folder, `${bridge}.pid`);
  }
}

function unitOf(bridge: string): string {
  return `tessera-neighbours-${bridge}`;
}

async function identityOf(name: string): Promise<InterfaceIdentity> {
  const [index, hardwareAddress] = await Promise.all(
    ['ifindex', 'address'].map((fact) => readFile(`/sys/class/net/${name}/${fact}`, 'utf8')),
  );
  return { index: Number(index), hardwareAddress: (hardwareAddress ?? '').trim() };
}

function killIfThere(pid: number): void {
  try {
    process.kill(pid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
