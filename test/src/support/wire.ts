import type { Host } from '@tessera/bed';
import { onHost } from './test-bed.js';
import { eventually } from './test-cluster.js';

/** What the pings are filled with; each capture looks for it on the wire. */
const MARK = 'plaintextmarker!';
const PING_LIMIT_S = 2;

/** A task of each service on each node; IMAGE is to be busybox. */
export const OPEN_AND_SECRET = `services:
  open: { image: "\${IMAGE}", command: ["sleep", "100000"], networks: [open], deploy: { mode: global } }
  secret: { image: "\${IMAGE}", command: ["sleep", "100000"], networks: [secret], deploy: { mode: global } }
networks:
  open: {}
  secret: { driver_opts: { encrypted: "" } }
`;

/** The way between the containers of two hosts of the stack `shop`, see {@link OPEN_AND_SECRET}, and who can read along. */
export class Wire {
  /** @param limitMs for what a host has to do before a capture runs */
  constructor(
    private readonly a: Host,
    private readonly b: Host,
    private readonly limitMs: number,
  ) {}

  /** Whether a ping from a service's container on one host to that on the other is answered; not while one of them does not run. */
  async ping(from: Host, to: Host, service: string, ...options: string[]): Promise<boolean> {
    const command = await this.pingCommand(from, to, service, '-c', '1', '-W', String(PING_LIMIT_S), ...options).catch(() => undefined);
    return command !== undefined && (await from.exec(['sh', '-c', command])).code === 0;
  }

  /** The shell command that pings from a service's container on one host to that on the other. */
  async pingCommand(from: Host, to: Host, service: string, ...options: string[]): Promise<string> {
    const pid = await look(from, service, '{{.State.Pid}}');
    const address = await look(to, service, '{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}');
    return `exec nsenter -t ${pid} -n ping ${options.join(' ')} ${address}`;
  }

  /** Whether pings that are filled with the mark can be read on the wire of their host. */
  async marksOnWire(service: string): Promise<{ read: boolean; answered: boolean }> {
    const { a, b, limitMs } = this;
    const file = `/tmp/${service}.pcap`;
    // In a sticky folder Debian lets nobody write to another one's file (protected_regular): that of an earlier capture is tcpdump's.
    const capture = `rm -f ${file}; tcpdump -i eth0 --immediate-mode -U -w ${file} udp > /tmp/tcpdump.log 2>&1 & echo $! > /tmp/tcpdump.pid`;
    await onHost(a, 'sh', '-c', capture);
    await eventually(async () => (await onHost(a, 'cat', '/tmp/tcpdump.log')).includes('listening'), 'tcpdump to listen', limitMs);
    const pattern = Buffer.from(MARK).toString('hex');
    const answered = await this.ping(a, b, service, '-p', pattern);
    // tcpdump ends when it is told to, and has written all then.
    await onHost(a, 'sh', '-c', 'kill "$(cat /tmp/tcpdump.pid)"; tail --pid="$(cat /tmp/tcpdump.pid)" -f /dev/null');
    const { code } = await a.exec(['grep', '-q', MARK, file]);
    return { read: code === 0, answered };
  }
}

async function look(host: Host, service: string, format: string): Promise<string> {
  // A node that was down for a moment may have two for a moment: the newest is named first.
  const [id = ''] = (await onHost(host, 'docker', 'ps', '-q', '--filter', `label=tessera.service-name=shop_${service}`)).split('\n');
  return onHost(host, 'docker', 'inspect', '-f', format, id);
}
