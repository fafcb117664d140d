import { Type } from 'typebox';
import { Service } from '../object/objects.js';
import { Release } from '../object/release.js';
import { oneOf, strictObject } from '../spec/common.js';
import { StackSpec } from '../spec/stack-spec.js';
import { DeployResult, PlanResult, ReleaseDetail } from './answers.js';
import { PLAN_HASH_PATTERN } from './plan-hash.js';
import type { RouteDefinition } from './route.js';

const Reference = Type.String({ minLength: 1, maxLength: 128 });
const ByReference = strictObject({ ref: Reference });
const Flag = Type.Boolean({ default: false });
const SIXTEEN_MIB = 16 * 1024 * 1024;

/** Whether services that are written have their images pinned. */
export const ResolveImage = oneOf(
  ['always', 'changed', 'never'],
  'Which images are pinned to the digest that their tags mean now; absent: none (`never`)',
);
const PlanHash = Type.String({ pattern: PLAN_HASH_PATTERN, description: 'Hash that a plan gave, or the beginning of it' });
const ReleaseMessage = Type.String({ maxLength: 1024 });

/** Routes of deploys, of the releases that they make, and of the updates that follow. */
export const RELEASE_ROUTES = {
  deployStack: {
    method: 'PUT',
    path: '/v1/stacks/:ref',
    summary: 'Create a stack or make it as the spec says, all or nothing',
    access: 'admin',
    params: ByReference,
    query: strictObject({
      prune: Flag,
      atomic: Type.Optional(Type.Boolean()),
      message: Type.Optional(ReleaseMessage),
      plan: Type.Optional(PlanHash),
      resolve: Type.Optional(ResolveImage),
    }),
    body: StackSpec,
    response: DeployResult,
    maxBodyBytes: SIXTEEN_MIB,
  },
  listReleases: {
    method: 'GET',
    path: '/v1/stacks/:ref/releases',
    summary: 'The releases of a stack that are kept, the newest first',
    access: 'viewer',
    params: ByReference,
    response: Type.Array(Release),
  },
  getRelease: {
    method: 'GET',
    path: '/v1/stacks/:ref/releases/:number',
    summary: 'A release with the specs of its services',
    access: 'viewer',
    params: strictObject({ ref: Reference, number: Type.Integer({ minimum: 1 }) }),
    response: ReleaseDetail,
  },
  rollbackStack: {
    method: 'POST',
    path: '/v1/stacks/:ref/rollback',
    summary: 'Make an earlier release current again, as a new release; without a number the last one that was completed',
    access: 'admin',
    params: ByReference,
    body: strictObject({ release: Type.Optional(Type.Integer({ minimum: 1 })), message: Type.Optional(ReleaseMessage) }),
    response: DeployResult,
  },
  planStack: {
    method: 'POST',
    path: '/v1/stacks/:ref/plan',
    summary: 'What a deploy would do, without doing it',
    access: 'viewer',
    params: ByReference,
    query: strictObject({ prune: Flag, resolve: Type.Optional(ResolveImage) }),
    body: StackSpec,
    response: PlanResult,
    maxBodyBytes: SIXTEEN_MIB,
  },
  controlUpdate: {
    method: 'POST',
    path: '/v1/services/:ref/update',
    summary: 'Pause, resume, promote (a canary) or abort (back to what ran before) the update of a service',
    access: 'admin',
    params: ByReference,
    body: strictObject({ action: oneOf(['pause', 'resume', 'promote', 'abort']) }),
    response: Service,
  },
  rollbackService: {
    method: 'POST',
    path: '/v1/services/:ref/rollback',
    summary: 'Give a service its spec of an earlier release of its stack, or of an earlier revision; by default of the one before',
    access: 'admin',
    params: ByReference,
    body: strictObject({ number: Type.Optional(Type.Integer({ minimum: 1 })) }),
    response: Service,
  },
} as const satisfies Record<string, RouteDefinition>;
