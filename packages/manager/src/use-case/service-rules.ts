import {
  ApiError,
  certificateFiles,
  HTTP_CONFIG,
  HTTP_NETWORK,
  isFencedTemplate,
  isJob,
  readsHttpConfig,
  type ServiceSpec,
} from '@tessera/api';
import { cronProblem } from '@tessera/api/cron/cron';
import { ingressAddressProblem, isIpAddress } from '@tessera/api/net/host-address';
import { attributeKey, ConstraintError, parseConstraint } from '@tessera/api/placement/constraint';

const NOWHERE = 'which exists neither in the stack nor in the cluster';

/** What exists, or will exist once a plan is carried out. */
export interface Known {
  has(kind: 'networks' | 'configs' | 'secrets' | 'services', name: string): boolean;
}

const NOUN = { networks: 'network', configs: 'config', secrets: 'secret' } as const;

/** All that keeps a service from being carried out, a sentence each. */
export function serviceProblems(spec: ServiceSpec, known: Known): string[] {
  return [
    ...scheduleProblems(spec),
    ...autoscaleProblems(spec),
    ...portProblems(spec),
    ...placementProblems(spec),
    ...partitionProblems(spec),
    ...httpProblems(spec, known),
    ...referenceProblems(spec, known),
    ...dependencyProblems(spec, known),
  ];
}

/** @throws ApiError `invalid-spec` with all problems. */
export function refuseProblems(what: string, problems: readonly string[]): void {
  if (problems.length === 0) return;
  const [only] = problems;
  const isMissing = problems.some((problem) => problem.endsWith(NOWHERE));
  const isProxyMissing = problems.some((problem) => problem.endsWith(`network '${HTTP_NETWORK}', ${NOWHERE}`));
  const cure = isMissing && {
    cure: isProxyMissing
      ? 'start the HTTP proxy first: tsctl http enable'
      : 'define it in the Compose file, or create it first: tsctl network create, tsctl config create, tsctl secret create',
  };
  if (problems.length === 1 && only !== undefined) throw new ApiError('invalid-spec', only, { ...cure });
  throw new ApiError('invalid-spec', `${what} has ${problems.length} problems`, { details: [...problems], ...cure });
}

/** Services that wait for each other in a circle: a sentence that names them in turn, or undefined. */
export function dependencyCycle(services: readonly ServiceSpec[]): string | undefined {
  const byName = new Map(services.map((service) => [service.name, service]));
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return undefined;
    for (const { service } of byName.get(name)?.dependsOn ?? []) {
      const cycle = visit(service, [...path, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return undefined;
  };
  for (const { name } of services) {
    const cycle = visit(name, []);
    if (cycle) return `services depend on each other in a circle: ${cycle.join(' -> ')}`;
  }
  return undefined;
}

function partitionProblems({ name, template, update, rollback }: ServiceSpec): string[] {
  if (!isFencedTemplate(template) || (update.order === 'stop-first' && rollback.order === 'stop-first')) return [];
  return [`service '${name}': with partition "stop" never two tasks of a slot run: the order of update and rollback must be stop-first`];
}

function httpProblems(spec: ServiceSpec, known: Known): string[] {
  const { name, mode, http = [], template } = spec;
  const problems: string[] = [];
  if (http.length > 0 && isJob(mode)) problems.push('is a job, and jobs take no requests');
  for (const { hosts, network, tls } of http) {
    if (!template.networks.some((attachment) => attachment.network === network))
      problems.push(`is to be reached for ${hosts.join(', ')} on network '${network}', on which it is not`);
    for (const file of certificateFiles(tls).filter((each) => !known.has(each.kind, each.name)))
      problems.push(`needs ${NOUN[file.kind]} '${file.name}', ${NOWHERE}`);
  }
  if (readsHttpConfig(template) && !template.reload)
    problems.push(`mounts secret '${HTTP_CONFIG}', which changes all the time, and says neither x-reload-signal nor x-reload-command`);
  return [...new Set(problems)].map((problem) => `service '${name}' ${problem}`);
}

function autoscaleProblems({ name, mode, autoscale, template: { limits, reservations } }: ServiceSpec): string[] {
  if (!autoscale) return [];
  const { min, max, cpuPercent, memoryPercent } = autoscale;
  const problems: string[] = [];
  if (mode.kind !== 'replicated') problems.push('is autoscaled, which goes with replicated services only');
  if (min > max) problems.push(`is autoscaled between ${min} and ${max}, and the least are more than the most`);
  if (cpuPercent === undefined && memoryPercent === undefined) problems.push('is autoscaled by nothing: neither cpu nor memory is said');
  if (memoryPercent !== undefined && (limits.memoryBytes ?? reservations.memoryBytes) === 0)
    problems.push('is autoscaled by memory, and has neither a limit nor a reservation of it');
  return problems.map((problem) => `service '${name}' ${problem}`);
}

function portProblems({ name, ports }: ServiceSpec): string[] {
  return ports.flatMap(({ mode, hostIp }) => {
    if (hostIp && !isIpAddress(hostIp)) return `service '${name}' publishes a port at '${hostIp}', which is no IP address`;
    const unreachable = mode === 'ingress' ? ingressAddressProblem(hostIp) : undefined;
    return unreachable ? `service '${name}': ${unreachable.problem}: ${unreachable.cure}` : [];
  });
}

function scheduleProblems({ name, mode, schedule }: ServiceSpec): string[] {
  if (!schedule) return [];
  if (!isJob(mode)) return [`service '${name}' has a schedule, which goes with jobs only`];
  const problem = cronProblem(schedule);
  return problem ? [`service '${name}': ${problem.message}`] : [];
}

function placementProblems({ name, placement }: ServiceSpec): string[] {
  const { constraints, preferences, affinity } = placement;
  const terms = affinity ? [...affinity.near, ...affinity.apart] : [];
  const wrong = [
    ...[...constraints, ...(affinity?.nodes ?? []).map(({ constraint }) => constraint)].flatMap((text) =>
      mistake(() => parseConstraint(text)),
    ),
    ...[...preferences.map(({ spread }) => spread), ...terms.map(({ topology }) => topology)].flatMap((text) =>
      mistake(() => attributeKey(text)),
    ),
  ].map((words) => `constraint ${words}`);
  const empty = terms.some((term) => term.service === undefined && Object.keys(term.labels ?? {}).length === 0);
  if (empty) wrong.push('an affinity names neither a service nor labels');
  return wrong.map((words) => `service '${name}': ${words}`);
}

function mistake(read: () => unknown): string[] {
  try {
    read();
    return [];
  } catch (error) {
    if (!(error instanceof ConstraintError)) throw error;
    return [`${error.message}: ${error.cure}`];
  }
}

function referenceProblems(spec: ServiceSpec, known: Known): string[] {
  const { container, networks } = spec.template;
  const wanted = {
    networks: networks.map((attachment) => attachment.network),
    configs: container.configs.map((file) => file.source),
    // The managers make it themselves.
    secrets: container.secrets.map((file) => file.source).filter((name) => name !== HTTP_CONFIG),
  };
  return (['networks', 'configs', 'secrets'] as const).flatMap((kind) =>
    [...new Set(wanted[kind])]
      .filter((name) => !known.has(kind, name))
      .map((name) => `service '${spec.name}' needs ${NOUN[kind]} '${name}', ${NOWHERE}`),
  );
}

function dependencyProblems(spec: ServiceSpec, known: Known): string[] {
  return spec.dependsOn
    .filter(({ service, required }) => required && !known.has('services', service))
    .map(({ service }) => `service '${spec.name}' depends on service '${service}', ${NOWHERE}`);
}
