import { type Static, Type } from 'typebox';
import { Id, oneOf, strictObject } from '../spec/common.js';
import type { RouteDefinition } from './route.js';

/** What a finding is about, in one word, for programs. */
export const FINDING_CODES = [
  'dependency',
  'unplaceable',
  'placing',
  'preparing',
  'back-off',
  'predecessor',
  'health',
  'no-restart',
  'restarting',
  'failing',
  'lost',
  'fenced',
  'stopping',
  'drained',
  'misplaced',
  'moving',
  'update',
  'update-paused',
  'canary',
  'rolled-back',
  'deadline',
  'autoscale',
  'job',
  'job-failed',
  'job-suspended',
  'job-skipped',
  'node-down',
  'node-unknown',
  'node-paused',
  'node-drained',
  'node-tainted',
] as const;

/** One thing that is not as asked, or that decides how it is. */
export const Finding = strictObject({
  code: oneOf([...FINDING_CODES] as [...typeof FINDING_CODES]),
  /** `problem`: waiting does not help. `waiting`: it goes on by itself. `note`: it is as it should be, and this is why. */
  level: oneOf(['problem', 'waiting', 'note']),
  /** Names of the services, tasks or nodes that it is said of. */
  about: Type.Array(Type.String(), { maxItems: 100_000 }),
  text: Type.String(),
  /** Further facts, each a line for people. */
  details: Type.Array(Type.String()),
  /** What the reader can do about it. */
  cure: Type.Optional(Type.String()),
});
export type Finding = Static<typeof Finding>;

/** Why a service, task or node is as it is. Computed from the view, never stored. */
export const WhyAnswer = strictObject({
  kind: oneOf(['service', 'task', 'node']),
  id: Id,
  name: Type.String(),
  /** How it stands, in a sentence. */
  summary: Type.String(),
  /** What is wrong first. Empty: all is as asked. */
  findings: Type.Array(Finding),
});
export type WhyAnswer = Static<typeof WhyAnswer>;

export const WHY_ROUTE = {
  why: {
    method: 'GET',
    path: '/v1/why/:ref',
    summary: 'Why a service, task or node is not as asked, and what to do about it',
    access: 'viewer',
    params: strictObject({ ref: Type.String({ minLength: 1, maxLength: 256 }) }),
    query: strictObject({ kind: Type.Optional(oneOf(['service', 'task', 'node'])) }),
    response: WhyAnswer,
  },
} as const satisfies Record<string, RouteDefinition>;
