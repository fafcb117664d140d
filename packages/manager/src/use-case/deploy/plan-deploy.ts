import {
  ApiError,
  type DeployResult,
  type FileSpec,
  fileHashesOf,
  type NetworkSpec,
  type Release,
  type Service,
  type ServiceSpec,
  type Stack,
  type StackSpec,
} from '@tessera/api';
import { contentOf } from '../../model/content.js';
import type { ClusterView } from '../../model/view.js';
import type { Unit } from '../commit.js';
import { type FileKind, type FileMaking, makeFile } from '../files.js';
import { certificateProblems } from '../http-certificates.js';
import { HttpLedger } from '../http-ledger.js';
import { changeNetwork } from '../network-change.js';
import { refuseExhaustion } from '../network-space.js';
import { PortLedger } from '../ports.js';
import { changeService, type GoingBack, type ServiceChange } from '../service-change.js';
import { dependencyCycle, type Known, refuseProblems, serviceProblems } from '../service-rules.js';
import { type Owned, ownedBy, refuseForeign, refuseUsedElsewhere, STACK_KINDS, type StackKind } from './ownership.js';
import { newRelease, type ReleaseNote } from './release.js';

export interface DeployOptions extends FileMaking {
  /** Remove what carries the stack's name and is not in the spec. */
  prune: boolean;
  note: ReleaseNote;
  /** Services go back to what they were before. */
  back?: GoingBack;
}

export type ObjectOutcome = DeployResult['changes'][number];

export interface DeployPlan {
  stack: Stack;
  /** Absent when nothing changed. */
  release?: Release;
  outcomes: ObjectOutcome[];
  /** In an order that leaves no reference open: files and networks before services, removals after them, the stack last. */
  units: Unit[];
}

/**
 * What it takes that the cluster's part of this name is as the spec says. What is so already is not touched.
 * @throws ApiError `invalid-request`, `invalid-spec`, `already-exists`, `port-in-use` or `in-use`.
 */
export function planDeploy(view: ClusterView, name: string, spec: StackSpec, options: DeployOptions): DeployPlan {
  if (spec.name !== name) throw new ApiError('invalid-request', `the path names stack '${name}' and the body stack '${spec.name}'`);
  refuseDuplicates(spec);
  for (const kind of STACK_KINDS) for (const item of namesIn(spec, kind)) refuseForeign(view, kind, item, name);
  const planner = new DeployPlanner(view, withStack(spec), options);
  return planner.plan();
}

class DeployPlanner {
  readonly #outcomes: ObjectOutcome[] = [];
  readonly #units: Unit[] = [];
  readonly #hashes = new Map<string, string>();
  readonly #held: Pick<Release, 'services' | 'networks' | 'files'> = { services: [], networks: [], files: [] };

  constructor(
    private readonly view: ClusterView,
    private readonly spec: StackSpec,
    private readonly options: DeployOptions,
  ) {}

