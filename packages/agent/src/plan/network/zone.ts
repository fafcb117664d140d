import type { Endpoint, ServiceEndpoints } from '@tessera/api';
import type { ServiceChange } from '../../model/service-change.js';
import { addressesOf } from './family.js';

/** Where one task of a service listens, as an SRV record tells it. */
export interface ServiceRecord {
  /** Name of the task, without a final dot. */
  target: string;
  addresses: readonly string[];
  port: number;
}

/** What a name of ours stands for. Both empty: it is known, and nothing is there at the moment. */
export interface ZoneAnswer {
  /** Of both families. */
  addresses: readonly string[];
  /** Only for names of the form `_port._protocol.service`. */
  records: readonly ServiceRecord[];
}

type Names = ReadonlyMap<string, ReadonlySet<ServiceEndpoints>>;

const NUMBER = /^\d+$/;

/**
 * Names that containers can ask for, for each network: the service by its short name, its full name, `short.stack` and its aliases,
 * which stand for its virtual address (its tasks, when it has none); `tasks.` before each of these for all tasks; `<slot>.` before
 * each for one replica; and `_<port>._<protocol>.` before each for SRV records.
 *
 * Kept service by service: what has not changed is not looked at.
 */
export class Zone {
  readonly #services = new Map<string, ServiceEndpoints>();
  readonly #networks = new Map<string, Map<string, Set<ServiceEndpoints>>>();

  change(changes: readonly ServiceChange[]): void {
    for (const { id, after } of changes) this.#put(id, after);
  }

  /** The same, but for services whose virtual address is new: the kernel must balance it before a name may lead to it. */
  changeKnown(changes: readonly ServiceChange[]): void {
    for (const { id, after } of changes) if (after?.vip === undefined || this.#services.get(id)?.vip === after.vip) this.#put(id, after);
  }

  /** What a name stands for as seen from some networks; `undefined` when none of them knows it. A final dot is ignored. */
  lookUp(networkIds: readonly string[], name: string): ZoneAnswer | undefined {
    const wanted = name.toLowerCase().replace(/\.$/, '');
    for (const networkId of networkIds) {
      const names = this.#networks.get(networkId);
      const answer = names && answerFrom(names, wanted);
      if (answer) return answer;
    }
    return undefined;
  }

  #put(id: string, after: ServiceEndpoints | undefined): void {
    const before = this.#services.get(id);
    if (before === after) return;
    if (before) this.#drop(before);
    if (after) this.#add(after);
  }

  #add(service: ServiceEndpoints): void {
    this.#services.set(service.id, service);
    let names = this.#networks.get(service.networkId);
    if (!names) this.#networks.set(service.networkId, (names = new Map()));
    for (const base of baseNames(service)) {
      const holders = names.get(base);
      if (holders) holders.add(service);
      else names.set(base, new Set([service]));
    }
  }

  #drop(service: ServiceEndpoints): void {
    this.#services.delete(service.id);
    const names = this.#networks.get(service.networkId);
    for (const base of baseNames(service)) {
      const holders = names?.get(base);
      holders?.delete(service);
      if (holders?.size === 0) names?.delete(base);
    }
    if (names?.size === 0) this.#networks.delete(service.networkId);
  }
}

function baseNames(service: ServiceEndpoints): Set<string> {
  const names = [service.serviceName, ...(service.qualified ? [] : [service.shortName, ...service.aliases])];
  if (service.stack !== undefined) names.push(`${service.shortName}.${service.stack}`);
  return new Set(names.map((name) => name.toLowerCase()));
}

function answerFrom(names: Names, name: string): ZoneAnswer | undefined {
  const whole = names.get(name);
  if (whole) return addresses([...whole].flatMap(nameOf));
  const [label = '', ...more] = name.split('.');
  if (label.startsWith('_')) return recordsFrom(names, label, more);
  const services = names.get(more.join('.'));
  if (!services) return undefined;
  const endpoints = [...services].flatMap((service) => service.endpoints);
  if (label === 'tasks') return addresses(endpoints.flatMap(addressesOf));
  const named = endpoints.filter((endpoint) => labelOf(endpoint) === label);
  return named.length > 0 || NUMBER.test(label) ? addresses(named.flatMap(addressesOf)) : undefined;
}

/** `_http._tcp.web` or `_80._tcp.web`: each task with the port of that name or number. */
function recordsFrom(names: Names, portLabel: string, [protocolLabel = '', ...rest]: readonly string[]): ZoneAnswer | undefined {
  const base = (rest[0] === 'tasks' ? rest.slice(1) : rest).join('.');
  const services = names.get(base);
  if (!services || !protocolLabel.startsWith('_')) return undefined;
  const port = portLabel.slice(1);
  const records = [...services].flatMap((service) =>
    service.ports
      .filter(({ name, protocol, target }) => `_${protocol}` === protocolLabel && (name?.toLowerCase() === port || String(target) === port))
      .flatMap(({ target }) =>
        service.endpoints.map((endpoint) => ({ target: `${labelOf(endpoint)}.${base}`, addresses: addressesOf(endpoint), port: target })),
      ),
  );
  return { addresses: [], records };
}

/** The stable name of a replica is its slot; tasks of global services have none and go by their ids. */
function labelOf({ slot, taskId }: Endpoint): string {
  return slot === undefined ? taskId : String(slot);
}

/** What the name of a service stands for: its virtual addresses, or its tasks when it has none. */
function nameOf({ vip, vip6, endpoints }: ServiceEndpoints): string[] {
  return vip === undefined ? endpoints.flatMap(addressesOf) : [vip, vip6 ?? []].flat();
}

function addresses(list: readonly string[]): ZoneAnswer {
  return { addresses: list, records: [] };
}
