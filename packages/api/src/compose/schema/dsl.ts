/**
 * Small words to write the Compose schema with. Each makes a draft-07 JSON schema for ajv. What may be of several JSON types is one
 * schema with a list of types, never `oneOf`: the types are disjoint, so that every error names one place and one cause.
 */
export interface Schema {
  type: ('string' | 'number' | 'integer' | 'boolean' | 'null' | 'array' | 'object')[];
  properties?: Readonly<Record<string, Schema>>;
  patternProperties?: Readonly<Record<string, Schema | Record<string, never>>>;
  additionalProperties?: boolean | Schema;
  required?: readonly string[];
  items?: Schema;
  uniqueItems?: boolean;
  enum?: readonly (string | null)[];
  minimum?: number;
  maximum?: number;
  /** One text that is meant literally. A pattern, as `enum` would also bind the other types of an `either`. */
  pattern?: string;
  /** What a text here stands for; it is read into a number or boolean before ajv looks. Ignored by ajv. */
  cast?: Cast;
  /** What the keys of a map name, for messages: `service`. Ignored by ajv. */
  names?: string;
}

/** How a text becomes a value: sizes in bytes, durations in milliseconds, cpus in billionths, modes as permission bits. */
export type Cast = 'integer' | 'number' | 'boolean' | 'size' | 'swap' | 'duration' | 'cpus' | 'mode' | 'text';

export const EXTENSION = '^x-';
/** Names of services, networks, volumes… Source: the Compose specification's schema. */
export const NAME_PATTERN = '^[a-zA-Z0-9._-]+$';

export const text: Schema = { type: ['string'] };
export const nullableText: Schema = { type: ['string', 'null'] };
export const bool: Schema = { type: ['boolean'], cast: 'boolean' };
export const number: Schema = { type: ['number'], cast: 'number' };
export const size: Schema = { type: ['number'], cast: 'size' };
/** A size, or -1 for unlimited. */
export const swap: Schema = { type: ['number'], cast: 'swap' };
export const duration: Schema = { type: ['number'], cast: 'duration' };
export const cpus: Schema = { type: ['number'], cast: 'cpus' };
export const mode: Schema = { type: ['number'], cast: 'mode', minimum: 0, maximum: 0o7777 };
/** A text that people also write as a number, which is taken as it was written. */
export const textOrNumber: Schema = { type: ['string'], cast: 'text' };

export function integer(minimum?: number, maximum?: number): Schema {
  return { type: ['integer'], cast: 'integer', ...(minimum !== undefined && { minimum }), ...(maximum !== undefined && { maximum }) };
}

export function word(...values: string[]): Schema {
  return { type: ['string'], enum: values };
}

/** The one text `value`, within an `either`. */
export function literal(value: string): Schema {
  return { type: ['string'], pattern: `^${value}$` };
}

export function list(items: Schema): Schema {
  return { type: ['array'], items };
}

export function set(items: Schema): Schema {
  return { type: ['array'], items, uniqueItems: true };
}

/** A map with known keys; `x-…` keys are free. */
export function map(properties: Readonly<Record<string, Schema>>, required: readonly string[] = []): Schema {
  return { type: ['object'], properties, patternProperties: { [EXTENSION]: {} }, additionalProperties: false, required };
}

/** A map with free keys. */
export function dict(values: Schema): Schema {
  return { type: ['object'], additionalProperties: values };
}

/** A map from names that the author gives. */
export function named(names: string, values: Schema): Schema {
  return { type: ['object'], patternProperties: { [NAME_PATTERN]: values }, additionalProperties: false, names };
}

export function nullable(schema: Schema): Schema {
  return { ...schema, type: [...schema.type, 'null'], ...(schema.enum && { enum: [...schema.enum, null] }) };
}

/** One of several forms, which must differ in their JSON type. */
export function either(...forms: readonly Schema[]): Schema {
  return Object.assign({}, ...forms, { type: forms.flatMap((form) => form.type) });
}

export const texts: Schema = set(text);
export const textOrTexts: Schema = either(text, texts);
/** `KEY: value` or `- KEY=value`. */
export const pairs: Schema = either(dict({ type: ['string', 'number', 'boolean', 'null'] }), set(text));
export const options: Schema = dict({ type: ['string', 'number', 'boolean', 'null'] });
