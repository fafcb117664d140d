import type { Service, ServiceProgress } from '@tessera/api';
import { printListing } from '../../output/print.js';
import { describeProgress } from '../../output/progress.js';
import type { Column } from '../../output/table.js';
import type { Session } from '../../session.js';
import { defineCommand } from '../define.js';
import { QUIET } from '../options.js';
import { formatPort } from '../task/task-table.js';

interface Row {
  service: Service;
  progress: ServiceProgress | undefined;
}

export const command = defineCommand<{ quiet?: boolean; stack?: string }>({
  options: [{ flags: '--stack <name>', summary: 'only services of this stack' }, QUIET],
  examples: [
    { line: 'tsctl services', does: 'all services and how far they are' },
    { line: 'tsctl services --stack shop -o wide', does: 'one stack, with more columns' },
  ],
  async run(session, _args, options) {
    await listServices(session, options.stack, options.quiet);
    return 0;
  },
});

export async function listServices(session: Session, stack: string | undefined, quiet: boolean | undefined): Promise<void> {
  const client = await session.client();
  const query = { ...(stack !== undefined && { stack }) };
  const [services, progress] = await Promise.all([client.call('listServices', { query }), client.call('listProgress', { query })]);
  services.sort((a, b) => (a.spec.name < b.spec.name ? -1 : 1));
  const byId = new Map(progress.map((one) => [one.serviceId, one]));
  const rows = services.map((service) => ({ service, progress: byId.get(service.id) }));
  await printListing(session, {
    columns: COLUMNS,
    rows,
    data: services,
    ids: services.map((service) => service.id),
    quiet,
    empty: 'no services',
  });
}

const COLUMNS: readonly Column<Row>[] = [
  { title: 'ID', value: ({ service }) => service.id.slice(0, 12), wide: true },
  { title: 'NAME', value: ({ service }) => service.spec.name },
  { title: 'MODE', value: ({ service }) => service.spec.mode.kind },
  { title: 'TASKS', value: ({ progress }) => (progress ? `${progress.running}/${progress.desired}` : '-'), right: true },
  { title: 'SCALING', value: ({ service }) => describeScaling(service), wide: true },
  { title: 'IMAGE', value: ({ service }) => service.spec.template.container.image, shrink: true },
  {
    title: 'STATE',
    value: ({ progress }) => stateOf(progress),
    shrink: true,
    paint: (text, { progress }, style) =>
      progress?.failed !== undefined ? style.red(text) : progress?.converged ? style.green(text) : style.yellow(text),
  },
  { title: 'PORTS', value: ({ service }) => service.ports.map(formatPort).join(', '), shrink: true },
];

/** `2-10, 3 -> 5: cpu 84% of 60% target over 30 s`. */
function describeScaling({ spec, autoscale }: Service): string {
  if (!spec.autoscale) return '-';
  const words = autoscale?.changes[0]?.words;
  return `${spec.autoscale.min}-${spec.autoscale.max}${words === undefined ? '' : `, ${words}`}`;
}

function stateOf(progress: ServiceProgress | undefined): string {
  if (progress === undefined) return '-';
  return progress.converged && progress.job === undefined ? 'converged' : describeProgress(progress);
}
