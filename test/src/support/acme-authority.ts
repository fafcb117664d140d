import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Host, HostProcess } from '@tessera/bed';
import { onHost } from './test-bed.js';
import { eventually } from './test-cluster.js';

const PORT = 8443;
const NAME = 'ca.test';
const FOLDER = '/var/lib/acme';
const READY_LIMIT_MS = 15_000;

/** A certificate authority of its own on a host, which certifies by ACME: Debian's Caddy. */
export class AcmeAuthority {
  private constructor(
    /** URL of its directory. */
    readonly directory: string,
    /** Its root certificate in PEM. */
    readonly root: string,
    private readonly process: HostProcess,
  ) {}

  /**
   * @param names of hosts that it is to find at these addresses; all hosts of `clients` find the authority.
   * @param folder for files that the machine makes
   */
  static async start(
    host: Host,
    clients: readonly Host[],
    names: Readonly<Record<string, string>>,
    folder: string,
  ): Promise<AcmeAuthority> {
    for (const client of clients) await addNames(client, { [NAME]: host.ip });
    await addNames(host, names);
    const file = join(folder, 'authority.json');
    await writeFile(file, JSON.stringify(CONFIG));
    const process = await host.spawn(['env', `HOME=${FOLDER}`, 'caddy', 'run', '--config', file], {
      logFile: join(folder, 'authority.log'),
    });
    const root = await eventually(() => readRoot(host), 'the authority to have a root certificate', READY_LIMIT_MS);
    return new AcmeAuthority(`https://${NAME}:${PORT}/acme/local/directory`, root ?? '', process);
  }

  async stop(): Promise<void> {
    await this.process.kill('SIGTERM');
    await this.process.exited;
  }
}

async function addNames(host: Host, names: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(names).map(([name, address]) => `${address} ${name}`);
  await onHost(host, 'sh', '-c', `printf '%s\\n' '${lines.join("' '")}' >> /etc/hosts`);
}

async function readRoot(host: Host): Promise<string | undefined> {
  const { code, stdout } = await host.exec(['cat', `${FOLDER}/pki/authorities/local/root.crt`]);
  return code === 0 ? stdout : undefined;
}

/** In Caddy's JSON. */
const CONFIG = {
  admin: { disabled: true },
  storage: { module: 'file_system', root: FOLDER },
  apps: {
    http: {
      servers: {
        authority: {
          listen: [`:${PORT}`],
          routes: [{ handle: [{ handler: 'acme_server', ca: 'local' }] }],
          tls_connection_policies: [{}],
          automatic_https: { disable_redirects: true },
        },
      },
    },
    tls: { certificates: { automate: [NAME] }, automation: { policies: [{ subjects: [NAME], issuers: [{ module: 'internal' }] }] } },
    pki: { certificate_authorities: { local: { install_trust: false, name: 'Bed Authority' } } },
  },
};
