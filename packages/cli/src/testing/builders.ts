import { defaultService, type Node, type Service, type ServiceProgress, type ServiceSpec, type Task, type TaskState } from '@tessera/api';

/** The virtual clock's origin. */
export const NOW = Date.UTC(2030, 0, 1);
const meta = { revision: 7, createdAt: NOW - 3_600_000, updatedAt: NOW - 60_000 };

/** An id that begins so. */
export function id(beginning: string): string {
  return beginning.padEnd(25, '0');
}

export function aService(name: string, image = 'shop/web:1', changes: Partial<ServiceSpec> = {}): Service {
  const spec = { ...defaultService(name, image), ...changes };
  return { ...meta, id: id(`s${name.replace(/[^a-z0-9]/g, '')}`), spec, specRevision: 1, templateHash: 'hash1', ports: spec.ports };
}

export function aProgress(service: Service, changes: Partial<ServiceProgress> = {}): ServiceProgress {
  const replicas = service.spec.mode.kind === 'replicated' ? service.spec.mode.replicas : 1;
  const base = {
    serviceId: service.id,
    name: service.spec.name,
    mode: service.spec.mode.kind,
    image: service.spec.template.container.image,
  };
  return { ...base, desired: replicas, running: replicas, updated: replicas, converged: true, ports: [], ...changes };
}

export function aTask(service: Service, slot: number, state: TaskState, changes: Partial<Task> = {}): Task {
  return {
    ...meta,
    id: id(`t${slot}${service.spec.name.replace(/[^a-z0-9]/g, '')}`),
    serviceId: service.id,
    serviceName: service.spec.name,
    specRevision: 1,
    templateHash: service.templateHash,
    slot,
    desired: 'running',
    status: { state, at: NOW - 90_000, message: state },
    ...changes,
  };
}

export function aNode(name: string, changes: Partial<Node> = {}): Node {
  return {
    ...meta,
    id: id(`n${name}`),
    name,
    spec: { availability: 'active', labels: {}, role: 'worker' },
    status: { state: 'ready', message: '', at: NOW - 600_000 },
    description: {
      hostname: name,
      platform: { os: 'linux', architecture: 'x86_64' },
      resources: { nanoCpus: 2e9, memoryBytes: 4 * 1024 ** 3, generic: [] },
      address: '10.78.0.11',
      engine: { version: '20.10.24', apiVersion: '1.41', labels: {}, plugins: [], storageDriver: 'overlay2' },
      agentVersion: '0.1.0',
      kernel: '6.1',
      operatingSystem: 'Debian 12',
    },
    ...changes,
  };
}
