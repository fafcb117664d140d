import { ContextStore, parseContext } from '../../context/context-store.js';
import { usageFailure } from '../../failure.js';
import { defineCommand } from '../define.js';

export const command = defineCommand<{ use?: boolean }>({
  arguments: '<name> [file]',
  options: [{ flags: '--use', summary: 'also make it the current one' }],
  details: 'Reads what `tsctl context show --export` printed, from a file or from standard input.',
  examples: [{ line: 'tsctl context import --use prod prod.json', does: 'add a cluster and talk to it from now on' }],
  async run(session, [name = '', path = '-'], { use = false }) {
    const { io } = session;
    const bytes = path === '-' ? await io.readStdin() : await io.files.read(path);
    if (bytes === undefined) throw usageFailure(`the file ${path} does not exist`);
    const source = path === '-' ? 'the input' : path;
    const context = parseContext(parseJson(new TextDecoder().decode(bytes), source), (why) =>
      usageFailure(`${source} is no context: it ${why}`),
    );
    await new ContextStore(io).save(name, context, { use });
    session.print(name);
    return 0;
  },
});

function parseJson(text: string, source: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw usageFailure(`${source} is not JSON: ${(error as Error).message}`);
  }
}
