/** Clusters are numbered 0 to this; number N owns 10.78.N.0/24. */
export const MAX_SUBNET = 254;
/** A /24 has room for hosts .11 to .210; .1 is the LAN's gateway and .254 the machine itself. */
export const MAX_HOSTS = 200;
export const PREFIX_LENGTH = 24;
export const REGISTRY_PORT = 5000;

const FIRST_HOST = 10;

/** The addresses of one cluster's LAN. */
export interface AddressPlan {
  /** Number of the cluster's subnet. */
  subnet: number;
  /** The LAN in CIDR form. */
  network: string;
  /** The LAN's gateway, which also serves the registry. */
  gateway: string;
  /** The machine's own address in the LAN. */
  machine: string;
  /** `address:port` of the registry. */
  registry: string;
}

export function addressPlan(subnet: number): AddressPlan {
  const base = `10.78.${subnet}`;
  return {
    subnet,
    network: `${base}.0/${PREFIX_LENGTH}`,
    gateway: `${base}.1`,
    machine: `${base}.254`,
    registry: `${base}.1:${REGISTRY_PORT}`,
  };
}

/** The address of host number `index` (from 1). @throws Error when the LAN has no room for it. */
export function hostAddress(subnet: number, index: number): string {
  if (index < 1 || index > MAX_HOSTS) throw new Error(`host number ${index}: a cluster has hosts 1 to ${MAX_HOSTS}`);
  return `10.78.${subnet}.${FIRST_HOST + index}`;
}

/** A fixed, locally administered MAC: with a new one after each boot, peers would keep a stale neighbour for a minute. */
export function hostMac(subnet: number, index: number): string {
  const hex = (value: number): string => value.toString(16).padStart(2, '0');
  return `02:54:53:${hex(subnet)}:00:${hex(index)}`;
}

/** Which subnet numbers the lines of `ip -4 route` and `ip -4 addr` show in use. */
export function subnetsInUse(listing: string): Set<number> {
  const used = new Set<number>();
  for (const match of listing.matchAll(/\b10\.78\.(\d{1,3})\.\d{1,3}\b/g)) used.add(Number(match[1]));
  return used;
}
