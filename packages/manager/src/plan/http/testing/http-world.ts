import {
  HTTP_CONFIG,
  type HttpRule,
  type Kind,
  type ObjectChange,
  type ObjectTypes,
  type ServiceSpec,
  type Task,
  vipId,
} from '@tessera/api';
import { deployed, readyNode, serviceSpec } from '../../../model/testing/builders.js';
import { IndexedView } from '../../../model/view.js';

const meta = { revision: 1, createdAt: 0, updatedAt: 0 };

export function rule(host: string, change: Partial<HttpRule> = {}): HttpRule {
  return { hosts: [host], path: '/', port: 80, tls: { mode: 'off' }, network: 'http', ...change };
}

export function httpService(name: string, http: HttpRule[], change: (spec: ServiceSpec) => void = () => {}): ServiceSpec {
  return serviceSpec(name, 1, (spec) => {
    spec.http = http;
    spec.template.networks = [{ network: 'http', aliases: [], qualified: true }];
    change(spec);
  });
}

/** A view with the network of the proxies and services whose virtual addresses are 10.9.240.1, .2… in this order. */
export class HttpWorld {
  readonly view = new IndexedView();
  /** Told of each change, after the view has it. */
  onChange: (change: ObjectChange) => void = () => {};
  #revision = 0;
  #vips = 0;

  constructor(...services: ServiceSpec[]) {
    const spec = {
      name: 'http',
      labels: {},
      driver: 'overlay' as const,
      driverOptions: {},
      internal: true,
      attachable: false,
      ipv6: false,
    };
    this.put('networks', { ...meta, id: 'net', spec, allocation: { subnet: '10.9.0.0/16', vni: 9 } });
    for (const service of services) this.deploy(service);
  }

  put<K extends Kind>(kind: K, object: ObjectTypes[K]): void {
    const revision = ++this.#revision;
    const change = { kind, id: object.id, object: { ...object, revision }, revision } as ObjectChange;
    this.view.apply(change);
    this.onChange(change);
  }

  deploy(spec: ServiceSpec, { withVip = true }: { withVip?: boolean } = {}): void {
    const id = spec.name.replace(/\W|_/g, '');
    const before = this.view.byName('services', spec.name);
    const { service, revision } = deployed(spec, id, before);
    this.put('revisions', revision);
    this.put('services', { ...service, createdAt: this.#revision });
    const address = `10.9.240.${++this.#vips}`;
    if (withVip && !before) this.put('vips', { ...meta, id: vipId('net', address), networkId: 'net', serviceId: id, address });
  }

  /** A config or secret with this text. */
  file(kind: 'configs' | 'secrets', name: string, text: string): void {
    const hash = Buffer.from(text).toString('hex').padEnd(64, '0');
    const spec = { name, labels: {}, data: '' };
    const id = `${kind === 'secrets' ? 's' : 'c'}${hash.slice(0, 63)}`;
    this.put('contents', { ...meta, id, secret: kind === 'secrets', hash, data: Buffer.from(text).toString('base64') });
    this.put(kind, { ...meta, id: name.replace(/\W/g, ''), spec, hash });
  }
}

/** The same with a service of proxies that has no task yet. */
export class ProxyWorld extends HttpWorld {
  constructor(...services: ServiceSpec[]) {
    super(...services);
    this.put('nodes', readyNode('n1'));
    this.deploy(
      serviceSpec('proxy', 1, ({ template }) => {
        template.container.secrets = [{ source: HTTP_CONFIG, target: '/x', uid: '0', gid: '0', mode: 0o400 }];
      }),
    );
  }

  /** A task of it that runs. @param fileId the configuration that it goes by */
  proxy(id: string, fileId: string, desired: Task['desired'] = 'running'): void {
    const { id: serviceId, specRevision, templateHash } = this.view.byName('services', 'proxy')!;
    const status = { state: 'running' as const, at: 0, message: '', files: { [`secrets/${HTTP_CONFIG}`]: fileId } };
    this.put('tasks', { ...meta, id, serviceId, serviceName: 'proxy', specRevision, templateHash, slot: 1, nodeId: 'n1', desired, status });
  }
}