  plan(): DeployPlan {
    const removed = this.options.prune ? this.#unlisted() : [];
    this.#refuseInvalid(removed);
    const { networks, services } = this.spec;
    refuseExhaustion(this.view, { networks, services, removed: new Set(removed.map(({ id }) => id)) });
    for (const network of this.spec.networks) this.#network(network);
    for (const kind of ['configs', 'secrets'] as const) for (const file of this.spec[kind]) this.#file(kind, file);
    this.#services(removed);
    this.#remove(removed);
    return { ...this.#stack(removed), outcomes: this.#outcomes, units: this.#units };
  }

  #refuseInvalid(removed: readonly Owned[]): void {
    const gone = new Set(removed.map((item) => `${item.kind}/${item.name}`));
    const own = new Set(STACK_KINDS.flatMap((kind) => namesIn(this.spec, kind).map((name) => `${kind}/${name}`)));
    const known: Known = {
      has: (kind, name) => own.has(`${kind}/${name}`) || (this.view.byName(kind, name) !== undefined && !gone.has(`${kind}/${name}`)),
    };
    const cycle = dependencyCycle(this.spec.services);
    const problems = [...this.spec.services.flatMap((service) => serviceProblems(service, known)), ...(cycle === undefined ? [] : [cycle])];
    refuseProblems(`stack '${this.spec.name}'`, [...problems, ...this.#certificateProblems()]);
  }

  #certificateProblems(): string[] {
    const own = new Map((['configs', 'secrets'] as const).flatMap((kind) => this.spec[kind].map((file) => [`${kind}/${file.name}`, file])));
    return this.spec.services.flatMap((service) =>
      certificateProblems(service, (file) => own.get(`${file.kind}/${file.name}`)?.data ?? contentOf(this.view, file)),
    );
  }

  #network(spec: NetworkSpec): void {
    const before = this.view.byName('networks', spec.name);
    const network = changeNetwork(this.view, spec, before, this.options);
    this.#held.networks.push(network.spec);
    const outcome = this.#note('networks', spec.name, network.id, before, network);
    if (outcome !== 'unchanged') this.#units.push([{ type: 'put', kind: 'networks', object: network, expect: expectationOf(before) }]);
  }

  #file(kind: FileKind, spec: FileSpec): void {
    const before = this.view.byName(kind, spec.name);
    const { file, content } = makeFile(this.view, kind, spec, before, this.options);
    this.#hashes.set(`${kind}/${spec.name}`, file.hash);
    this.#held.files.push({ kind, name: spec.name, labels: spec.labels, hash: file.hash });
    const outcome = this.#note(kind, spec.name, file.id, before, file);
    if (content.length > 0) this.#units.push(content);
    if (outcome !== 'unchanged') this.#units.push([{ type: 'put', kind, object: file, expect: expectationOf(before) }]);
  }

  #services(removed: readonly Owned[]): void {
    const before = new Map(this.spec.services.map((spec) => [spec.name, this.view.byName('services', spec.name)]));
    const planned = [...before.values()].flatMap((service) => (service ? [service.id] : []));
    const changing = new Set([...planned, ...removed.map((item) => item.id)]);
    const [ledger, routes] = [new PortLedger(this.view, changing), new HttpLedger(this.view, changing)];
    for (const spec of this.spec.services) routes.claim(spec);
    const changes = this.spec.services.map((spec) => this.#service(spec, before.get(spec.name), ledger));
    const claims = changes.some(({ unit, service }) => unit.length > 0 && claimsSomething(service));
    this.#units.push(...(claims ? guardedByCluster(this.view, changes) : changes.map(({ unit }) => unit)));
  }

  #service(spec: ServiceSpec, before: Service | undefined, ledger: PortLedger): ServiceChange {
    const hashOf = (kind: FileKind, name: string): string | undefined =>
      this.#hashes.get(`${kind}/${name}`) ?? this.view.byName(kind, name)?.hash;
    const template = { ...spec.template, fileHashes: fileHashesOf(spec.template.container, hashOf) };
    const change = changeService(
      { ...spec, template },
      ledger.allocate(spec.name, spec.ports, before),
      before,
      this.options,
      this.options.back,
    );
    const { outcome, restarts, service } = change;
    this.#held.services.push({ name: spec.name, serviceId: service.id, specRevision: service.specRevision });
    this.#outcomes.push({ kind: 'services', name: spec.name, id: service.id, outcome, restarts });
    return change;
  }

  #unlisted(): Owned[] {
    return [...STACK_KINDS].reverse().flatMap((kind) => {
      const listed = new Set(namesIn(this.spec, kind));
      return ownedBy(this.view, kind, this.spec.name).filter(({ name }) => !listed.has(name));
    });
  }

  #remove(removed: readonly Owned[]): void {
    refuseUsedElsewhere(this.view, removed, this.spec.name);
    for (const { kind, id, name, revision } of removed) {
      this.#outcomes.push({ kind, name, id, outcome: 'removed', restarts: false });
      this.#units.push([{ type: 'delete', kind, id, expect: { revision } }]);
    }
  }

  #stack(removed: readonly Owned[]): { stack: Stack; release?: Release } {
    const { view, spec, options } = this;
    const before = view.byName('stacks', spec.name);
    if (before && this.#units.every((unit) => unit.length === 0)) return { stack: before };
    const number = (before?.release ?? 0) + 1;
    const stack: Stack = {
      id: before?.id ?? options.newId(),
      revision: 0,
      createdAt: before?.createdAt ?? options.now,
      updatedAt: options.now,
      name: spec.name,
      release: number,
    };
    this.#holdUnlisted(removed);
    const release = newRelease(stack, number, this.#held, options.note, options.now);
    this.#units.push([
      { type: 'put', kind: 'releases', object: release, expect: 'absent' },
      { type: 'put', kind: 'stacks', object: stack, expect: expectationOf(before) },
    ]);
    return { stack, release };
  }

  /** What the files do not name and nobody removed is part of the stack all the same. */
  #holdUnlisted(removed: readonly Owned[]): void {
    const { view } = this;
    const gone = new Set(removed.map(({ id }) => id));
    const unlisted = this.#unlisted().filter(({ id }) => !gone.has(id));
    for (const { kind, id } of unlisted) {
      const { services, networks, files } = this.#held;
      if (kind === 'services') {
        const service = view.get(kind, id)!;
        services.push({ name: service.spec.name, serviceId: id, specRevision: service.specRevision });
      } else if (kind === 'networks') networks.push(view.get(kind, id)!.spec);
      else {
        const file = view.get(kind, id)!;
        files.push({ kind, name: file.spec.name, labels: file.spec.labels, hash: file.hash });
      }
    }
  }

  #note(kind: StackKind, name: string, id: string, before: object | undefined, after: object): ObjectOutcome['outcome'] {
    const outcome = before === undefined ? 'created' : before === after ? 'unchanged' : 'updated';
    this.#outcomes.push({ kind, name, id, outcome, restarts: false });
    return outcome;
  }
}

