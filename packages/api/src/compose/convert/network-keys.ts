import type { ComposeService } from './model.js';

/** Key of the network that a service joins when it names none. */
export const DEFAULT_NETWORK = 'default';

/** Keys of the networks that a service joins. */
export function networkKeys(service: ComposeService): string[] {
  if (service.network_mode !== undefined && service.network_mode !== 'bridge') return [];
  const keys = Object.keys(service.networks ?? {});
  return keys.length === 0 ? [DEFAULT_NETWORK] : keys;
}
