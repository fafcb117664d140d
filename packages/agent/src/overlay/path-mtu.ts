import { run } from './run.js';

/** IPv4 and ICMP headers in front of a ping's own bytes. */
const PING_HEADERS = 28;
/** Sizes at which ways between hosts are known to end: tunnels, PPPoE, IPv6's least. */
const SIZES = [576, 1000, 1200, 1280, 1300, 1330, 1350, 1380, 1390, 1400, 1420, 1430, 1440, 1450, 1476, 1480, 1492, 1500, 9000];
const USUAL_BYTES = 1500;

/** Whether a ping comes back: one of so many bytes that nobody on the way may break up, or a small one. */
export type Ping = (bytes?: number) => Promise<boolean>;

/**
 * The largest packet that gets to an address and back, of the usual sizes and `needed`; 0 when only such do that are broken up on the way, and
 * `undefined` when nothing comes back. One ping after the other: programs that start by dozens starve what shares a small host with them.
 * @param needed bytes of a packet that must get through, which is tried first: most ways are as they should be
 */
export async function pathMtu(ping: Ping, needed = USUAL_BYTES): Promise<number | undefined> {
  const sizes = [...new Set([needed, ...SIZES])].sort((a, b) => a - b);
  let at = sizes.indexOf(needed);
  let [fits, tooLarge] = [-1, sizes.length];
  while (tooLarge - fits > 1) {
    if (await ping(sizes[at])) fits = at;
    else if (fits < 0 && tooLarge === sizes.length && !(await ping())) return undefined;
    else tooLarge = at;
    at = (fits + tooLarge) >> 1;
  }
  return sizes[fits] ?? 0;
}

/** @throws Error without the program `ping` */
export function pingOf(address: string): Ping {
  return async (bytes) => {
    const size = bytes === undefined ? [] : ['-M', 'do', '-s', String(bytes - PING_HEADERS)];
    try {
      await run('ping', ['-n', '-q', '-c', '2', '-i', '0.2', '-W', '1', ...size, address]);
      return true;
    } catch (error) {
      if (/is missing on this host$/.test((error as Error).message)) throw error;
      return false;
    }
  };
}
