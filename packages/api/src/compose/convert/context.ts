import { NAME_PATTERN } from '../../spec/index.js';
import type { Diagnostics, Path } from '../diagnostic.js';
import type { FileContents } from '../load/file-contents.js';
import { didYouMean } from '../suggest.js';
import { descend, type MapNode, markAt, valueMarkAt } from '../yaml/node.js';
import { type LinkNames, linkNames } from './link-names.js';
import { type ComposeModel, modelOf, type Texts } from './model.js';

export interface ConvertInput {
  /** Name of the stack. */
  name: string;
  document: MapNode;
  contents: FileContents;
  diagnostics: Diagnostics;
}

const NAME = new RegExp(NAME_PATTERN);

/** What every part of the conversion needs: the model, names in full, and a way to say what is wrong and where. */
export class ConvertContext {
  readonly model: ComposeModel;
  readonly stack: string;
  readonly contents: FileContents;

  /** A service that waits until the key's service has completed, for each that is waited for so. */
  readonly waitersForCompletion: ReadonlyMap<string, string>;

  readonly linkNames: LinkNames;

  constructor(readonly input: ConvertInput) {
    this.model = modelOf(input.document);
    this.stack = input.name;
    this.contents = input.contents;
    this.linkNames = linkNames(this.model);
    this.waitersForCompletion = waitersForCompletion(this.model);
  }

  /** An error at `path`: at the value itself if it is a single one or an item of a list, else at its key. */
  error(path: Path, message: string, cure?: string, code = 'unsupported-value'): void {
    const isSmall = typeof path.at(-1) === 'number' || descend(this.input.document, path)?.kind === 'scalar';
    const at = (isSmall ? valueMarkAt : markAt)(this.input.document, path);
    this.input.diagnostics.error({ at, path, code, message, cure });
  }

  warn(path: Path, message: string, cure?: string, code = 'ignored'): void {
    this.input.diagnostics.warning({ at: markAt(this.input.document, path), path, code, message, cure });
  }

  /** `file:line` of a key. */
  lineOf(path: Path): string {
    const { file, line } = markAt(this.input.document, path);
    return `${file}:${line}`;
  }

  /** Full name of something that the stack owns or, if `name` or `external` says so, the name as written. */
  fullName(key: string, resource: { name?: string; external?: boolean } | undefined): string {
    return resource?.name ?? (resource?.external ? key : `${this.stack}_${key}`);
  }

  /** Reports a name that the cluster would not take. Source of the rule: `Name` of the contract. */
  checkName(kind: string, name: string, path: Path): void {
    if (NAME.test(name)) return;
    this.error(
      path,
      `'${name}' cannot name a ${kind}`,
      "use up to 128 letters, digits, '.', '_' and '-', with a letter or digit at both ends",
      'bad-name',
    );
  }

  /** Whether `section` has `key`; if not, that is an error at `path`. */
  requireDeclared(section: 'networks' | 'volumes' | 'configs' | 'secrets' | 'services', key: string, path: Path): boolean {
    const declared = this.model[section] ?? {};
    if (Object.hasOwn(declared, key)) return true;
    const kind = section.slice(0, -1);
    const guess = didYouMean(key, Object.keys(declared));
    this.error(
      path,
      `the ${kind} '${key}' is not defined${guess}`,
      guess === '' ? `define it under the top-level '${section}:'` : undefined,
      'undefined-reference',
    );
    return false;
  }
}

function waitersForCompletion(model: ComposeModel): Map<string, string> {
  const waiters = new Map<string, string>();
  for (const [waiter, service] of Object.entries(model.services ?? {})) {
    for (const [target, { condition }] of Object.entries(service.depends_on ?? {})) {
      if (condition === 'service_completed_successfully' && !waiters.has(target)) waiters.set(target, waiter);
    }
  }
  return waiters;
}

/** A map of texts where a missing value is empty, as of labels. */
export function filled(texts: Texts | undefined): Record<string, string> {
  return Object.fromEntries(Object.entries(texts ?? {}).map(([key, value]) => [key, value ?? '']));
}

/** The object without its undefined values. */
export function compact<Value extends object>(value: Value): { [Key in keyof Value]: Exclude<Value[Key], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== undefined)) as {
    [Key in keyof Value]: Exclude<Value[Key], undefined>;
  };
}
