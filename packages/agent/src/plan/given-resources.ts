import type { ContainerSpec, TaskAssignment } from '@tessera/api';

type DeviceRequest = ContainerSpec['deviceRequests'][number];

/**
 * What the container learns of its generic resources, as in Swarm: `DOCKER_RESOURCE_GPU=GPU-1,GPU-2` for those with ids, the count for
 * the others.
 */
export function resourceEnv({ template, resources = [] }: TaskAssignment): string[] {
  return template.reservations.generic.map(({ kind, count }) => {
    const ids = resources.find((given) => given.kind === kind)?.ids;
    return `DOCKER_RESOURCE_${kind.toUpperCase()}=${ids?.join(',') ?? count}`;
  });
}

/** Requests of GPUs that leave open which ones get the task's own. */
export function withGivenGpus({ template, resources = [] }: TaskAssignment): DeviceRequest[] {
  const ids = resources.filter(({ kind }) => /gpu$/i.test(kind)).flatMap((given) => given.ids);
  return template.container.deviceRequests.map((request) => {
    if (ids.length === 0 || request.deviceIds || !request.capabilities.flat().includes('gpu')) return request;
    const { count: _, ...rest } = request;
    return { ...rest, deviceIds: ids };
  });
}
