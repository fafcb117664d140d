import type { SourcedLogFrame } from '@tessera/api';
import { taskName } from '../../output/task-name.js';
import type { Session } from '../../session.js';

/** Writes log lines, each with its task and node in a colour of the task's own. */
export class LogPrinter {
  /** Tasks whose log could not be read. */
  failures = 0;
  #width = 0;

  constructor(
    private readonly session: Session,
    private readonly options: { timestamps: boolean },
  ) {}

  print(source: SourcedLogFrame): void {
    const { frame } = source;
    if (frame.type === 'end') return;
    const name = nameOf(source);
    if (frame.type === 'error') {
      this.failures++;
      this.session.note(`${this.session.errorStyle.red('error:')} ${name}: ${frame.message}`);
      return;
    }
    this.#width = Math.max(this.#width, name.length);
    const time = this.options.timestamps && frame.at !== undefined ? `${frame.at} ` : '';
    const prefix = this.session.style.hashed(source.taskId, `${name.padEnd(this.#width)} |`);
    const sink = frame.stream === 'stderr' ? this.session.io.stderr : this.session.io.stdout;
    sink.write(`${prefix} ${time}${frame.text.replace(/\r?\n$/, '')}\n`);
  }
}

/** `shop_web.2@node1`. */
function nameOf({ taskId, serviceName, slot, node }: SourcedLogFrame): string {
  return `${taskName({ id: taskId, serviceName, ...(slot !== undefined && { slot }) })}@${node}`;
}
