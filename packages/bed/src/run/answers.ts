import { get } from 'node:http';

const REQUEST_LIMIT_MS = 1_000;

/** Whether an HTTP server says 200 at `target`, a URL or a path on a Unix socket. */
export function answers(target: string, socketPath?: string): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { timeout: REQUEST_LIMIT_MS, agent: false };
    const request = socketPath ? get({ ...options, socketPath, path: target }) : get(target, options);
    request.on('response', (response) => {
      response.resume();
      resolve(response.statusCode === 200);
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
  });
}
