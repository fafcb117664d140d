import { textOf } from '../canonical/collections.js';
import type { Diagnostics } from '../diagnostic.js';
import { child, type MapEntry, type MapNode, withEntry } from '../yaml/node.js';

/** Takes out the services that no active profile asks for, and optional dependencies on them. */
export function selectProfiles(document: MapNode, active: readonly string[], diagnostics: Diagnostics): MapNode {
  const services = child(document, 'services');
  if (services?.kind !== 'map') return document;
  const profilesOf = (service: MapEntry) => textsOf(child(service.value, 'profiles'));
  const disabled = new Map<string, string[]>();
  for (const [name, entry] of services.entries) {
    const profiles = profilesOf(entry);
    if (profiles.length > 0 && !active.includes('*') && !profiles.some((profile) => active.includes(profile))) disabled.set(name, profiles);
  }
  const kept = [...services.entries].filter(([name]) => !disabled.has(name));
  const entries = new Map(
    kept.map(([name, { at, value }]) => [
      name,
      { at, value: value.kind === 'map' ? dropDependencies(name, value, disabled, diagnostics) : value },
    ]),
  );
  return withEntry(document, 'services', { ...services, entries });
}

function textsOf(node: ReturnType<typeof child>): string[] {
  return node?.kind === 'list' ? node.items.map(textOf) : [];
}

function dropDependencies(name: string, service: MapNode, disabled: ReadonlyMap<string, string[]>, diagnostics: Diagnostics): MapNode {
  const dependencies = child(service, 'depends_on');
  if (dependencies?.kind !== 'map') return service;
  const entries = new Map(dependencies.entries);
  for (const [target, { at, value }] of dependencies.entries) {
    const profiles = disabled.get(target);
    if (profiles === undefined) continue;
    entries.delete(target);
    const required = child(value, 'required');
    if (required?.kind === 'scalar' && required.value === false) continue;
    const message = `depends on the service '${target}', which is off: its profiles (${profiles.join(', ')}) are not active`;
    diagnostics.error({
      at,
      path: ['services', name, 'depends_on', target],
      code: 'disabled-service',
      message,
      cure: `activate one with --profile ${profiles[0]}, or set 'required: false'`,
    });
  }
  return withEntry(service, 'depends_on', { ...dependencies, entries });
}
