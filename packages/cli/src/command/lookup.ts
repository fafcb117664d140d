import type { Client, Service, Task } from '@tessera/api';
import { EXIT } from '../exit.js';
import { Failure } from '../failure.js';
import { isApiError } from '../output/error.js';

/** The answer, or undefined when there is no such object. */
export async function ifFound<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (isApiError(error, 'not-found')) return undefined;
    throw error;
  });
}

const LIST_COMMANDS: Readonly<Record<string, string>> = {
  stack: 'tsctl ls',
  service: 'tsctl services',
  'service or stack': 'tsctl services',
  job: 'tsctl job ls',
  task: 'tsctl ps -a',
  node: 'tsctl node ls',
  network: 'tsctl network ls',
  config: 'tsctl config ls',
  secret: 'tsctl secret ls',
};

/** @throws Failure that tells how to see what there is, when there is no such object. */
export async function onlyExisting<T>(answer: Promise<T>, kind: keyof typeof LIST_COMMANDS, reference: string): Promise<T> {
  return answer.catch((error: unknown) => {
    if (!isApiError(error, 'not-found')) throw error;
    const near = error.cure === undefined ? '' : `${error.cure} `;
    throw new Failure(`there is no ${kind} "${reference}"`, {
      exitCode: EXIT.notFound,
      cure: `${near}see what there is: ${LIST_COMMANDS[kind]}`,
    });
  });
}

/** A service, or a task by id or as `service.slot`, the newest in it. @throws Failure when there is neither. */
export async function serviceOrTask(
  client: Client,
  reference: string,
): Promise<{ service: Service; task?: undefined } | { service?: undefined; task: Task }> {
  const service = await ifFound(client.call('getService', { params: { ref: reference } }));
  if (service) return { service: service.service };
  const task = (await ifFound(client.call('getTask', { params: { ref: reference } }))) ?? (await newestInSlot(client, reference));
  if (task) return { task };
  throw new Failure(`there is no service or task "${reference}"`, {
    exitCode: EXIT.notFound,
    cure: 'see what there is: tsctl services, tsctl ps -a',
  });
}

async function newestInSlot(client: Client, reference: string): Promise<Task | undefined> {
  const [, name, slot] = /^(.+)\.(\d+)$/.exec(reference) ?? [];
  const tasks = name === undefined ? undefined : await ifFound(client.call('listTasks', { query: { service: name, all: true } }));
  return tasks?.filter((each) => each.slot === Number(slot)).sort((a, b) => b.createdAt - a.createdAt)[0];
}

/** A config or secret by name, id, or the beginning of an id like no other. */
export function pick<T extends { id: string; spec: { name: string } }>(objects: readonly T[], reference: string): T[] {
  const exact = objects.filter((object) => object.spec.name === reference || object.id === reference);
  return exact.length > 0 ? exact : objects.filter((object) => object.id.startsWith(reference));
}
