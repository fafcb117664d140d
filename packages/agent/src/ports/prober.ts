import type { ProbeAnswer, ProbeRequest } from '@tessera/api';

/** Looks at this node's network from where it stands. */
export interface Prober {
  /** Never rejects: what cannot be done is told as `failed`. */
  probe(request: ProbeRequest): Promise<ProbeAnswer>;
  /** Takes back what a watch has put into the kernel. */
  stop(): Promise<void>;
}