/** It has what only one service of the cluster can have. */
export function claimsSomething({ ports, spec }: Service): boolean {
  return ports.length > 0 || spec.http !== undefined;
}

/**
 * Two deploys to two managers may claim the same port or route under different keys. Writing the cluster object along with the
 * claim makes one of them lose its compare and plan again.
 */
export function guardedByCluster(view: ClusterView, changes: readonly { unit: Unit }[]): Unit[] {
  const units = changes.map(({ unit }) => unit).filter((unit) => unit.length > 0);
  const cluster = view.get('clusters', 'cluster');
  return cluster ? [[{ type: 'put', kind: 'clusters', object: cluster, expect: { revision: cluster.revision } }], ...units] : units;
}

function expectationOf(before: { revision: number } | undefined): 'absent' | { revision: number } {
  return before ? { revision: before.revision } : 'absent';
}

function namesIn(spec: StackSpec, kind: StackKind): string[] {
  return spec[kind].map((item) => item.name);
}

/** Everything in a stack's spec carries its name, whatever the sender said. */
function withStack(spec: StackSpec): StackSpec {
  const own = <T extends { stack?: string }>(items: readonly T[]): T[] => items.map((item) => ({ ...item, stack: spec.name }));
  return {
    name: spec.name,
    services: own(spec.services),
    networks: own(spec.networks),
    configs: own(spec.configs),
    secrets: own(spec.secrets),
  };
}

function refuseDuplicates(spec: StackSpec): void {
  const problems = STACK_KINDS.flatMap((kind) => {
    const names = namesIn(spec, kind);
    return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map(
      (name) => `the name '${name}' occurs more than once in ${kind}`,
    );
  });
  refuseProblems(`stack '${spec.name}'`, problems);
}
