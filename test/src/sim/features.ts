import type { FileSpec, StackSpec, Taint } from '@tessera/api';
import type { SeededRandom } from '@tessera/kit';
import type { UseCaseContext } from '@tessera/manager/use-case/context';
import { resumeJob, runJob, stopJob, suspendJob } from '@tessera/manager/use-case/jobs';
import { updateNode } from '@tessera/manager/use-case/nodes';
import { rebalance } from '@tessera/manager/use-case/rebalance';
import { rollbackStack } from '@tessera/manager/use-case/releases';
import { deployStack, removeStack } from '@tessera/manager/use-case/stacks';
import { controlUpdate, type UpdateAction } from '@tessera/manager/use-case/updates';
import { Calls } from './calls.js';
import { CROWD, FEATURES, type Feature, FeatureSpecs } from './feature-specs.js';
import type { SimWorld } from './world/world.js';

const FEATURES_PER_RUN = 2;
const TAINT: Taint = { key: 'maintenance', value: '', effect: 'no-schedule' };
const AUTHOR = 'the simulator';
/** Of a core: below what an autoscaled service aims at, about it, and above. */
const LOADS = [0.1, 0.6, 1.5] as const;

type JobAction = (context: UseCaseContext, ref: string) => Promise<unknown>;

interface FeatureChoice {
  /** Absent: some, by chance. */
  features?: readonly Feature[] | undefined;
  /** Whether there is a {@link CROWD} besides. */
  isCrowded: boolean;
}

/** Calls of users who want more than plain services: jobs, schedules, canaries, releases, moves. */
export class Features {
  readonly #calls: Calls;
  readonly #specs: FeatureSpecs;
  readonly #chosen: readonly Feature[];
  readonly #tainted = new Set<string>();
  #deploys = 0;

  constructor(
    private readonly world: SimWorld,
    private readonly random: SeededRandom,
    { features, isCrowded }: FeatureChoice,
  ) {
    this.#calls = new Calls(world, random);
    this.#specs = new FeatureSpecs(random);
    this.#chosen = features ?? (isCrowded ? [...this.#some(), CROWD] : this.#some());
  }

  get isDone(): boolean {
    return this.#calls.isDone;
  }

  /** Makes one call of any kind, if it applies. */
  call(): void {
    const feature = this.#pick(this.#chosen);
    const chance = this.random.next();
    if (!this.world.view.byName('stacks', feature) || chance < 0.3) this.#deploy(feature);
    else if (chance < 0.36) this.#remove(feature);
    else if (chance < 0.44) this.#taint();
    else this.#special(feature);
  }

  /** Takes back what would keep the cluster from being at rest. */
  activateAll(): void {
    for (const nodeId of this.#tainted) this.#untaint(nodeId);
    for (const { spec, update } of this.world.view.all('services')) {
      if (spec.canary && update?.state === 'canary') this.#control(spec.name, 'promote');
      if (spec.canary && update?.state === 'paused' && update.cause === 'user') this.#control(spec.name, 'resume');
    }
  }

  /** What only this feature knows. */
  #special(feature: Feature): void {
    const name = `${feature}_main`;
    if (feature === 'once' || feature === 'each' || feature === 'tick') this.#job(name);
    else if (feature === 'canary') this.#control(name, this.#pick(['promote', 'abort', 'pause', 'resume'] as const));
    else if (feature === 'auto') this.#load();
    else if (feature === 'even')
      this.#calls.run(feature, `rebalance ${name}`, {
        run: (context) => rebalance(context, { service: name, max: 2, dryRun: false }).then(() => {}),
      });
    else if (feature === 'gold')
      this.#calls.run(feature, 'roll gold back', { run: (context) => rollbackStack(context, feature, {}, AUTHOR).then(() => {}) });
    else this.#deploy(feature);
  }

  #deploy(feature: Feature): void {
    const services = this.#specs.of(feature);
    const atomic = feature === 'gold';
    const configs = atomic ? [config(`gold_conf`, this.#pick(['old', 'new']))] : [];
    const spec: StackSpec = { name: feature, services, networks: [], configs, secrets: [] };
    const words = services.map(({ name, mode, template }) => `${name} ${JSON.stringify(mode)} ${template.container.image}`);
    this.#calls.run(feature, `deploy ${feature} #${++this.#deploys}: ${words.join(', ')}`, {
      run: (context) => deployStack(context, feature, spec, { prune: true, atomic }).then(() => {}),
    });
  }

  #remove(feature: Feature): void {
    this.#calls.run(feature, `remove ${feature}`, { run: (context) => removeStack(context, feature).then(() => {}) });
  }

  #job(name: string): void {
    const [words, act] = this.#pick<[string, JobAction]>([
      ['run', runJob],
      ['run', runJob],
      ['stop', stopJob],
      ['suspend', suspendJob],
      ['resume', resumeJob],
    ]);
    this.#calls.run(name, `${words} job ${name}`, { run: (context) => act(context, name).then(() => {}) });
  }

  #control(name: string, action: UpdateAction): void {
    this.#calls.run(name, `${action} the update of ${name}`, {
      run: (context) => controlUpdate(context, name, action, AUTHOR).then(() => {}),
    });
  }

  #load(): void {
    const load = this.#pick(LOADS);
    this.world.history.note(`containers use ${load} cores`);
    for (const { engine } of this.world.nodes) engine.load = load;
  }

  #taint(): void {
    const [tainted] = this.#tainted;
    if (tainted !== undefined) {
      this.#untaint(tainted);
      return;
    }
    const { id } = this.#pick(this.world.nodes);
    const taint = { ...TAINT, effect: this.#pick(['no-schedule', 'no-execute'] as const) };
    this.#tainted.add(id);
    this.world.disturb(`taint ${taint.effect}`, id);
    this.#calls.run('taints', `taint ${id} ${taint.effect}`, {
      run: (context) => updateNode(context, id, { taintsAdd: [taint] }).then(() => {}),
    });
  }

  #untaint(nodeId: string): void {
    this.#calls.run('taints', `untaint ${nodeId}`, {
      run: (context) => updateNode(context, nodeId, { taintsRemove: [{ key: TAINT.key }] }).then(() => {}),
      begun: () => this.world.disturb('taint taken away', nodeId),
      done: () => void this.#tainted.delete(nodeId),
    });
  }

  #some(): Feature[] {
    const left: Feature[] = [...FEATURES];
    return Array.from({ length: FEATURES_PER_RUN }, () => left.splice(Math.floor(this.random.next() * left.length), 1)[0] as Feature);
  }

  #pick<T>(values: readonly T[]): T {
    return values[Math.floor(this.random.next() * values.length)] as T;
  }
}

function config(name: string, content: string): FileSpec {
  return { name, labels: {}, data: Buffer.from(content).toString('base64') };
}
