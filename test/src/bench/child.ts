import { fork } from 'node:child_process';

/**
 * Runs one measurement in a process of its own, so that memory and compiled code are its own: `module` must call
 * {@link answer}. It can collect its garbage by `globalThis.gc`.
 */
export function inChild<T>(module: URL, argument: unknown): Promise<T> {
  return new Promise((resolve, reject) => {
    const child = fork(module, [JSON.stringify(argument)], { execArgv: ['--expose-gc'] });
    let result: { value: T } | undefined;
    child.on('message', (message: { value: T }) => {
      result = message;
    });
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0 && result) resolve(result.value);
      else reject(new Error(`the measurement ${JSON.stringify(argument)} ended with ${signal ?? code}`));
    });
  });
}

/** In the child: measures what the parent asked for, and answers it. */
export async function answer<A>(measure: (argument: A) => Promise<unknown>): Promise<void> {
  const value = await measure(JSON.parse(process.argv[2]!) as A);
  await new Promise<void>((resolve, reject) => {
    process.send!({ value }, (error: Error | null) => (error ? reject(error) : resolve()));
  });
  process.disconnect();
}
