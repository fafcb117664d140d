import { createSocket } from 'node:dgram';
import { Agent, get } from 'node:http';
import { Agent as SecureAgent, get as secureGet } from 'node:https';
import { isIPv6 } from 'node:net';
import { SystemClock, sleep } from '@tessera/kit';

const ANSWER_LIMIT_MS = 5_000;
/** Between two requests of a worker: who asks without a pause takes the processor from those that are asked on the same machine. */
const PAUSE_MS = 20;

/** What a load came to: how many were answered, and each failure with its reason. */
export interface LoadResult {
  answered: number;
  failures: string[];
  /** Answers by the text that came. */
  answers: Map<string, number>;
}

/** A load that goes on until it is told to end. */
export interface Load {
  readonly result: LoadResult;
  end(): Promise<LoadResult>;
}

export interface HttpLoadOptions {
  /** Requests at a time. */
  workers: number;
  /** Over connections that stay, or over a new one for each request. */
  keepAlive: boolean;
  headers?: Record<string, string>;
  /** Over TLS, with a server that this CA vouches for. */
  tls?: { servername: string; ca: string };
}

/** Asks one address over and over, with a pause between the requests. */
export function httpLoad(host: string, port: number, { workers, keepAlive, headers = {}, tls }: HttpLoadOptions): Load {
  const result = emptyResult();
  const agent = tls ? new SecureAgent({ keepAlive, maxSockets: workers, ...tls }) : new Agent({ keepAlive, maxSockets: workers });
  let isOver = false;
  const work = async (): Promise<void> => {
    while (!isOver) {
      note(result, await ask(host, port, agent, headers));
      await sleep(new SystemClock(), PAUSE_MS);
    }
  };
  const working = Promise.all(Array.from({ length: workers }, work));
  return {
    result,
    end: async () => {
      isOver = true;
      await working;
      agent.destroy();
      return result;
    },
  };
}

/**
 * One flow of datagrams from one port for all time: each must be answered before the next goes out. One without an answer is sent once more.
 */
export function datagramLoad(host: string, port: number): Load {
  const result = emptyResult();
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  let isOver = false;
  let answered: (text: string) => void = () => {};
  socket.on('message', (message) => answered(message.toString().trim()));
  const one = (): Promise<string | Error> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(new Error('no answer to a datagram')), ANSWER_LIMIT_MS);
      answered = (text) => {
        clearTimeout(timer);
        resolve(text);
      };
      socket.send('x', port, host);
    });
  const work = async (): Promise<void> => {
    while (!isOver) {
      const first = await one();
      note(result, first instanceof Error ? await one() : first);
      await sleep(new SystemClock(), PAUSE_MS);
    }
    socket.close();
  };
  const working = work();
  return {
    result,
    end: async () => {
      isOver = true;
      await working;
      return result;
    },
  };
}

function ask(host: string, port: number, agent: Agent | SecureAgent, headers: Record<string, string>): Promise<string | Error> {
  return new Promise((resolve) => {
    const asked = agent instanceof SecureAgent ? secureGet : get;
    const request = asked({ host, port, path: '/', headers, agent, timeout: ANSWER_LIMIT_MS }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      response.on('error', resolve).on('end', () => {
        if (!response.complete) resolve(new Error('the answer was cut off'));
        else resolve(response.statusCode === 200 ? body.trim() : new Error(`answered with ${response.statusCode}: ${body.trim()}`));
      });
    });
    request.on('error', resolve).on('timeout', () => request.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`)));
  });
}

function emptyResult(): LoadResult {
  return { answered: 0, failures: [], answers: new Map() };
}

function note(result: LoadResult, answer: string | Error): void {
  if (answer instanceof Error) result.failures.push(answer.message);
  else {
    result.answered += 1;
    result.answers.set(answer, (result.answers.get(answer) ?? 0) + 1);
  }
}
