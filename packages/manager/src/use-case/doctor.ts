import type { NetworkDiagnosis, Node, ProbeAnswer, ProbeRequest } from '@tessera/api';
import { diagnose, type Measure, measureOf, type NodeFindings } from '../plan/doctor.js';
import type { UseCaseContext } from './context.js';
import { probeNode } from './node-probe.js';

/** Packets are counted no longer than this, whatever becomes of this manager. */
const WATCH_SECONDS = 30;
/** More nodes than this are not asked at a time: each tries the way to each. */
const MOST_NODES = 100;

/**
 * Lets all nodes try the ways to each other: packets of the overlay, path MTU, name servers, published ports and virtual addresses. Takes
 * some seconds, sends little, and leaves nothing behind.
 */
export async function diagnoseNetworks(context: UseCaseContext, signal: AbortSignal): Promise<NetworkDiagnosis> {
  const { view } = context.store;
  const nodes = [...view.all('nodes')].sort((a, b) => (a.name < b.name ? -1 : 1));
  const asked = nodes.filter(({ status }) => status.state === 'ready').slice(0, MOST_NODES);
  const problems = nodes
    .filter(({ status }) => status.state !== 'ready')
    .map(({ name, status }) => `${name}: it is ${status.state} and cannot be asked`);
  const skipped = nodes.length - problems.length > asked.length ? [`only the first ${MOST_NODES} nodes were asked`] : [];
  const ask = (node: Node, request: ProbeRequest): Promise<ProbeAnswer> => probeNode(context, node.id, request, signal);

  const watching = await Promise.all(asked.map((node) => ask(node, { kind: 'watch', seconds: WATCH_SECONDS })));
  const able = asked.filter((node, at) => noted(node, watching[at], skipped));
  const measures = able.map((node) =>
    measureOf(
      view,
      node.id,
      able.filter(({ id }) => id !== node.id).map(({ id }) => id),
    ),
  );
  const measured = await Promise.all(able.map((node, at) => ask(node, measures[at] as Measure)));
  const counted = await Promise.all(able.map((node) => ask(node, { kind: 'counts' })));
  const findings = able.flatMap((node, at): NodeFindings[] => {
    const [answer, counts] = [measured[at], counted[at]];
    if (!noted(node, answer, skipped) || !noted(node, counts, skipped)) return [];
    if (answer?.kind !== 'measured' || counts?.kind !== 'counts') return [];
    return [{ nodeId: node.id, asked: measures[at] as Measure, measured: answer, vxlan: counts.vxlan }];
  });
  const verdict = diagnose(view, findings);
  const isBare = verdict.links.every(({ networks }) => networks.length === 0);
  const notes = findings.length > 1 && isBare ? ['no network spans two of the nodes: only the ways below were tried'] : [];
  const names = findings.map(({ nodeId }) => view.get('nodes', nodeId)?.name ?? nodeId);
  return { nodes: names, links: verdict.links, problems: [...problems, ...verdict.problems], skipped, notes };
}

/** Whether the node could do it; if not, that is noted. */
function noted(node: Node, answer: ProbeAnswer | undefined, skipped: string[]): boolean {
  if (answer !== undefined && answer.kind !== 'failed') return true;
  skipped.push(`${node.name}: ${answer?.message ?? 'no answer'}`);
  return false;
}
