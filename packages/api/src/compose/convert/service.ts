import type { Static } from 'typebox';
import { ingressAddressProblem } from '../../net/host-address.js';
import {
  DEFAULT_UPDATE,
  type PublishedPort,
  type ServiceDependency,
  type ServiceMode,
  type ServiceSpec,
  type TaskTemplate,
} from '../../spec/index.js';
import type { Path } from '../diagnostic.js';
import { convertContainer } from './container.js';
import { type ConvertContext, compact, filled } from './context.js';
import { convertPlacement, convertRestart, convertUpdate } from './deploy.js';
import { convertAutoscale } from './extension/autoscale.js';
import { convertCanary } from './extension/canary.js';
import { convertHttp, httpAttachments } from './extension/http.js';
import { convertPartition } from './extension/partition.js';
import { convertRebalance } from './extension/rebalance.js';
import { convertReload } from './extension/reload.js';
import { convertSchedule } from './extension/schedule.js';
import { convertSticky } from './extension/sticky.js';
import { fileHashes } from './files.js';
import { isImageReference } from './image-reference.js';
import { checkLinks } from './links.js';
import type { ComposeService } from './model.js';
import { convertAttachments } from './networks.js';
import { convertLimits, convertReservations } from './resources.js';
import { samePort } from './same-port.js';

type Dependency = Static<typeof ServiceDependency>;

/** One service in full, or undefined when it has no image to run. */
export function convertService(key: string, service: ComposeService, context: ConvertContext): ServiceSpec | undefined {
  const path = ['services', key];
  const name = context.fullName(key, undefined);
  context.checkName('service', name, path);
  const image = requireImage(service, path, context);
  if (image === undefined) return undefined;
  checkLinks(key, service, context);
  const mode = convertMode(service, path, context);
  const http = convertHttp(service, path, context);
  return {
    name,
    stack: context.stack,
    labels: filled(service.deploy?.labels),
    mode,
    template: convertTemplate(key, service, image, mode, http, context),
    placement: convertPlacement(service, mode, path, context),
    update: { ...DEFAULT_UPDATE, ...convertUpdate(service.deploy?.update_config) },
    rollback: { ...DEFAULT_UPDATE, ...convertUpdate(service.deploy?.rollback_config) },
    ...compact({ progressDeadlineMs: service['x-progress-deadline'], canary: convertCanary(service, path, context) }),
    endpointMode: convertEndpointMode(service, path, context),
    ...compact({
      sticky: convertSticky(service, path, context),
      // `false` is what no word says as well.
      publishNotReady: service['x-publish-not-ready'] || undefined,
      drainMs: service['x-drain'],
    }),
    ports: convertPorts(service, path, context),
    ...compact({ http }),
    dependsOn: convertDependencies(key, service, context),
    ...compact({
      schedule: convertSchedule(service, mode, path, context),
      autoscale: convertAutoscale(service, mode, path, context),
      rebalance: convertRebalance(service, mode, path, context),
    }),
  };
}

function requireImage(service: ComposeService, path: Path, context: ConvertContext): string | undefined {
  const image = service.image ?? '';
  if (image !== '') {
    if (service.build !== undefined)
      context.warn([...path, 'build'], 'nothing is built: the service runs its image', 'build and push the image before the deploy');
    if (!isImageReference(image)) {
      context.error(
        [...path, 'image'],
        `"${image}" is not the name of an image`,
        'write [registry/]name[:tag][@digest], the name in lower case',
      );
    }
    return image;
  }
  if (service.build === undefined) context.error([...path, 'image'], 'the service has no image', "name one with 'image:'");
  else
    context.error(
      [...path, 'build'],
      'the service has only a build, and a cluster runs images',
      "build and push it, and name it with 'image:'",
    );
  return undefined;
}

function convertTemplate(
  key: string,
  service: ComposeService,
  image: string,
  mode: ServiceMode,
  http: ServiceSpec['http'],
  context: ConvertContext,
): TaskTemplate {
  const path = ['services', key];
  const joined = convertAttachments(key, service, context);
  return {
    container: convertContainer(service, image, path, context),
    limits: convertLimits(service, path, context),
    reservations: convertReservations(service, path, context),
    restart: convertRestart(key, service, mode, context),
    ...compact({ partition: convertPartition(service, path, context), reload: convertReload(service, path, context) }),
    networks: [...joined, ...httpAttachments(http, joined)],
    forceUpdate: 0,
    fileHashes: fileHashes(service, context),
  };
}

