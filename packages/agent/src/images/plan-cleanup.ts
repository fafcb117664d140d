/** An image that the agent pulled, by the reference that a task gave. Others are never removed. */
export interface PulledImage {
  reference: string;
  /** When a container last used it, or else when it was pulled. */
  lastUsedAt: number;
}

export interface ImageLimits {
  /** Unused for so long, in milliseconds: removed. 0: never. */
  unusedMs: number;
  /** Pulled images take at most so many bytes; the longest unused go first. 0: no limit. */
  diskBytes: number;
}

export interface ImageUse {
  pulled: readonly PulledImage[];
  /** Size in bytes by reference, for those that the engine still has. */
  sizes: ReadonlyMap<string, number>;
  /** References whose image some container uses, whoever made it, or a task will use. */
  inUse: ReadonlySet<string>;
}

export interface ImageCleanup {
  /** To be remembered as used now. */
  touch: PulledImage[];
  /** References to remove from the engine. */
  remove: string[];
  /** References that the engine does not have any more: to be forgotten. */
  gone: string[];
}

/** Which pulled images go: those unused for too long, then the longest unused until the rest fits. */
export function planImageCleanup({ pulled, sizes, inUse }: ImageUse, { unusedMs, diskBytes }: ImageLimits, now: number): ImageCleanup {
  const present = pulled.filter(({ reference }) => sizes.has(reference));
  const idle = present.filter(({ reference }) => !inUse.has(reference)).sort((a, b) => a.lastUsedAt - b.lastUsedAt);
  const remove = idle.filter(({ lastUsedAt }) => unusedMs > 0 && lastUsedAt <= now - unusedMs).map(({ reference }) => reference);
  let bytes =
    sum(present, sizes) -
    sum(
      remove.map((reference) => ({ reference })),
      sizes,
    );
  for (const { reference } of idle) {
    if (diskBytes === 0 || bytes <= diskBytes) break;
    if (remove.includes(reference)) continue;
    remove.push(reference);
    bytes -= sizes.get(reference) ?? 0;
  }
  return {
    remove,
    touch: present.filter(({ reference }) => inUse.has(reference)).map(({ reference }) => ({ reference, lastUsedAt: now })),
    gone: pulled.filter(({ reference }) => !sizes.has(reference)).map(({ reference }) => reference),
  };
}

function sum(images: readonly { reference: string }[], sizes: ReadonlyMap<string, number>): number {
  return images.reduce((total, { reference }) => total + (sizes.get(reference) ?? 0), 0);
}
