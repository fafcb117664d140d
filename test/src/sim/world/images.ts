import type { EngineErrorKind } from '@tessera/agent/ports/engine';

/** What containers of an image do, in milliseconds of virtual time. */
export interface ImageBehaviour {
  pullMs: number;
  /** The pull fails so. */
  pullError?: EngineErrorKind;
  /** The start fails so. */
  startError?: EngineErrorKind;
  /** It ends by itself after this time. */
  exits?: { afterMs: number; code: number };
  /** Chance that it ends with 1 instead. */
  failChance: number;
  /** What its health check comes to. */
  healthy: boolean;
  /** How long it takes to end after the stop signal. */
  stopMs: number;
}

const GOOD: ImageBehaviour = { pullMs: 2_000, healthy: true, stopMs: 400, failChance: 0 };

/** Behaviours by the name of the image, before its tag. */
const BEHAVIOURS: Readonly<Record<string, Partial<ImageBehaviour>>> = {
  app: {},
  slowstop: { stopMs: 20_000 },
  crash: { exits: { afterMs: 3_000, code: 1 } },
  sick: { healthy: false },
  missing: { pullError: 'image-not-found' },
  badstart: { startError: 'other' },
  work: { exits: { afterMs: 4_000, code: 0 } },
  longwork: { exits: { afterMs: 25_000, code: 0 } },
  hardwork: { exits: { afterMs: 3_000, code: 0 }, failChance: 0.4 },
};

/** Images whose services run well when nothing else is wrong. */
export const GOOD_IMAGES = ['app', 'slowstop'] as const;
export const BAD_IMAGES = ['crash', 'sick', 'missing', 'badstart'] as const;

/** Images of jobs. */
export const JOB_IMAGES = ['work', 'longwork', 'hardwork'] as const;

export function behaviourOf(reference: string): ImageBehaviour {
  return { ...GOOD, ...BEHAVIOURS[nameOf(reference)] };
}

/** Whether a service of this image can come to rest. */
export function isGoodImage(reference: string): boolean {
  return GOOD_IMAGES.some((name) => name === nameOf(reference));
}

function nameOf(reference: string): string {
  return reference.split(':')[0] ?? '';
}
