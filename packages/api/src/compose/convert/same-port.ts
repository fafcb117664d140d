import { hostAddressesClash } from '../../net/host-address.js';
import type { ComposePort } from './model.js';

/** Whether a node can answer one of the two only. */
export function samePort(a: ComposePort, b: ComposePort): boolean {
  return a.published === b.published && a.protocol === b.protocol && hostAddressesClash(a.host_ip, b.host_ip);
}
