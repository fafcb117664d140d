import {
  type Content,
  contentId,
  defaultService,
  fileHashesOf,
  type Network,
  type NetworkBlock,
  type Node,
  type NodeDescription,
  networkBlockId,
  type Service,
  type ServiceRevision,
  type ServiceSpec,
  serviceRevisionId,
  type Task,
  type TaskStatus,
} from '@tessera/api';

const meta = { revision: 0, createdAt: 1, updatedAt: 1 };

export function sampleDescription(address: string): NodeDescription {
  return {
    hostname: `host-${address}`,
    platform: { os: 'linux', architecture: 'x86_64' },
    resources: { nanoCpus: 4_000_000_000, memoryBytes: 8_000_000_000, generic: [] },
    address,
    engine: { version: '20.10.24', apiVersion: '1.41', labels: {}, plugins: [], storageDriver: 'overlay2' },
    agentVersion: '0.1.0',
    kernel: '6.1.0',
    operatingSystem: 'Debian GNU/Linux 12',
  };
}

export function sampleNode(id: string): Node {
  return {
    ...meta,
    id,
    name: id,
    spec: { availability: 'active', labels: {}, role: 'worker' },
    status: { state: 'unknown', message: 'new', at: 1 },
  };
}

export function sampleSpec(
  name: string,
  networks: readonly string[] = [],
  files: { configs?: string[]; secrets?: string[] } = {},
): ServiceSpec {
  const spec = defaultService(name, 'busybox:1');
  const reference = (source: string) => ({ source, target: `/run/${source}`, uid: '0', gid: '0', mode: 0o444 });
  spec.template.networks = networks.map((network) => ({ network, aliases: [`${name}-alias`] }));
  spec.template.container.configs = (files.configs ?? []).map(reference);
  spec.template.container.secrets = (files.secrets ?? []).map(reference);
  spec.template.fileHashes = fileHashesOf(spec.template.container, (_kind, file) => sampleHash(file));
  return spec;
}

export function sampleService(id: string, spec: ServiceSpec, specRevision = 1): Service {
  return { ...meta, id, spec, specRevision, templateHash: `hash${specRevision}`, ports: spec.ports };
}

export function sampleRevision(serviceId: string, spec: ServiceSpec, specRevision = 1): ServiceRevision {
  return { ...meta, id: serviceRevisionId(serviceId, specRevision), serviceId, specRevision, templateHash: `hash${specRevision}`, spec };
}

export function sampleStatus(state: TaskStatus['state'], more: Partial<TaskStatus> = {}): TaskStatus {
  return { state, at: 1, message: state, ...more };
}

export function sampleTask(id: string, service: Service, nodeId: string, more: Partial<Task> = {}): Task {
  return {
    ...meta,
    id,
    serviceId: service.id,
    serviceName: service.spec.name,
    specRevision: service.specRevision,
    templateHash: service.templateHash,
    slot: 1,
    nodeId,
    desired: 'running',
    status: sampleStatus('assigned'),
    ...more,
  };
}

export function sampleNetwork(id: string, vni: number, internal = false): Network {
  const spec = { name: id, labels: {}, driver: 'overlay' as const, driverOptions: {}, internal, attachable: false, ipv6: false };
  return { ...meta, id, spec, allocation: { subnet: `10.100.${vni}.0/24`, vni } };
}

export function sampleBlock(networkId: string, nodeId: string, subnet: string): NetworkBlock {
  return { ...meta, id: networkBlockId(networkId, nodeId), networkId, nodeId, subnet };
}

/** Content that the specs of `sampleSpec` mount as the config or secret of this name. */
export function sampleContent(kind: 'configs' | 'secrets', name: string, data: string): Content {
  const hash = sampleHash(name);
  return { ...meta, id: contentId(kind, hash), secret: kind === 'secrets', hash, data: Buffer.from(data).toString('base64') };
}

function sampleHash(name: string): string {
  return `hashof${name}`;
}
