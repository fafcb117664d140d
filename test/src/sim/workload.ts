import { ApiError, type NetworkSpec, type ServiceSpec, type StackSpec } from '@tessera/api';
import type { SeededRandom } from '@tessera/kit';
import { serviceSpec } from '@tessera/manager/model/testing/builders';
import { updateNode } from '@tessera/manager/use-case/nodes';
import { scaleService, updateService } from '@tessera/manager/use-case/services';
import { deployStack, removeStack } from '@tessera/manager/use-case/stacks';
import { controlUpdate } from '@tessera/manager/use-case/updates';
import { Calls } from './calls.js';
import type { Ledger } from './ledger.js';
import { BAD_IMAGES, GOOD_IMAGES, isGoodImage } from './world/images.js';
import type { SimWorld } from './world/world.js';

const STACKS = ['red', 'blue'] as const;
const SERVICES = ['a', 'b', 'c'] as const;
/** Each of its tasks has a GPU. */
const WITH_GPU = 'c';
const MIB = 1024 ** 2;
const MOST_REPLICAS = 4;
/** Most tasks with a port of their own host: so few that an update always finds a free host. */
const MOST_WITH_HOST_PORT = 2;

/** Services of which never two tasks of a slot may run. */
const FENCED_CHANCE = 0.25;

/** Label of a service that tells by which call it was made: what was acknowledged can be known again. */
const CALL_LABEL = 'call';

/** Calls of users from a seed, through the real use cases of any manager, one at a time for each stack and for nodes. */
export class Workload {
  readonly #world: SimWorld;
  readonly #ledger: Ledger;
  readonly #random: SeededRandom;
  readonly #calls: Calls;
  readonly #drained = new Set<string>();
  /** Services whose update a user has paused. */
  readonly #paused = new Set<string>();
  #deploys = 0;
  #updates = 0;

  constructor(world: SimWorld, ledger: Ledger) {
    this.#world = world;
    this.#ledger = ledger;
    this.#random = world.random();
    this.#calls = new Calls(world, this.#random);
  }

  /** Whether every call has had its answer. */
  get isDone(): boolean {
    return this.#calls.isDone;
  }

  /** Makes one call of any kind, if it applies. */
  call(): void {
    const chance = this.#random.next();
    const stack = this.#pick(STACKS);
    if (chance < 0.45) this.#deploy(stack);
    else if (chance < 0.65) this.#scale(stack);
    else if (chance < 0.72) this.#remove(stack);
    else if (chance < 0.8) this.#control(stack);
    else this.#availability();
  }

