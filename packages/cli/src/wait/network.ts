import type { Client } from '@tessera/api';
import { isApiError } from '../output/error.js';

/** The services that are meant: of a stack, some by their ids, or all. */
export interface ServiceChoice {
  stack?: string;
  serviceIds?: ReadonlySet<string>;
}

/**
 * Waits until the nodes send clients to what runs now, so that a request right after the command is answered at each of them. What is not so
 * after some seconds is no failure of the services.
 * @returns what the user should know: nodes that are behind, or that nobody could be asked
 */
export async function waitNetwork(client: Client, { stack, serviceIds }: ServiceChoice, signal: AbortSignal): Promise<string[]> {
  const queries = serviceIds ? [...serviceIds].map((service) => ({ service })) : [stack === undefined ? {} : { stack }];
  try {
    const answers = await Promise.all(queries.map((query) => client.call('untilNetworkApplied', { query }, signal)));
    const behind = [...new Set(answers.flatMap((answer) => answer.behind))].sort();
    return behind.length === 0 ? [] : [`not yet known to ${behind.join(', ')}: requests there may fail for now; see: tsctl network doctor`];
  } catch (error) {
    if (!isApiError(error)) throw error;
    return [`whether all nodes send clients there is not known: ${error.message}`];
  }
}