function convertMode(service: ComposeService, path: Path, context: ConvertContext): ServiceMode {
  const kind = service.deploy?.mode ?? 'replicated';
  const replicas = convertReplicas(service, path, context);
  if (kind === 'replicated') return { kind, replicas: replicas ?? 1 };
  if (kind === 'replicated-job') return { kind, completions: replicas ?? 1, concurrency: replicas ?? 1 };
  if (replicas !== undefined) {
    const place = service.deploy?.replicas === undefined ? [...path, 'scale'] : [...path, 'deploy', 'replicas'];
    context.error(
      place,
      `replicas do not go with mode ${kind}: it runs one task on each node`,
      'take replicas out, or set mode: replicated',
    );
  }
  return { kind };
}

function convertReplicas(service: ComposeService, path: Path, context: ConvertContext): number | undefined {
  const replicas = service.deploy?.replicas;
  if (replicas !== undefined && service.scale !== undefined && replicas !== service.scale) {
    context.error([...path, 'scale'], `scale (${service.scale}) and deploy.replicas (${replicas}) differ`, 'keep one of them');
  }
  return replicas ?? service.scale;
}

function convertEndpointMode(service: ComposeService, path: Path, context: ConvertContext): 'vip' | 'dnsrr' {
  const mode = service.deploy?.endpoint_mode ?? 'vip';
  const ingress = service.ports?.findIndex((port) => port.mode === 'ingress') ?? -1;
  if (mode === 'dnsrr' && ingress >= 0) {
    context.error(
      [...path, 'ports', ingress],
      'a port in ingress mode does not go with endpoint_mode: dnsrr',
      'publish it with mode: host, or use endpoint_mode: vip',
    );
  }
  return mode;
}

function convertPorts(service: ComposeService, path: Path, context: ConvertContext): PublishedPort[] {
  if (service.network_mode === 'host' && service.ports?.length) {
    context.warn(
      [...path, 'ports'],
      'ports are not published with network_mode: host: the service listens on the node itself',
      'take ports out',
    );
    return [];
  }
  const ports = service.ports ?? [];
  return ports.map((port, index) => {
    const unreachable = port.mode === 'ingress' ? ingressAddressProblem(port.host_ip) : undefined;
    if (unreachable) context.error([...path, 'ports', index], unreachable.problem, unreachable.cure);
    if (port.published !== undefined && ports.slice(0, index).some((earlier) => samePort(earlier, port))) {
      context.error(
        [...path, 'ports', index],
        `the port ${port.published}/${port.protocol} is published twice`,
        undefined,
        'duplicate-port',
      );
    }
    return compact({
      protocol: port.protocol,
      target: port.target,
      published: port.published,
      mode: port.mode,
      hostIp: port.host_ip,
      name: port.name,
    });
  });
}

function convertDependencies(key: string, service: ComposeService, context: ConvertContext): Dependency[] {
  return Object.entries(service.depends_on ?? {}).flatMap(([target, { condition, required = true, restart = false }]) => {
    const path = ['services', key, 'depends_on', target];
    if (!required && !Object.hasOwn(context.model.services ?? {}, target)) {
      context.warn(path, `the service '${target}' is not defined: the dependency is left out`);
      return [];
    }
    if (!context.requireDeclared('services', target, path)) return [];
    if (context.model.services?.[target]?.['x-schedule'] !== undefined)
      context.warn(
        path,
        `'${target}' runs by a schedule: this waits until its first run`,
        'take the dependency out, or the schedule',
        'long-wait',
      );
    if (condition === 'service_healthy' && context.model.services?.[target]?.healthcheck?.disable) {
      context.error(path, `waits until '${target}' is healthy, but its health check is disabled`, 'wait for service_started instead');
    }
    return [{ service: context.fullName(target, undefined), condition, required, restart }];
  });
}
