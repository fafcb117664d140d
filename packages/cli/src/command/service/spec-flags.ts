import type { ServiceSpec } from '@tessera/api';
import { usageFailure } from '../../failure.js';
import type { OptionDefinition } from '../define.js';
import { countValue, durationValue, pairValue } from '../parse.js';

/** What `service update` may change; `service create` takes those that make sense there. */
export interface SpecFlags {
  image?: string;
  replicas?: number;
  envAdd?: [string, string][];
  envRm?: string[];
  labelAdd?: [string, string][];
  labelRm?: string[];
  constraintAdd?: string[];
  constraintRm?: string[];
  publishAdd?: ServiceSpec['ports'];
  publishRm?: number[];
  limitCpu?: number;
  limitMemory?: number;
  reserveCpu?: number;
  reserveMemory?: number;
  updateParallelism?: number;
  updateDelay?: number;
  updateOrder?: 'start-first' | 'stop-first';
  updateFailureAction?: 'pause' | 'continue' | 'rollback';
  force?: boolean;
}

export const SPEC_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--replicas <count>', summary: 'number of tasks', parse: countValue },
  { flags: '--env-add <key=value>', summary: 'set a variable of the environment', repeat: true, parse: pairValue },
  { flags: '--label-add <key=value>', summary: 'set a label of the service', repeat: true, parse: pairValue },
  { flags: '--constraint-add <expression>', summary: 'only nodes such as node.labels.zone==eu', repeat: true },
  { flags: '--publish-add <port>', summary: 'publish a port: 8080:80, 53:53/udp, 127.0.0.1:8080:80', repeat: true, parse: portValue },
  { flags: '--limit-cpu <cores>', summary: 'at most so many cores a task, such as 0.5', parse: coresValue },
  { flags: '--limit-memory <size>', summary: 'at most so much memory a task, such as 512M', parse: sizeValue },
  { flags: '--reserve-cpu <cores>', summary: 'at least so many cores a task', parse: coresValue },
  { flags: '--reserve-memory <size>', summary: 'at least so much memory a task', parse: sizeValue },
  { flags: '--update-parallelism <count>', summary: 'tasks replaced at a time; 0: all', parse: countValue },
  { flags: '--update-delay <duration>', summary: 'pause between them', parse: durationValue },
  { flags: '--update-order <order>', summary: 'start-first or stop-first', choices: ['start-first', 'stop-first'] },
  { flags: '--update-failure-action <action>', summary: 'pause, continue or rollback', choices: ['pause', 'continue', 'rollback'] },
];

export const CHANGE_OPTIONS: readonly OptionDefinition[] = [
  { flags: '--image <image>', summary: 'image of the tasks' },
  { flags: '--env-rm <key>', summary: 'take a variable away', repeat: true },
  { flags: '--label-rm <key>', summary: 'take a label away', repeat: true },
  { flags: '--constraint-rm <expression>', summary: 'take a constraint away', repeat: true },
  { flags: '--publish-rm <target>', summary: 'do not publish this port of the container any more', repeat: true, parse: countValue },
  { flags: '--force', summary: 'replace all tasks though nothing changes' },
];

/** The spec with the flags applied; the given one is not touched. @throws Failure when a flag does not fit the service. */
export function applyFlags(spec: ServiceSpec, flags: SpecFlags): ServiceSpec {
  const { template, placement, update } = spec;
  return {
    ...spec,
    labels: withPairs(spec.labels, flags.labelAdd, flags.labelRm),
    mode: withReplicas(spec, flags.replicas),
    placement: { ...placement, constraints: withItems(placement.constraints, flags.constraintAdd, flags.constraintRm) },
    ports: withPorts(spec.ports, flags),
    template: {
      ...template,
      container: {
        ...withImage(template.container, flags.image),
        env: withEnv(template.container.env, flags.envAdd, flags.envRm),
      },
      limits: { ...template.limits, ...defined({ nanoCpus: flags.limitCpu, memoryBytes: flags.limitMemory }) },
      reservations: { ...template.reservations, ...defined({ nanoCpus: flags.reserveCpu, memoryBytes: flags.reserveMemory }) },
      forceUpdate: template.forceUpdate + (flags.force ? 1 : 0),
    },
    update: {
      ...update,
      ...defined({
        parallelism: flags.updateParallelism,
        delayMs: flags.updateDelay,
        order: flags.updateOrder,
        failureAction: flags.updateFailureAction,
      }),
    },
  };
}

