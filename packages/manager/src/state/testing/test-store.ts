import { defaultService, type Service, templateHash } from '@tessera/api';
import { SeededRandom, silentLog, VirtualClock } from '@tessera/kit';
import { MemoryStore } from '../../adapters/kv/memory/memory-store.js';
import type { Kv } from '../../ports/kv.js';
import { KvClusterStore } from '../cluster-store.js';
import { aesSealer } from '../seal.js';

export const clock = new VirtualClock();
export const random = new SeededRandom(7);
export const sealer = aesSealer('ab'.repeat(32), random);

/** @param keepsObjects see {@link Kv.keepsObjects} */
export function memoryStore(keepsObjects = false): MemoryStore {
  return new MemoryStore({ clock, keepsObjects });
}

export function openStore(kv: Kv): Promise<KvClusterStore> {
  return KvClusterStore.open({ kv, clock, random, log: silentLog, sealer });
}

export function someService(id: string, name = id): Service {
  const spec = defaultService(name, 'example/web:1');
  return { id, revision: 0, createdAt: 1, updatedAt: 1, spec, specRevision: 1, templateHash: templateHash(spec.template), ports: [] };
}
