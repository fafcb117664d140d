import {
  DEFAULT_TOPOLOGY,
  defaultService,
  type Node,
  type Service,
  type ServiceRevision,
  type ServiceSpec,
  serviceRevisionId,
  type Task,
  templateHash,
} from '@tessera/api';
import { newId, type SeededRandom } from '@tessera/kit';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const ZONES = 5;

/** What makes the scheduler's work harder than counting tasks. */
export type Kind = 'plain' | 'constraints' | 'one-per-node' | 'zones';

export interface Shape {
  nodes: number;
  services: number;
  tasksPerService: number;
  kind: Kind;
}

export interface Job {
  service: Service;
  revision: ServiceRevision;
  tasks: Task[];
}

/** A node of 64 cores and 256 GiB with labels for zone, rack and disk, as an agent describes it. */
export function makeNode(index: number, random: SeededRandom): Node {
  const name = `node-${index}`;
  return {
    id: newId(random),
    revision: 0,
    createdAt: 1,
    updatedAt: 1,
    name,
    spec: {
      availability: 'active',
      labels: { zone: `zone-${index % ZONES}`, rack: `rack-${index % 100}`, disk: index % 2 === 0 ? 'ssd' : 'hdd' },
      role: 'worker',
    },
    description: {
      hostname: name,
      platform: { os: 'linux', architecture: 'x86_64' },
      resources: { nanoCpus: 64e9, memoryBytes: 256 * GIB, generic: [] },
      address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`,
      engine: { version: '20.10.24', apiVersion: '1.41', labels: {}, plugins: [], storageDriver: 'overlay2' },
      agentVersion: '0.1.0',
      kernel: '6.1.0',
      operatingSystem: 'Debian GNU/Linux 12',
    },
    status: { state: 'ready', message: 'ready', at: 1 },
  };
}

/** A service with its tasks waiting, as the service controller leaves them. Every task reserves 0.01 of a core and 16 MiB. */
export function makeJob(index: number, taskCount: number, kind: Kind, random: SeededRandom): Job {
  const spec = specOf(`job-${index}`, taskCount, kind);
  const id = newId(random);
  const hash = templateHash(spec.template, spec.ports);
  const meta = { revision: 0, createdAt: 1, updatedAt: 1 };
  const service: Service = { id, ...meta, spec, specRevision: 1, templateHash: hash, ports: [] };
  const revision: ServiceRevision = { id: serviceRevisionId(id, 1), ...meta, serviceId: id, specRevision: 1, templateHash: hash, spec };
  return { service, revision, tasks: Array.from({ length: taskCount }, (_, slot) => makeTask(service, slot + 1, random)) };
}

export function makeTask(service: Service, slot: number, random: SeededRandom): Task {
  return {
    id: newId(random),
    revision: 0,
    createdAt: 2,
    updatedAt: 2,
    serviceId: service.id,
    serviceName: service.spec.name,
    specRevision: service.specRevision,
    templateHash: service.templateHash,
    image: service.spec.template.container.image,
    slot,
    desired: 'running',
    status: { state: 'pending', at: 2, message: '' },
  };
}

function specOf(name: string, replicas: number, kind: Kind): ServiceSpec {
  const spec = defaultService(name, 'registry.example.com/team/app:1.2.3');
  spec.mode = { kind: 'replicated', replicas };
  spec.template.reservations = { nanoCpus: 1e7, memoryBytes: 16 * MIB, generic: [] };
  if (kind === 'constraints') spec.placement.constraints = ['node.labels.disk==ssd', 'node.labels.zone!=zone-4', 'node.platform.os==linux'];
  if (kind === 'one-per-node') spec.placement.affinity = { near: [], apart: [{ service: name, topology: DEFAULT_TOPOLOGY }], nodes: [] };
  if (kind === 'zones') spec.placement.preferences = [{ spread: 'node.labels.zone' }, { spread: 'node.labels.rack' }];
  return spec;
}