function withReplicas({ mode, name }: ServiceSpec, replicas: number | undefined): ServiceSpec['mode'] {
  if (replicas === undefined) return mode;
  if (mode.kind === 'replicated') return { ...mode, replicas };
  if (mode.kind === 'replicated-job') return { ...mode, completions: replicas, concurrency: replicas };
  throw usageFailure(`${name} is ${mode.kind}: it has one task on each node, not a number of replicas`);
}

function withEnv(env: readonly string[], add: readonly [string, string][] = [], remove: readonly string[] = []): string[] {
  const keyOf = (entry: string): string => entry.split('=', 1)[0] ?? entry;
  const gone = new Set([...remove, ...add.map(([key]) => key)]);
  return [...env.filter((entry) => !gone.has(keyOf(entry))), ...add.map(([key, value]) => `${key}=${value}`)];
}

function withPairs(
  labels: Readonly<Record<string, string>>,
  add: readonly [string, string][] = [],
  remove: readonly string[] = [],
): Record<string, string> {
  return Object.fromEntries([...Object.entries(labels).filter(([key]) => !remove.includes(key)), ...add]);
}

function withItems(items: readonly string[], add: readonly string[] = [], remove: readonly string[] = []): string[] {
  return [...new Set([...items.filter((item) => !remove.includes(item)), ...add])];
}

function withPorts(ports: ServiceSpec['ports'], { publishAdd = [], publishRm = [] }: SpecFlags): ServiceSpec['ports'] {
  const replaced = (port: ServiceSpec['ports'][number]): boolean =>
    publishAdd.some((added) => added.target === port.target && added.protocol === port.protocol);
  return [...ports.filter((port) => !publishRm.includes(port.target) && !replaced(port)), ...publishAdd];
}

/** Without the entries that are undefined. */
function defined<T extends object>(values: T): { [Key in keyof T]?: Exclude<T[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof T]?: Exclude<T[Key], undefined>;
  };
}

/** `[address:][published:]target[/protocol]`. */
export function portValue(text: string): ServiceSpec['ports'][number] {
  const [, hostIp, published, target, protocol = 'tcp'] =
    /^(?:(?:(\d+\.\d+\.\d+\.\d+|\[[0-9a-fA-F:]+\]):)?(\d{1,5}):)?(\d{1,5})(?:\/(tcp|udp|sctp))?$/.exec(text) ?? [];
  const numbers = [target, published].filter((part) => part !== undefined).map(Number);
  if (target === undefined || numbers.some((port) => port < 1 || port > 65_535))
    throw usageFailure(`"${text}" is no port to publish`, 'write it as 8080:80, 53:53/udp or 127.0.0.1:8080:80');
  return {
    protocol: protocol as 'tcp' | 'udp' | 'sctp',
    target: Number(target),
    mode: 'ingress',
    ...(published !== undefined && { published: Number(published) }),
    ...(hostIp !== undefined && { hostIp: hostIp.replace(/[[\]]/g, '') }),
  };
}

const NANO = 1e9;

export function coresValue(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw usageFailure(`"${text}" is no number of cores`, 'write it as 2 or 0.5');
  return Math.round(Number(text) * NANO);
}

const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?$/i;

/** `512M`, `1.5g`, `1GiB`: powers of 1024, as Docker reads them. @returns bytes. */
export function sizeValue(text: string): number {
  const [, amount, unit = ''] = SIZE.exec(text) ?? [];
  if (amount === undefined) throw usageFailure(`"${text}" is no size`, 'write it as 512M or 1.5G');
  return Math.round(Number(amount) * 1024 ** ' kmgt'.indexOf(unit === '' ? ' ' : unit.toLowerCase()));
}

/** Another image, or the same one named again, is not the one that was pinned. */
function withImage(container: ServiceSpec['template']['container'], image: string | undefined): ServiceSpec['template']['container'] {
  if (image === undefined) return container;
  const { digest: _former, ...others } = container;
  return { ...others, image };
}
