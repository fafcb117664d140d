import type { Client } from '@tessera/api';
import { isApiError } from '../output/error.js';

/** The services that are meant: of a stack, some by their ids, or all. */
export interface ServiceChoice {
  stack?: string;
  serviceIds?: ReadonlySet<string>;
}

/**
 * Waits until the nodes send clients to what runs now, and HTTP proxies have their routes, so that a request right after the command is answered
 * at each of them. What is not so after some seconds is no failure of the services.
 * @returns what the user should know: nodes and proxies that are behind, or that nobody could be asked
 */
export async function waitNetwork(client: Client, { stack, serviceIds }: ServiceChoice, signal: AbortSignal): Promise<string[]> {
  const queries = serviceIds ? [...serviceIds].map((service) => ({ service })) : [stack === undefined ? {} : { stack }];
  try {
    const answers = await Promise.all(queries.map((query) => client.call('untilNetworkApplied', { query }, signal)));
    const [nodes, proxies] = [distinct(answers.flatMap(({ behind }) => behind)), distinct(answers.flatMap((answer) => answer.proxies))];
    return [
      ...(nodes === '' ? [] : [`not yet known to ${nodes}: requests there may fail for now; see: tsctl network doctor`]),
      ...(proxies === '' ? [] : [`without the present routes yet: ${proxies}; see: tsctl http status`]),
    ];
  } catch (error) {
    if (!isApiError(error)) throw error;
    return [`whether all nodes send clients there is not known: ${error.message}`];
  }
}

function distinct(names: readonly string[]): string {
  return [...new Set(names)].sort().join(', ');
}
