import type { ClusterInfo } from '@tessera/api';
import type { Clock, Log, Random } from '@tessera/kit';
import type { Authority } from '@tessera/kit/pki/index';
import type { Dispatcher } from '../ports/dispatcher.js';
import type { Peers } from '../ports/peers.js';
import type { Presence } from '../ports/presence.js';
import type { ClusterStore } from '../ports/store.js';

/** What use cases work with. */
export interface UseCaseContext {
  store: ClusterStore;
  dispatcher: Dispatcher;
  presence: Presence;
  peers: Peers;
  clock: Clock;
  random: Random;
  log: Log;
  /** Signs the certificates of nodes. */
  authority: Authority;
  storeKind: ClusterInfo['store'];
  isLeader(): boolean;
}
