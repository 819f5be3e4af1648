// The callback by which a walk reports a device, or a directory, that it skips.

/** @param what the name of what is skipped, such as a device's path @param error why */
export type OnSkipped = (what: string, error: Error) => void;
