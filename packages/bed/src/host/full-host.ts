import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensureBase } from '../base/base.js';
import { recipeOf } from '../base/recipe.js';
import { nspawnScript } from '../box/nspawn-script.js';
import { writeOnce } from './box-host.js';
import { hostFiles } from './host-files.js';
import { SystemdHost } from './systemd-host.js';

/** Where a host sees the folder that holds its socket for the machine. */
const SHARED_INSIDE = '/mnt/bed';

/** A host with a Debian of its own, booted by its own systemd, with sshd: the stand-in for a virtual machine. */
export class FullHost extends SystemdHost {
  readonly kind = 'full';

  protected async boot(signal?: AbortSignal): Promise<void> {
    const { cluster, paths, lan, internet, share } = this.context;
    const { name, ip } = this;
    const { upper, work, root, shared, varLib, leader } = this.paths;
    const base = await ensureBase(paths.devDir, recipeOf('full'), () => {}, signal);
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
}
