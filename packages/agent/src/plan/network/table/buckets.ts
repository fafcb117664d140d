import { hash32 } from '@tessera/api';

/** Buckets that clients are spread over by the hash of their address: enough that ten tasks get equal shares within a sixth or so. */
export const BUCKETS = 512;

/** A run of buckets and the address that it belongs to. */
export interface BucketRange {
  first: number;
  last: number;
  address: string;
}

/**
 * Which address each bucket belongs to: the one that scores highest for it (rendezvous hashing). Every node comes to the same
 * answer, and when an address comes or goes only the buckets that it takes or had change hands.
 */
export function assignBuckets(addresses: readonly string[]): BucketRange[] {
  const ranges: BucketRange[] = [];
  for (let bucket = 0; bucket < BUCKETS; bucket++) {
    const address = highest(bucket, addresses);
    const last = ranges.at(-1);
    if (last?.address === address) last.last = bucket;
    else ranges.push({ first: bucket, last: bucket, address });
  }
  return ranges;
}

function highest(bucket: number, addresses: readonly string[]): string {
  let best = '';
  let bestScore = -1;
  for (const address of addresses) {
    const score = hash32(`${bucket}/${address}`);
    if (score > bestScore || (score === bestScore && address < best)) [best, bestScore] = [address, score];
  }
  return best;
}
