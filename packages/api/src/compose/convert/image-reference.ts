const REGISTRY = /^(?:[a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d+)?\//;
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /:\w[\w.-]{0,127}$/;
const DIGEST = /@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}$/;

/** Whether Docker takes the text as the name of an image. Source of the grammar: distribution/reference `regexp.go`. */
export function isImageReference(text: string): boolean {
  const tagged = text.replace(DIGEST, '');
  // A colon before the last slash belongs to the registry's port.
  const named = tagged.replace(TAG, '');
  const isPath = (path: string) => path.split('/').every((component) => COMPONENT.test(component));
  return isPath(named) || (REGISTRY.test(named) && isPath(named.replace(REGISTRY, '')));
}
