import { ApiError, NAME_PATTERN } from '@tessera/api';
import { nearest } from '@tessera/api/compose/suggest';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Convert, Default } from 'typebox/value';

/** Problems told at most: the first ones are what matters. */
const MAX_PROBLEMS = 20;

/** Parts of a request that are checked, and what they are called in messages. */
const PART_NAMES: Readonly<Record<string, string>> = { body: 'body', querystring: 'query', params: 'path' };

/** Place of a union in the schema, and the number of one of its branches. */
const UNION = /^(.*\/anyOf)\/(\d+)/;
const MANY_ERRORS = 1000;
const NAME_RULE = 'must be a name: up to 128 letters, digits, ".", "_" and "-", with a letter or digit at both ends';

interface SchemaError {
  keyword: string;
  schemaPath: string;
  instancePath: string;
  message: string;
  params: object;
}

/**
 * Makes the check of one part of a request: fills in defaults, turns texts of the query into numbers and flags, and
 * refuses what does not fit the schema.
 */
export function makeValidator(schema: TSchema, part: string): (value: unknown) => { value: unknown } | { error: ApiError } {
  const compiled = Compile(schema);
  const isText = part !== 'body';
  return (value) => {
    const given = Default(schema, isText ? Convert(schema, { ...(value as object) }) : value);
    if (compiled.Check(given)) return { value: given };
    return { error: toError(PART_NAMES[part] ?? part, schema, [...compiled.Errors(given)] as SchemaError[]) };
  };
}

function toError(part: string, schema: TSchema, errors: SchemaError[]): ApiError {
  const problems = [...new Set(withoutOutlines(errors).flatMap((error) => inWords(part, schema, error)))];
  const shown = problems.slice(0, MAX_PROBLEMS);
  if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
  const [only] = shown;
  if (shown.length === 1 && only !== undefined) return new ApiError('invalid-request', only);
  return new ApiError('invalid-request', `the ${part} of the request has ${problems.length} problems`, { details: shown });
}

/** Leaves out the errors of a union as such, and those of its branches that are plainly not meant. */
function withoutOutlines(errors: SchemaError[]): SchemaError[] {
  const inner = errors.filter((error) => error.keyword !== 'anyOf' && error.keyword !== '~guard');
  const branches = groupBy(inner, (error) => UNION.exec(error.schemaPath)?.[1]);
  return [...branches].flatMap(([union, found]) => (union === undefined ? found : nearestBranch(found)));
}

/** The errors of the branch that the value was most likely meant for: its constant fits, or it has the fewest errors. */
function nearestBranch(errors: SchemaError[]): SchemaError[] {
  const branches = [...groupBy(errors, (error) => UNION.exec(error.schemaPath)?.[2]).values()];
  const weight = (branch: SchemaError[]): number => branch.length + (branch.some((error) => error.keyword === 'const') ? MANY_ERRORS : 0);
  return branches.sort((a, b) => weight(a) - weight(b))[0] ?? [];
}

function inWords(part: string, schema: TSchema, { keyword, instancePath, message, params }: SchemaError): string[] {
  const place = formatPlace(part, instancePath);
  const facts = params as Record<string, unknown>;
  switch (keyword) {
    case 'required':
      return asList(facts.requiredProperties).map((key) => `${place}: '${key}' is missing`);
    case 'additionalProperties':
      return asList(facts.additionalProperties).map((key) => `${place}: '${key}' is not known${hint(key, schema, instancePath)}`);
    case 'enum':
      return [`${place} must be one of ${asList(facts.allowedValues).join(', ')}`];
    case 'pattern':
      return [`${place} ${facts.pattern === NAME_PATTERN ? NAME_RULE : message}`];
    case 'boolean':
      return [];
    default:
      return [`${place} ${message}`];
  }
}

/** `body.services[0].template`, of a JSON pointer. */
function formatPlace(part: string, pointer: string): string {
  const steps = pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));
  return steps.reduce((text, step) => (/^\d+$/.test(step) ? `${text}[${step}]` : `${text}.${step}`), part);
}

function hint(key: string, schema: TSchema, pointer: string): string {
  const known = Object.keys(propertiesAt(schema, pointer.split('/').slice(1)));
  const near = nearest(key, known);
  return near === undefined ? '' : `: did you mean '${near}'?`;
}

function propertiesAt(schema: TSchema, steps: readonly string[]): Record<string, TSchema> {
  const found = steps.reduce<Node | undefined>((node, step) => node?.properties?.[step] ?? node?.items, schema as Node);
  return (found?.properties ?? {}) as Record<string, TSchema>;
}

interface Node {
  properties?: Record<string, Node>;
  items?: Node;
}

function asList(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function groupBy<T, Key>(items: readonly T[], keyOf: (item: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const item of items) groups.set(keyOf(item), [...(groups.get(keyOf(item)) ?? []), item]);
  return groups;
}
