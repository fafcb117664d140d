import { ApiError, type HttpRule, type ServiceSpec } from '@tessera/api';
import type { ClusterView } from '../model/view.js';
import { routeKey } from '../plan/http/routes.js';

/** The hosts and paths that services of the cluster have, and those taken while one plan is made. */
export class HttpLedger {
  readonly #owners = new Map<string, string>();
  /** How each host is served, and who says so. */
  readonly #tls = new Map<string, { words: string; owner: string }>();

  /** @param changing ids of services that are planned anew or removed: theirs are free. */
  constructor(view: ClusterView, changing: ReadonlySet<string>) {
    for (const { id, spec } of view.all('services')) if (!changing.has(id)) this.#note(spec);
  }

  /** @throws ApiError `route-in-use` naming the service that has the host and path, or serves the host by other certificates. */
  claim({ name, http = [] }: Pick<ServiceSpec, 'name' | 'http'>): void {
    for (const rule of http) {
      for (const host of rule.hosts) this.#claimOne(name, host, rule);
      this.#note({ name, http: [rule] });
    }
  }

  #claimOne(name: string, host: string, { path, tls }: HttpRule): void {
    const owner = this.#owners.get(routeKey({ host, path }));
    if (owner !== undefined)
      throw new ApiError('route-in-use', `${host}${path} of service '${name}' is served by service '${owner}' already`, {
        cure: 'choose another host or path, or take it from that service first',
      });
    const held = this.#tls.get(host);
    if (held && held.words !== wordsOf(tls))
      throw new ApiError(
        'route-in-use',
        `host ${host} of service '${name}' is to be served with ${wordsOf(tls)}, and service '${held.owner}' has it with ${held.words}`,
        { cure: "a host has one kind of certificate: write the same 'tls:' in both" },
      );
  }

  #note({ name, http = [] }: Pick<ServiceSpec, 'name' | 'http'>): void {
    for (const { hosts, path, tls } of http) {
      for (const host of hosts) {
        this.#owners.set(routeKey({ host, path }), name);
        if (!this.#tls.has(host)) this.#tls.set(host, { words: wordsOf(tls), owner: name });
      }
    }
  }
}

function wordsOf(tls: HttpRule['tls']): string {
  return tls.mode === 'given' ? `certificate '${tls.certificate.name}'` : `tls: ${tls.mode}`;
}
