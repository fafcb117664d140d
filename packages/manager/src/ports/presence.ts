/** This manager's place among the managers that run. */
export interface Presence {
  /**
   * Id of its {@link Manager} object; undefined while it has none, since its lease was lost: what it held under the last id
   * is void, and others judge it.
   */
  readonly id: string | undefined;
  /** Calls `listener` after each change of the id. Returns the way to stop. */
  onChange(listener: () => void): () => void;
}
