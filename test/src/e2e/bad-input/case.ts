/** Something that people get wrong, and the command lines that show what they are told. */
export interface BadInput {
  title: string;
  /** Text files in the folder of the case; they are shown in the golden file. */
  files?: Readonly<Record<string, string>>;
  /** What cannot be shown, in words: files that are too large to print, another program that runs. */
  given?: string;
  /** Makes what `given` says. */
  prepare?: (folder: string) => Promise<void>;
  /** Command lines that make what the case begins with; what they say is not shown. */
  setUp?: readonly string[];
  /**
   * Command lines, run one after the other in the folder of the case. Words as in a shell, `<name>` for the values that
   * change from run to run (see {@link Places}).
   */
  run: readonly string[];
  /** Standard input of the commands. */
  stdin?: string;
  env?: Readonly<Record<string, string>>;
  /** A daemon that runs meanwhile. */
  beside?: string;
  /** Where the commands run: on the machine, or in the first host of the cluster. */
  on?: 'machine' | 'node1';
  /** For daemons that go on in spite of it: they are stopped at the first such line, and only such lines are shown. */
  until?: RegExp;
  /** The commands are taken in part: the cluster is not as it was. By default that would be a failure. */
  changes?: true;
  /** Command lines that bring the cluster back; what they say is not shown. */
  undo?: readonly string[];
}

/** Cases of one kind, under a heading of the page. */
export interface Group {
  title: string;
  /** Each case stands by itself: two run at a time. */
  parallel?: true;
  cases: readonly BadInput[];
}

/** A Compose file of one service `web`, as the lines below it. */
export function web(...lines: string[]): Record<string, string> {
  return { 'compose.yml': `${['services:', '  web:', '    image: <image>', ...lines.map((line) => `    ${line}`)].join('\n')}\n` };
}
