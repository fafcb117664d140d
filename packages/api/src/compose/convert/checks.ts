import type { ConvertContext } from './context.js';

/** What can only be seen when all services are known. */
export function checkStack(context: ConvertContext): void {
  checkIngressPorts(context);
  checkDependencyCycles(context);
}

/** A port of the ingress belongs to one service of the cluster. */
function checkIngressPorts(context: ConvertContext): void {
  const owners = new Map<string, { service: string; line: string }>();
  for (const [service, { ports = [] }] of Object.entries(context.model.services ?? {})) {
    ports.forEach(({ mode, published, protocol }, index) => {
      if (mode !== 'ingress' || published === undefined) return;
      const path = ['services', service, 'ports', index];
      const port = `${published}/${protocol}`;
      const owner = owners.get(port);
      if (owner === undefined) owners.set(port, { service, line: context.lineOf(path) });
      else if (owner.service !== service) {
        context.error(
          path,
          `the port ${port} is published by the service '${owner.service}' already (${owner.line})`,
          'publish one of them on another port',
          'duplicate-port',
        );
      }
    });
  }
}

function checkDependencyCycles(context: ConvertContext): void {
  const services = context.model.services ?? {};
  const done = new Set<string>();
  const visit = (service: string, chain: readonly string[]): void => {
    if (done.has(service)) return;
    if (chain.includes(service)) {
      const circle = [...chain.slice(chain.indexOf(service)), service];
      context.error(
        ['services', chain.at(-1) ?? service, 'depends_on', service],
        `services wait for each other in a circle: ${circle.join(' -> ')}`,
        'take one dependency out',
        'dependency-cycle',
      );
      return;
    }
    for (const target of Object.keys(services[service]?.depends_on ?? {}))
      if (Object.hasOwn(services, target)) visit(target, [...chain, service]);
    done.add(service);
  };
  for (const service of Object.keys(services)) visit(service, []);
}
