import type { HttpOverview } from '@tessera/api';
import { EXIT } from '../../exit.js';
import { printData, wantsData } from '../../output/print.js';
import { type Column, renderTable } from '../../output/table.js';
import type { Session } from '../../session.js';
import { defineCommand } from '../define.js';

type Route = HttpOverview['routes'][number];
type Proxy = HttpOverview['proxies'][number];

export const command = defineCommand({
  details:
    'Hosts and paths in the order in which they are tried, then the proxies. The exit code is 1 when no proxy runs, one does not go by the routes as they are now, or requests for a route fail.',
  examples: [{ line: 'tsctl http status', does: 'what is served, and by which service' }],
  async run(session) {
    const client = await session.client();
    const overview = await client.call('getHttp', {});
    if (wantsData(session)) await printData(session, overview);
    else await printTables(session, overview);
    return isWell(overview) ? EXIT.ok : EXIT.failed;
  },
});

async function printTables(session: Session, { routes, proxies }: HttpOverview): Promise<void> {
  const layout = { wide: session.globals.output === 'wide', style: session.style };
  if (routes.length === 0) session.note('no service has x-http');
  else session.print(...(await renderTable(ROUTES, routes, layout)));
  if (proxies.length === 0) session.note('no proxy: start one with tsctl http enable');
  else session.print('', ...(await renderTable(PROXIES, proxies, layout)));
}

function isWell({ routes, proxies }: HttpOverview): boolean {
  return routes.every(({ problem }) => problem === undefined) && proxies.length > 0 && proxies.every(isCurrent);
}

function isCurrent({ state, current }: Proxy): boolean {
  return state === 'running' && current;
}

function untilOf(notAfter: number | undefined): string {
  return notAfter === undefined ? '-' : `until ${new Date(notAfter).toISOString().slice(0, 16)}Z`;
}

/** A certificate that cannot be renewed is told before it is over. */
function stateOf({ problem, certificate }: Route): string {
  return problem ?? (certificate?.problem === undefined ? 'served' : `served, no newer certificate: ${certificate.problem}`);
}

const ROUTES: readonly Column<Route>[] = [
  { title: 'HOST', value: ({ host }) => host },
  { title: 'PATH', value: ({ path, stripPrefix }) => (stripPrefix ? `${path} (stripped)` : path) },
  { title: 'SERVICE', value: ({ service, port }) => (port === undefined ? service : `${service}:${port}`) },
  { title: 'TLS', value: ({ tls }) => tls },
  { title: 'CERTIFICATE', value: ({ certificate }) => untilOf(certificate?.notAfter) },
  { title: 'STATE', value: stateOf },
];

const PROXIES: readonly Column<Proxy>[] = [
  { title: 'PROXY', value: ({ service, slot }) => (slot === undefined ? service : `${service}.${slot}`) },
  { title: 'NODE', value: ({ node = '-' }) => node },
  { title: 'STATE', value: ({ state }) => state },
  { title: 'ROUTES', value: (proxy) => (isCurrent(proxy) ? 'current' : 'not yet') },
  { title: 'MESSAGE', value: ({ message }) => message, shrink: true },
];
