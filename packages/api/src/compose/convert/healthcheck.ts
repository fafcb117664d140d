import type { HealthcheckSpec } from '../../spec/index.js';
import type { Path } from '../diagnostic.js';
import { type ConvertContext, compact } from './context.js';
import type { ComposeHealthcheck } from './model.js';

const FORMS = ['NONE', 'CMD', 'CMD-SHELL'];

/** A service's own health check; absent: that of its image. */
export function convertHealthcheck(
  check: ComposeHealthcheck | undefined,
  path: Path,
  context: ConvertContext,
): HealthcheckSpec | undefined {
  if (check === undefined) return undefined;
  if (check.disable) {
    if (check.test !== undefined && check.test[0] !== 'NONE')
      context.error([...path, 'disable'], 'the health check is disabled and has a test', 'keep one of them');
    return { test: ['NONE'] };
  }
  const [form, ...rest] = check.test ?? [];
  if (form !== undefined && !FORMS.includes(form)) {
    context.error(
      [...path, 'test', 0],
      `a test's first item is NONE, CMD or CMD-SHELL, not "${form}"`,
      'put CMD before the command, or write the test as one text',
    );
  } else if (form === 'CMD-SHELL' && rest.length !== 1)
    context.error([...path, 'test'], `CMD-SHELL takes one line, not ${rest.length} items`);
  else if (form === 'CMD' && rest.length === 0) context.error([...path, 'test'], 'CMD takes a command');
  return compact({
    test: check.test ?? [],
    intervalMs: check.interval,
    timeoutMs: check.timeout,
    startPeriodMs: check.start_period,
    startIntervalMs: check.start_interval,
    retries: check.retries,
  });
}
