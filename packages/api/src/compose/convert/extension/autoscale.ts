import { type Autoscale, DEFAULT_COOLDOWN, type ServiceMode } from '../../../spec/index.js';
import type { Path } from '../../diagnostic.js';
import { type ConvertContext, compact } from '../context.js';
import type { ComposeService } from '../model.js';

/** `x-autoscale`: how many tasks a service has, by what they use. */
export function convertAutoscale(service: ComposeService, mode: ServiceMode, path: Path, context: ConvertContext): Autoscale | undefined {
  const written = service['x-autoscale'];
  if (written === undefined) return undefined;
  const place = [...path, 'x-autoscale'];
  const { min = 1, max, cpu, memory, cooldown } = written;
  if (mode.kind !== 'replicated')
    context.error(place, `goes with replicated services only, and this one is ${mode.kind}`, 'take it out, or set mode: replicated');
  if (min > max) context.error([...place, 'min'], `the least, ${min}, are more than the most, ${max}`);
  if (cpu === undefined && memory === undefined)
    context.error(place, 'says by nothing how many tasks there are to be', "write 'cpu: 60%', 'memory: 70%', or both");
  if (memory !== undefined && !hasMemory(service))
    context.error([...place, 'memory'], 'is a part of the memory that a task may use, and nothing says how much that is', MEMORY_CURE);
  return {
    min,
    max,
    ...compact({
      cpuPercent: percent(cpu, [...place, 'cpu'], context),
      memoryPercent: percent(memory, [...place, 'memory'], context),
    }),
    cooldown: { upMs: cooldown?.up ?? DEFAULT_COOLDOWN.upMs, downMs: cooldown?.down ?? DEFAULT_COOLDOWN.downMs },
  };
}

const MEMORY_CURE = "set deploy.resources.limits.memory, such as '512m'";
const MOST_PERCENT = 1000;

function percent(text: string | undefined, path: Path, context: ConvertContext): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(/^(\d+)\s*%$/.exec(text)?.[1] ?? 0);
  if (value < 1 || value > MOST_PERCENT)
    context.error(path, `"${text}" is not a part of what a task may use`, "write a whole number of hundredths, such as '60%'");
  return value;
}

function hasMemory({ deploy, mem_limit, mem_reservation }: ComposeService): boolean {
  return [mem_limit, mem_reservation, deploy?.resources?.limits?.memory, deploy?.resources?.reservations?.memory].some(
    (value) => (value ?? 0) > 0,
  );
}
