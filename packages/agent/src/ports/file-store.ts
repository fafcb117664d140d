/** A file as a container sees it. Ids are numeric. */
export interface StoredFile {
  name: string;
  data: Uint8Array;
  uid: number;
  gid: number;
  mode: number;
}

/** Config and secret files of tasks, in memory only. */
export interface FileStore {
  /** Folder of a task's files. */
  folder(taskId: string): string;
  /** Writes the task's files. One that is there gets new content in place, since a running container has it mounted. */
  write(taskId: string, files: readonly StoredFile[]): Promise<void>;
  remove(taskId: string): Promise<void>;
  /** Removes the folders of all tasks but these. */
  keepOnly(taskIds: ReadonlySet<string>): Promise<void>;
}
