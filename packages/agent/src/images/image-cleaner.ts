import { isTerminal } from '@tessera/api';
import type { Clock, Log } from '@tessera/kit';
import { engineReference } from '../model/image.js';
import type { TaskRecord } from '../model/task-record.js';
import type { Engine, ImageInfo } from '../ports/engine.js';
import type { TaskDb } from '../ports/task-db.js';
import { type ImageLimits, planImageCleanup } from './plan-cleanup.js';

export interface ImageCleanerOptions {
  engine: Engine;
  db: TaskDb;
  clock: Clock;
  log: Log;
  limits: ImageLimits;
}

/** Remembers what the agent pulled and removes it when nobody needs it any more. */
export class ImageCleaner {
  constructor(private readonly options: ImageCleanerOptions) {}

  pulled(reference: string): void {
    const { db, clock } = this.options;
    db.save({ images: [{ reference, lastUsedAt: clock.now() }] });
  }

  async clean(records: Iterable<TaskRecord>): Promise<void> {
    const { engine, db, clock, limits } = this.options;
    const pulled = db.images();
    if (pulled.length === 0 || (limits.unusedMs === 0 && limits.diskBytes === 0)) return;
    const [images, containers] = await Promise.all([engine.images(), engine.list()]);
    const usedIds = new Set(containers.map(({ imageId }) => imageId));
    const byReference = new Map(images.flatMap((image) => referencesOf(image).map((reference) => [reference, image] as const)));
    const found = pulled.map(({ reference }) => [reference, byReference.get(withTag(reference))] as const);
    const sizes = new Map(found.filter(([, image]) => image).map(([reference, image]) => [reference, image?.sizeBytes ?? 0]));
    const inUse = new Set(found.filter(([, image]) => image && usedIds.has(image.id)).map(([reference]) => reference));
    for (const { assignment, status } of records) if (!isTerminal(status.state)) inUse.add(engineReference(assignment.template.container));
    const { touch, remove, gone } = planImageCleanup({ pulled, sizes, inUse }, limits, clock.now());
    const removed = await this.#remove(remove);
    db.save({ images: touch, forgetImages: [...gone, ...removed] });
  }

  /** Returns those that are gone. One that the engine holds on to (a container came meanwhile) is tried again at the next pass. */
  async #remove(references: readonly string[]): Promise<string[]> {
    const { engine, log } = this.options;
    const removed: string[] = [];
    for (const reference of references) {
      try {
        await engine.removeImage(reference);
        log.info({ image: reference }, 'removed an unused image');
        removed.push(reference);
      } catch (error) {
        log.warn({ image: reference, reason: (error as Error).message }, 'an unused image cannot be removed');
      }
    }
    return removed;
  }
}

function referencesOf({ tags, digests }: ImageInfo): string[] {
  return [...tags, ...digests];
}

/** As the engine lists it: with `:latest` when there is neither tag nor digest, and without Docker Hub's own prefixes. */
function withTag(reference: string): string {
  const plain = reference.replace(/^docker\.io\/(library\/)?/, '');
  const hasTag = plain.includes('@') || plain.lastIndexOf(':') > plain.lastIndexOf('/');
  return hasTag ? plain : `${plain}:latest`;
}
