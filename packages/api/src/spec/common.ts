import { type Static, type TSchema, Type } from 'typebox';

/** Object schemas of the contract take no unknown keys: a misspelt one is an error, not a silent loss. */
export function strictObject<Properties extends Record<string, TSchema>>(properties: Properties, description?: string) {
  return Type.Object(properties, { additionalProperties: false, ...(description && { description }) });
}

/** One of a few words. */
export function oneOf<const Values extends string[]>(values: readonly [...Values], description?: string) {
  return Type.Enum(values as [...Values], description ? { description } : {});
}

/** What Docker and DNS both take as a name. Source of the rule: RFC 1123 labels, plus `_` and `.` as in Docker. */
export const NAME_PATTERN = '^[a-zA-Z0-9]([a-zA-Z0-9_.-]{0,126}[a-zA-Z0-9])?$';
/** Name of a stack, service, network, node… */
export const Name = Type.String({ pattern: NAME_PATTERN, minLength: 1, maxLength: 128 });
export const Id = Type.String({ pattern: '^[a-z0-9]{1,64}$', description: 'Id of an object: lower-case letters and digits' });
export const Labels = Type.Record(Type.String({ maxLength: 256 }), Type.String({ maxLength: 65_536 }), {
  description: 'Free key-value pairs',
});
export type Labels = Static<typeof Labels>;
/** Durations are whole milliseconds; a year is the bound. */
export const DurationMs = Type.Integer({ minimum: 0, maximum: 31_536_000_000, description: 'Duration in milliseconds' });
export const Bytes = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'Size in bytes' });
export const NanoCpus = Type.Integer({ minimum: 0, maximum: 1_000_000_000_000_000, description: 'CPU share in billionths of a core' });
export const Timestamp = Type.Integer({ minimum: 0, description: 'Milliseconds since 1970-01-01T00:00:00Z' });
export const Port = Type.Integer({ minimum: 1, maximum: 65_535 });
