import type { Schema } from '../schema/dsl.js';

/** Every key that the schema knows, as paths of the support table: `services.*.ports[].target`. */
export function schemaKeys(schema: Schema, path = ''): string[] {
  const below = (step: string) => (path === '' ? step : `${path}.${step}`);
  const keys = Object.entries(schema.properties ?? {}).flatMap(([key, rule]) => [below(key), ...schemaKeys(rule, below(key))]);
  const named = Object.values(schema.patternProperties ?? {}).flatMap((rule) =>
    'type' in rule ? freeKeys(rule as Schema, below('*'), path === '' || !path.includes('.')) : [],
  );
  const free = typeof schema.additionalProperties === 'object' ? freeKeys(schema.additionalProperties, below('*'), false) : [];
  const items = schema.items === undefined ? [] : schemaKeys(schema.items, `${path}[]`);
  return [...new Set([...keys, ...named, ...free, ...items])];
}

/** What lies below a name that the author gives; names of the top-level sections count as keys themselves. */
function freeKeys(rule: Schema, path: string, isSection: boolean): string[] {
  return [...(isSection ? [path] : []), ...schemaKeys(rule, path)];
}
