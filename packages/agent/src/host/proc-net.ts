/** A socket that waits for traffic, as /proc/net tells. */
export interface ListeningPort {
  protocol: 'tcp' | 'udp';
  port: number;
}

const TCP_LISTEN = '0A';
/** An unconnected UDP socket. */
const UDP_OPEN = '07';
/** Linux hands out ports from here on to clients (`ip_local_port_range`); such UDP sockets come and go and are no servers. */
const FIRST_EPHEMERAL_PORT = 32_768;
const LOOPBACK = /^(?:[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F)$/;

/** Ports that servers of the host hold on more than the loopback interface, from the text of /proc/net/tcp, tcp6, udp or udp6. */
export function listeningPorts(text: string, protocol: 'tcp' | 'udp'): ListeningPort[] {
  const ports = text
    .split('\n')
    .slice(1)
    .map((line) => portOf(line, protocol));
  return ports.filter((port) => port !== undefined).map((port) => ({ protocol, port }));
}

function portOf(line: string, protocol: 'tcp' | 'udp'): number | undefined {
  const [, local = '', , state] = line.trim().split(/\s+/);
  const [address = '', port = ''] = local.split(':');
  const number = Number.parseInt(port, 16);
  if (!(number > 0) || state !== (protocol === 'tcp' ? TCP_LISTEN : UDP_OPEN) || LOOPBACK.test(address)) return undefined;
  return protocol === 'udp' && number >= FIRST_EPHEMERAL_PORT ? undefined : number;
}
