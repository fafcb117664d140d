import type { Manager, ParamsOf, Routes, ServiceSpec } from '@tessera/api';
import type { ResolvedImage } from '../ports/dispatcher.js';
import type { UseCaseContext } from './context.js';
import { type ResolvedServices, type ResolveMode, resolveImages } from './deploy/resolve-images.js';
import { goneSignal, refuseOther } from './peer.js';

/** How many other managers are asked: each asks one of its agents, and a person waits. */
const MOST_PEERS = 2;

/** Pins the images of services, as {@link resolveImages} does, to what agents tell. */
export function pinImages(context: UseCaseContext, specs: readonly ServiceSpec[], mode: ResolveMode): Promise<ResolvedServices> {
  return resolveImages({ view: context.store.view, digestOf: (image) => imageDigest(context, image) }, specs, mode);
}

/** What a reference to an image means now, by an agent of this manager, or one of another manager where none here can tell. */
export async function imageDigest(context: UseCaseContext, image: string): Promise<ResolvedImage> {
  let answer = await context.dispatcher.resolveImage(image);
  for (const peer of peersWithNodes(context).slice(0, MOST_PEERS)) {
    if ('digest' in answer) break;
    answer = await askPeer(context, peer, image);
  }
  return answer;
}

/**
 * The same for another manager: by the sessions here alone, so that nothing goes in circles.
 * @throws ApiError `not-found` when another manager was meant
 */
export async function relayImage(
  { dispatcher, presence }: UseCaseContext,
  { manager }: ParamsOf<Routes['relayImage']>,
  image: string,
): Promise<ResolvedImage> {
  refuseOther(presence, manager);
  return dispatcher.resolveImage(image);
}

function peersWithNodes({ store: { view }, presence }: UseCaseContext): Manager[] {
  const ids = new Set([...view.all('nodes')].flatMap(({ session }) => (session ? [session.manager] : [])));
  const others = [...ids].filter((id) => id !== presence.id).sort();
  return others.flatMap((id) => view.get('managers', id) ?? []);
}

async function askPeer(context: UseCaseContext, peer: Manager, image: string): Promise<ResolvedImage> {
  const gone = goneSignal(context, peer);
  try {
    return await context.peers.resolveImage(peer, image, gone.signal);
  } catch (error) {
    return { error: gone.signal.aborted ? `manager ${peer.hostname} is gone` : (error as Error).message };
  } finally {
    gone.stop();
  }
}
