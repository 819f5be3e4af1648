// The last part of a path. Pure.

/** The part after the last slash, which is empty where the path ends with one. */
export const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
