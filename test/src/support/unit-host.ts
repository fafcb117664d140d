import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Host } from '@tessera/bed';
import { SystemClock, until } from '@tessera/kit';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const UNITS = ['tessera-manager', 'tessera-agent'] as const;
const PROGRAMS = { tsctl: 'cli', 'tessera-manager': 'manager', 'tessera-agent': 'agent' };
const LIMIT_MS = 30_000;

/** A host with a systemd of its own, on which the manager and the agent run as the units that are shipped. */
export class UnitHost {
  constructor(readonly host: Host) {}

  /** Puts units and programs where an installation has them. Starts nothing. */
  async install(): Promise<void> {
    for (const unit of UNITS) {
      await this.shell(`cat > /etc/systemd/system/${unit}.service`, await readFile(`${ROOT}deploy/systemd/${unit}.service`, 'utf8'));
    }
    // The programs lie in the checkout here, which the manager's sandbox hides when it is below /tmp or a home.
    const open = '[Service]\nPrivateTmp=no\nProtectHome=no\n';
    await this.shell('mkdir /etc/systemd/system/tessera-manager.service.d');
    await this.shell('cat > /etc/systemd/system/tessera-manager.service.d/checkout.conf', open);
    for (const [program, folder] of Object.entries(PROGRAMS)) {
      await this.shell(`ln -s ${ROOT}packages/${folder}/bin/${program}.js /usr/local/bin/${program}`);
    }
    // The programs look for "node" in systemd's own path.
    await this.shell(`command -v node || ln -s ${dirname(process.execPath)}/node /usr/local/bin/node; systemctl daemon-reload`);
  }

  /** What a shell command on the host prints, whatever its exit code. */
  async shell(script: string, input?: string): Promise<string> {
    // systemctl answers with other codes than 0 for states that a test asks for.
    const { stdout, stderr } = await this.host.exec(['sh', '-c', `export HOME=/root; ${script}`], input === undefined ? {} : { input });
    return `${stdout}${stderr}`.trim();
  }

  /** Waits until a shell command prints what is expected. @throws Error with what it printed last. */
  async eventually(script: string, expected: RegExp): Promise<void> {
    let last = '';
    const matches = async (): Promise<boolean> => expected.test((last = await this.shell(script)));
    await until(matches, { clock: new SystemClock(), what: `"${script}" to print ${expected}`, limitMs: LIMIT_MS }).catch(
      (error: Error) => {
        throw new Error(`${error.message}; it prints: ${last}`);
      },
    );
  }
}
