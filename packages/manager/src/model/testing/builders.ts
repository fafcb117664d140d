import {
  type Cluster,
  defaultService,
  type Node,
  type NodeDescription,
  type Service,
  type ServiceRevision,
  type ServiceSpec,
  serviceRevisionId,
  templateHash,
} from '@tessera/api';

const GIB = 1024 ** 3;

/** The cluster itself, as a store holds it. */
export function clusterObject(addressPool = '10.128.0.0/9'): Cluster {
  const meta = { revision: 1, createdAt: 0, updatedAt: 0 };
  return { id: 'cluster', ...meta, name: 'c', clusterId: 'c', tokenHashes: { worker: '', manager: '' }, addressPool };
}

/** A ready node of 4 cores and 8 GiB. */
export function readyNode(
  id: string,
  over: {
    labels?: Record<string, string>;
    resources?: Partial<NodeDescription['resources']>;
    availability?: Node['spec']['availability'];
  } = {},
): Node {
  return {
    id,
    revision: 0,
    createdAt: 0,
    updatedAt: 0,
    name: id,
    spec: { availability: over.availability ?? 'active', labels: over.labels ?? {}, role: 'worker' },
    description: {
      hostname: id,
      platform: { os: 'linux', architecture: 'x86_64' },
      resources: { nanoCpus: 4e9, memoryBytes: 8 * GIB, generic: [], ...over.resources },
      address: '10.0.0.1',
      engine: { version: '20.10', apiVersion: '1.41', labels: {}, plugins: [], storageDriver: 'overlay2' },
      agentVersion: '0.1.0',
      kernel: '6.1',
      operatingSystem: 'Debian',
    },
    status: { state: 'ready', message: '', at: 0 },
  };
}

/** A spec of so many replicas with what `change` makes of the defaults. */
export function serviceSpec(name: string, replicas: number, change: (spec: ServiceSpec) => void = () => {}): ServiceSpec {
  const spec = defaultService(name, 'app:1');
  spec.mode = { kind: 'replicated', replicas };
  change(spec);
  return spec;
}

/** The objects that a deploy writes: the service at a new revision, and the revision. */
export function deployed(spec: ServiceSpec, id: string, before?: Service): { service: Service; revision: ServiceRevision } {
  const specRevision = (before?.specRevision ?? 0) + 1;
  const hash = templateHash(spec.template, spec.ports);
  const meta = { revision: before?.revision ?? 0, createdAt: 0, updatedAt: 0 };
  const service: Service = {
    id,
    ...meta,
    spec,
    specRevision,
    templateHash: hash,
    ports: spec.ports,
    ...(before?.update && before.templateHash === hash && { update: before.update }),
    ...(before?.updateControl && before.templateHash === hash && { updateControl: before.updateControl }),
    ...(spec.autoscale && before?.autoscale && { autoscale: before.autoscale }),
    ...(before?.job && { job: before.job }),
    ...(before?.jobControl && { jobControl: before.jobControl }),
  };
  return {
    service,
    revision: { id: serviceRevisionId(id, specRevision), ...meta, revision: 0, serviceId: id, specRevision, templateHash: hash, spec },
  };
}
