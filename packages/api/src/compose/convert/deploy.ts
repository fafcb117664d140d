import { isJob } from '../../object/job.js';
import { attributeKey, parseConstraint } from '../../placement/constraint.js';
import { DEFAULT_RESTART, type Placement, type RestartPolicy, type ServiceMode, type UpdateConfig } from '../../spec/index.js';
import type { Path } from '../diagnostic.js';
import { checked } from './constraint.js';
import { type ConvertContext, compact } from './context.js';
import { convertAffinity } from './extension/affinity.js';
import { convertTolerations } from './extension/tolerations.js';
import type { ComposeService, ComposeUpdate } from './model.js';

/** What a file says about updates; the rest is Swarm's defaults. */
export function convertUpdate(update: ComposeUpdate | undefined): Partial<UpdateConfig> {
  if (update === undefined) return {};
  return compact({
    parallelism: update.parallelism,
    delayMs: update.delay,
    failureAction: update.failure_action,
    monitorMs: update.monitor,
    maxFailureRatio: update.max_failure_ratio,
    order: update.order,
  });
}

/** A run that fails for ever would keep all later ones from starting: retries of a job with a schedule, unless it says another number. */
const ATTEMPTS_OF_SCHEDULED = 6;

/** `deploy.restart_policy`, else `restart`, else Swarm's default: always. Jobs never restart what succeeded. */
export function convertRestart(key: string, service: ComposeService, mode: ServiceMode, context: ConvertContext): RestartPolicy {
  const written = writtenRestart(service, ['services', key], context);
  const isScheduled = service['x-schedule'] !== undefined;
  const policy = { ...DEFAULT_RESTART, ...(isScheduled && { maxAttempts: ATTEMPTS_OF_SCHEDULED }), ...written };
  if (isJob(mode) && policy.condition === 'any') return { ...policy, condition: 'on-failure' };
  return policy.condition === 'any' ? allowCompletion(key, policy, written !== undefined, context) : policy;
}

function writtenRestart(service: ComposeService, path: Path, context: ConvertContext): Partial<RestartPolicy> | undefined {
  const policy = service.deploy?.restart_policy;
  if (policy !== undefined) {
    if (service.restart !== undefined) context.warn([...path, 'restart'], 'deploy.restart_policy takes its place', 'keep one of them');
    return compact({ condition: policy.condition, delayMs: policy.delay, maxAttempts: policy.max_attempts, windowMs: policy.window });
  }
  const match = /^(no|none|always|unless-stopped|on-failure)(?::(\d+))?$/.exec(service.restart ?? 'always');
  if (match === null || (match[2] !== undefined && match[1] !== 'on-failure')) {
    context.error([...path, 'restart'], `"${service.restart}" is not one of no, always, unless-stopped, on-failure, on-failure:<attempts>`);
    return undefined;
  }
  if (service.restart === undefined) return undefined;
  if (match[1] === 'on-failure') return { condition: 'on-failure', maxAttempts: Number(match[2] ?? 0) };
  return { condition: match[1]?.startsWith('no') ? 'none' : 'any' };
}

/** A service that others wait for to complete must be able to: always restarting it would keep them waiting for ever. */
function allowCompletion(key: string, policy: RestartPolicy, isWritten: boolean, context: ConvertContext): RestartPolicy {
  const waiter = context.waitersForCompletion.get(key);
  if (waiter === undefined) return policy;
  const cure = `write 'restart: on-failure', or 'deploy.mode: replicated-job', in '${key}'`;
  if (isWritten)
    context.error(['services', waiter, 'depends_on', key], `waits until '${key}' completes, but '${key}' is always restarted`, cure);
  else
    context.warn(
      ['services', waiter, 'depends_on', key],
      `'${key}' is restarted on failure only, since '${waiter}' waits until it completes`,
      cure,
      'changed-default',
    );
  return { ...policy, condition: 'on-failure' };
}

export function convertPlacement(service: ComposeService, mode: ServiceMode, path: Path, context: ConvertContext): Placement {
  const { constraints = [], preferences = [], max_replicas_per_node: maxReplicasPerNode = 0 } = service.deploy?.placement ?? {};
  const place = [...path, 'deploy', 'placement'];
  if (maxReplicasPerNode > 0 && mode.kind.startsWith('global')) {
    context.error([...place, 'max_replicas_per_node'], `does not go with mode ${mode.kind}: it runs one task on each node`);
  }
  return {
    constraints: constraints.map(
      (text, index) => checked(context, [...place, 'constraints', index], () => parseConstraint(text).text) ?? text,
    ),
    preferences: preferences.map(({ spread }, index) => ({
      spread: checked(context, [...place, 'preferences', index, 'spread'], () => attributeKey(spread)) ?? spread,
    })),
    maxReplicasPerNode,
    platforms: convertPlatform(service, path, context),
    ...compact({
      affinity: convertAffinity(service, path, context),
      priority: service['x-priority'],
      strategy: service['x-strategy'],
      tolerations: convertTolerations(service, path, context),
    }),
  };
}

/** `linux/arm64/v8` as what a node must be. */
function convertPlatform(service: ComposeService, path: Path, context: ConvertContext): Placement['platforms'] {
  if (service.platform === undefined) return [];
  const [os = '', architecture] = service.platform.split('/');
  if (!/^[a-z0-9]+(\/[a-z0-9_]+){0,2}$/.test(service.platform))
    context.error([...path, 'platform'], `"${service.platform}" is not a platform`, 'write os/architecture, such as linux/amd64');
  return [compact({ os, architecture })];
}