  /** Gives one service that runs well another version of its image. */
  update(): void {
    const services = [...this.#world.view.all('services')].filter(({ spec }) => isGoodImage(spec.template.container.image));
    if (services.length === 0) return;
    const { spec } = this.#pick(services);
    const image = `app:${4 + this.#updates++}`;
    const updated = { ...spec, template: { ...spec.template, container: { ...spec.template.container, image } } };
    this.#calls.run(spec.stack ?? '', `update ${spec.name} to ${image}`, {
      run: (context) => updateService(context, spec.name, updated).then(() => {}),
      begun: () => this.#ledger.changing(spec.name),
      done: () => {},
    });
  }

  /** Takes every drain and pause back. Calls that have no answer yet are repeated until there is none. */
  activateAll(): void {
    this.#resumeAll();
    for (const nodeId of this.#drained) this.#setAvailability(nodeId, 'active');
  }

  #deploy(stack: string): void {
    const call = String(++this.#deploys);
    const names = SERVICES.filter(() => this.#random.next() < 0.7);
    const services = names.map((name) => this.#service(stack, name, call));
    const spec: StackSpec = { name: stack, services, networks: [network(`${stack}_net`)], configs: [], secrets: [] };
    const prune = this.#random.next() < 0.5;
    const words = services.map(
      ({ name, mode, template, update }) => `${name} ${JSON.stringify(mode)} ${template.container.image} ${update.order}`,
    );
    this.#calls.run(stack, `deploy #${call} ${stack}${prune ? ' --prune' : ''}: ${words.join(', ')}`, {
      run: (context) => deployStack(context, stack, spec, { prune }).then(() => {}),
      begun: () => this.#ledger.deploying(stack, services, prune),
      done: () => this.#ledger.deployed(stack, services, prune),
    });
  }

  #scale(stack: string): void {
    const service = this.#world.view.byName('services', `${stack}_${this.#pick(SERVICES)}`);
    if (service?.spec.mode.kind !== 'replicated') return;
    const { name } = service.spec;
    const most = service.spec.ports.length > 0 ? MOST_WITH_HOST_PORT : MOST_REPLICAS;
    const replicas = Math.floor(this.#random.next() * (most + 1));
    this.#calls.run(stack, `scale ${name} to ${replicas}`, {
      run: (context) => scaleService(context, name, replicas).then(() => {}),
      begun: () => this.#ledger.changing(name),
      done: () => this.#ledger.scaled(name, replicas),
    });
  }

  /** Pauses, resumes or aborts whatever update is under way. One that makes no sense is refused. */
  #control(stack: string): void {
    const service = this.#world.view.byName('services', `${stack}_${this.#pick(SERVICES)}`);
    if (!service) return;
    const { name } = service.spec;
    const action = this.#pick(['pause', 'resume', 'abort', 'resume'] as const);
    this.#calls.run(stack, `${action} the update of ${name}`, {
      run: (context) => controlUpdate(context, name, action, 'the simulator').then(() => {}),
      begun: () => {
        if (action === 'pause') this.#paused.add(name);
        this.#ledger.changing(name);
      },
      done: () => void (action !== 'pause' && this.#paused.delete(name)),
    });
  }

  /** Takes every pause back; of an update that is over there is nothing to take back. */
  #resumeAll(): void {
    for (const name of this.#paused) {
      const stack = name.split('_')[0] as string;
      const done = (): void => void this.#paused.delete(name);
      this.#calls.run(stack, `resume the update of ${name}`, {
        run: (context) =>
          controlUpdate(context, name, 'resume', 'the simulator').then(done, (error: unknown) => {
            if (error instanceof ApiError && error.code !== 'unavailable') done();
            else throw error;
          }),
        begun: () => {},
        done,
      });
    }
  }

  #remove(stack: string): void {
    if (!this.#world.view.byName('stacks', stack)) return;
    this.#calls.run(stack, `remove ${stack}`, {
      run: (context) => removeStack(context, stack).then(() => {}),
      begun: () => this.#ledger.deploying(stack, [], true),
      done: () => this.#ledger.deployed(stack, [], true),
    });
  }

  #availability(): void {
    const [drained] = this.#drained;
    if (drained !== undefined) this.#setAvailability(drained, 'active');
    else if (this.#world.nodes.length > 1) this.#setAvailability(this.#pick(this.#world.nodes).id, 'drain');
  }

  #setAvailability(nodeId: string, availability: 'active' | 'drain'): void {
    this.#calls.run('nodes', `${availability} ${nodeId}`, {
      run: (context) => updateNode(context, nodeId, { availability }).then(() => {}),
      begun: () => {
        this.#drained.add(nodeId);
        this.#world.disturb(availability, nodeId);
      },
      done: () => void (availability === 'active' && this.#drained.delete(nodeId)),
    });
  }

  #service(stack: string, short: string, call: string): ServiceSpec {
    const name = `${stack}_${short}`;
    const place = STACKS.indexOf(stack as 'red') * SERVICES.length + SERVICES.indexOf(short as 'a');
    const hasPort = this.#random.next() < 0.2;
    const isGlobal = !hasPort && this.#random.next() < 0.15;
    const replicas = Math.floor(this.#random.next() * (hasPort ? MOST_WITH_HOST_PORT + 1 : MOST_REPLICAS));
    return serviceSpec(name, replicas, (spec) => {
      if (isGlobal) spec.mode = { kind: 'global' };
      spec.labels = { [CALL_LABEL]: call };
      const { container, reservations, restart } = spec.template;
      container.image = this.#image();
      container.stopGraceMs = this.#pick([1_000, 5_000, 10_000]);
      if (this.#random.next() < 0.5) container.healthcheck = { test: ['CMD', 'true'] };
      reservations.memoryBytes = this.#pick([0, 256, 512]) * MIB;
      if (short === WITH_GPU) reservations.generic = [{ kind: 'gpu', count: 1 }];
      // Without a delay a bad image would keep everybody busy for the rest of the run.
      restart.delayMs = Math.max(isGoodImage(container.image) ? 0 : 1_000, this.#pick([0, 1_000, 5_000]));
      if (this.#random.next() < 0.5) spec.template.networks = [{ network: `${stack}_net`, aliases: [] }];
      if (hasPort) spec.ports = [{ protocol: 'tcp', target: 80, published: 8000 + place, mode: 'host' }];
      spec.update.order = hasPort ? 'stop-first' : this.#pick(['stop-first', 'start-first']);
      spec.update.parallelism = this.#pick([0, 1, 1, 2]);
      spec.update.delayMs = this.#pick([0, 0, 2_000]);
      spec.update.failureAction = this.#pick(['pause', 'continue', 'rollback']);
      if (!hasPort && !isGlobal && this.#random.next() < FENCED_CHANCE) {
        spec.template.partition = 'stop';
        spec.update.order = 'stop-first';
      }
      spec.rollback = { ...spec.update, failureAction: 'pause' };
    });
  }

  #image(): string {
    const name = this.#random.next() < 0.12 ? this.#pick(BAD_IMAGES) : this.#pick(GOOD_IMAGES);
    return `${name}:${1 + Math.floor(this.#random.next() * 3)}`;
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.#random.next() * values.length)] as T;
  }
}

function network(name: string): NetworkSpec {
  return { name, labels: {}, driver: 'overlay', driverOptions: {}, internal: false, attachable: false, ipv6: false };
}
