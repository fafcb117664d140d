import type { Tunnel } from '../plan/network/encryption.js';

/** What does the encryption: the kernel itself, or a program beside it. */
export type TunnelMaker = 'kernel' | 'wireguard-go';

/** The node's encrypted way to its peers. */
export interface TunnelDevice {
  /** Public key of this node and what encrypts; `undefined` when the host can do neither way. */
  describe(): Promise<{ publicKey: string; by: TunnelMaker } | undefined>;
  /** Makes the tunnel as it should be; does nothing when it is so. @throws Error when the host cannot. */
  apply(tunnel: Tunnel): Promise<void>;
  /** Takes the tunnel away. Does nothing when there is none. */
  remove(): Promise<void>;
}
