import { textOf } from '../canonical/collections.js';
import type { Env } from '../interpolate/interpolate.js';
import { mergeServices } from '../merge/merge.js';
import { dirname } from '../posix-path.js';
import { didYouMean } from '../suggest.js';
import { child, descend, type MapEntry, type MapNode, withEntry } from '../yaml/node.js';
import type { LoadSession } from './session.js';

/** One file's services, and where a service is looked up that the file itself does not have. */
interface Scope {
  file: string;
  document: MapNode;
  earlier: MapNode | undefined;
}

/** Replaces each `extends` of a document by the service that it names, in this file, in an earlier one, or in another file. */
export class ExtendsResolver {
  readonly #circles = new Set<string>();
  readonly #documents = new Map<string, Promise<MapNode | undefined>>();

  constructor(
    private readonly session: LoadSession,
    private readonly env: Env,
  ) {}

  async resolve(file: string, document: MapNode, earlier?: MapNode): Promise<MapNode> {
    const services = child(document, 'services');
    if (services?.kind !== 'map') return document;
    const entries = new Map<string, MapEntry>();
    for (const [name, { at, value }] of services.entries) {
      entries.set(name, { at, value: value.kind === 'map' ? await this.#service(name, value, { file, document, earlier }, []) : value });
    }
    return withEntry(document, 'services', { ...services, entries });
  }

  /** `chain` lists `file:service` of every service that led here. */
  async #service(name: string, service: MapNode, scope: Scope, chain: readonly string[]): Promise<MapNode> {
    const reference = service.entries.get('extends');
    if (reference === undefined || reference.value.tag === 'reset') return service;
    const own = withEntry(service, 'extends', undefined);
    const here = `${scope.file}:${name}`;
    if (chain.includes(here)) {
      this.#failCircle(reference, name, [...chain.slice(chain.indexOf(here)), here]);
      return own;
    }
    const base = await this.#base(name, reference, scope, [...chain, here]);
    return base === undefined ? own : mergeServices(base, own);
  }

  async #base(name: string, reference: MapEntry, scope: Scope, chain: readonly string[]): Promise<MapNode | undefined> {
    const wanted = textOf(child(reference.value, 'service'));
    const file = textOf(child(reference.value, 'file'));
    const target = file === '' || file === scope.file ? scope : await this.#open(file, name, reference);
    if (target === undefined) return undefined;
    const found =
      descend(target.document, ['services', wanted]) ?? (wanted === name ? undefined : descend(target.earlier, ['services', wanted]));
    if (found?.kind === 'map') return this.#service(wanted, found, target, chain);
    const services = child(target.document, 'services');
    const guess = services?.kind === 'map' ? didYouMean(wanted, services.entries.keys()) : '';
    this.#fail(reference, name, `extends the service '${wanted}', which ${this.session.display(target.file)} does not have${guess}`);
    return undefined;
  }

  async #open(file: string, name: string, reference: MapEntry): Promise<Scope | undefined> {
    let loading = this.#documents.get(file);
    if (loading === undefined) {
      loading = this.#load(file, name, reference);
      this.#documents.set(file, loading);
    }
    const document = await loading;
    return document && { file, document, earlier: undefined };
  }

  async #load(file: string, name: string, reference: MapEntry): Promise<MapNode | undefined> {
    const at = child(reference.value, 'file')?.at ?? reference.at;
    const tree = await this.session.parse(file, { at, path: ['services', name, 'extends', 'file'] });
    return tree && this.session.prepare(tree, dirname(file), this.env);
  }

  /** Reports a circle once, though each service in it leads there. */
  #failCircle(reference: MapEntry, name: string, circle: readonly string[]): void {
    const identity = [...new Set(circle)].sort().join();
    if (this.#circles.has(identity)) return;
    this.#circles.add(identity);
    const names = circle.map((step) => step.slice(step.lastIndexOf(':') + 1));
    this.#fail(reference, name, `services extend each other in a circle: ${names.join(' -> ')}`, 'take one extends out');
  }

  #fail(reference: MapEntry, name: string, message: string, cure?: string): void {
    this.session.diagnostics.error({ at: reference.at, path: ['services', name, 'extends'], code: 'extends', message, cure });
  }
}
